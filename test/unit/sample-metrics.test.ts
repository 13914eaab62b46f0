import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { startIngest } from '../../ingest/ingest.ts';
import { createLatestSamples, type LatestSamples } from '../../ingest/latest-samples.ts';
import { exposeSamples } from '../../ingest/sample-metrics.ts';
import type { SamplesBatch } from '../../model/batch.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';
import { sampleRow, samplesBatch } from '../suites/samples-batches.ts';

const T0 = 1_795_219_200_000_000;
const clock = { now: 0, nowUs: () => T0, monotonicMs: () => clock.now };

function open(): { latest: LatestSamples; scrape(about?: string): Promise<string[]> } {
  clock.now = 0;
  const latest = createLatestSamples({ clock });
  const registry = new Registry();
  exposeSamples(registry, latest);
  return {
    latest,
    async scrape(about = 'fleetlog_') {
      const text = await registry.metrics();
      return text.split('\n').filter((line) => line.startsWith(about));
    },
  };
}

const at = (seconds: number, rest: Partial<SamplesBatch>): SamplesBatch =>
  samplesBatch({ time: T0 + seconds * 1e6, ...rest });
const memory = (name: string, bytes: number, rest: object = {}) =>
  sampleRow({ containerName: name, values: { memory_bytes: bytes }, ...rest });

/** Names of the containers whose memory is shown. */
const shown = (lines: string[]): string[] => lines.map((line) => /container="([^"]*)"/.exec(line)?.[1] ?? '').sort();

describe('figures at /metrics', () => {
  test('have names and labels as Prometheus wants them, and none where nothing is known', async () => {
    const { latest, scrape } = open();
    latest.keep(
      at(0, {
        rows: [sampleRow({ values: { cpu_seconds: 12.5, memory_bytes: 4096, oom_kills: 0 } })],
        values: { cpu_seconds: 900, cpu_cores: 2 },
      }),
    );
    const labels = 'app="shop",env="prod",host="h1",container="shop-1"';
    expect(await scrape()).toEqual([
      `fleetlog_container_cpu_seconds_total{${labels}} 12.5`,
      `fleetlog_container_memory_working_set_bytes{${labels}} 4096`,
      `fleetlog_container_oom_kills_total{${labels}} 0`,
      'fleetlog_host_cpu_seconds_total{host="h1"} 900',
      'fleetlog_host_cpu_cores{host="h1"} 2',
    ]);
    expect(await scrape('# TYPE fleetlog_container_cpu_seconds')).toEqual([
      '# TYPE fleetlog_container_cpu_seconds_total counter',
    ]);
    expect(await scrape('# TYPE fleetlog_container_pids')).toEqual(['# TYPE fleetlog_container_pids gauge']);
  });

  test('a container goes when two batches of its host have it no more', async () => {
    const { latest, scrape } = open();
    const containers = async () => shown(await scrape('fleetlog_container_memory_working'));
    latest.keep(at(0, { rows: [memory('a', 1), memory('b', 2)] }));
    latest.keep(at(10, { rows: [memory('a', 1)] }));
    expect(await containers()).toEqual(['a', 'b']);
    latest.keep(at(20, { rows: [memory('a', 1)] }));
    expect(await containers()).toEqual(['a']);
  });

  test('one that was replaced is never there beside its successor, under any name', async () => {
    const { latest, scrape } = open();
    latest.keep(at(0, { rows: [memory('shop-1', 100), memory('pay-1', 7, { app: 'pay' })] }));
    latest.keep(at(10, { rows: [memory('shop-2', 100)] }));
    expect(shown(await scrape('fleetlog_container_memory_working'))).toEqual(['pay-1', 'shop-2']);
    const again = { container: 'f'.repeat(64), startedAt: T0 + 15e6 };
    latest.keep(at(20, { rows: [memory('shop-2', 50, again), memory('shop-2', 100)] }));
    expect(await scrape('fleetlog_container_memory_working')).toEqual([
      'fleetlog_container_memory_working_set_bytes{app="shop",env="prod",host="h1",container="shop-2"} 50',
    ]);
  });

  test('a host goes within two scrapes after its batches went elsewhere; a late one does not matter', async () => {
    const { latest, scrape } = open();
    latest.keep(at(0, { rows: [memory('a', 1)] }));
    latest.keep(at(10, { rows: [memory('a', 1)] }));
    latest.keep(at(0, { host: 'h2', rows: [memory('z', 1)] }));
    clock.now = 24_000;
    expect(shown(await scrape('fleetlog_container_memory_working'))).toEqual(['a', 'z']);
    clock.now = 26_000;
    expect(await scrape()).toEqual([]);
  });

  test('what comes again or late changes nothing; a collector that was started anew may have another clock', async () => {
    const { latest, scrape } = open();
    expect(latest.keep(at(10, { rows: [memory('a', 2)] }))).toBe(true);
    expect(latest.keep(at(10, { rows: [memory('a', 2)] }))).toBe(false);
    expect(latest.keep(at(0, { rows: [memory('a', 1)] }))).toBe(false);
    expect((await scrape('fleetlog_container_memory_working'))[0]).toMatch(/ 2$/);
    expect(latest.keep(at(5, { epoch: 'f', rows: [memory('a', 3)] }))).toBe(true);
    expect((await scrape('fleetlog_container_memory_working'))[0]).toMatch(/ 3$/);
  });
});

describe('ingest', () => {
  async function start(samples?: { append(batches: readonly SamplesBatch[]): Promise<void> }) {
    const bus = createMemoryBus({ capacityBytes: 1 << 20, retryMs: { first: 1, max: 2 } });
    const { latest, scrape } = open();
    const buried: string[] = [];
    const ingest = await startIngest({
      bus,
      store: createMemoryLogStore(),
      statuses: { keep: async () => {} },
      deadLetters: { bury: async (_: Buffer, reason: string) => void buried.push(reason) } as never,
      latest,
      ...(samples && { samples }),
      clock,
      log: { warn() {} },
    });
    return { bus, ingest, buried, scrape };
  }

  test('takes figures it knows, leaves out the others, and buries what is none', async () => {
    const { bus, ingest, buried, scrape } = await start();
    const values = { memory_bytes: 5, pids: -1, moon_phase: 3, cpu_seconds: 'many' } as never;
    await bus.publish(encodeBatch(samplesBatch({ rows: [sampleRow({ values }), null as never, {} as never] })));
    expect(await scrape()).toEqual([
      'fleetlog_container_memory_working_set_bytes{app="shop",env="prod",host="h1",container="shop-1"} 5',
    ]);
    await bus.publish(encodeBatch(samplesBatch({ rows: 'none' as never })));
    expect(buried).toEqual(['cannot read samples: they are not of this shape']);
    expect(ingest.counters()).toMatchObject({ sampleRows: 1, sampleFailures: 0, deadLetters: 1, batches: 2 });
    await bus.close();
    await ingest.close();
  });

  test('a store that cannot keep figures holds no lines up', async () => {
    const { bus, ingest } = await start({ append: () => Promise.reject(new Error('the disk is full')) });
    await bus.publish(encodeBatch(samplesBatch({ rows: [sampleRow()] })));
    expect(ingest.counters()).toMatchObject({ sampleFailures: 1, retries: 0, batches: 1 });
    await bus.close();
    await ingest.close();
  });
});
