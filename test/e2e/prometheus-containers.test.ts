import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { SamplesBatch } from '../../model/batch.ts';
import { systemClock } from '../../model/clock.ts';
import { createPrometheusMetricStore } from '../../store/prometheus/metric-store.ts';
import { startPrometheus, type TestPrometheus } from '../servers/prometheus.ts';
import { defaultConfig, until } from '../suites/api-harness.ts';
import { type ContainerFixture, containerMetricSuite } from '../suites/container-metric-suite.ts';
import { sampleRow, samplesBatch } from '../suites/samples-batches.ts';

const SCRAPE_MS = 1_000;

interface IngestProcess {
  target: string;
  publish(batch: SamplesBatch): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** An ingest of its own process, as `fleetlog ingest` wires it; gives where it is scraped and how to send it batches. */
async function startOne(): Promise<IngestProcess> {
  const child = fork(fileURLToPath(new URL('../suites/sample-ingest-process.ts', import.meta.url)));
  const target = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { target: string }).target));
    child.once('exit', (code) => reject(new Error(`the ingest process ended with ${code}`)));
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const waiting: (() => void)[] = [];
  child.on('message', () => waiting.shift()?.());
  return {
    target,
    publish: (batch) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        child.send(batch);
      }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const passed = (us: number): Promise<unknown> =>
  until(
    () => systemClock.nowUs(),
    (now) => now >= us,
    60_000,
  );

function storeOf(server: TestPrometheus) {
  const { prometheus } = defaultConfig((c) => {
    c.prometheus.url = server.url;
    c.prometheus.scrapeMs = SCRAPE_MS;
  });
  return createPrometheusMetricStore({ prometheus, clock: systemClock, log: { warn() {} } });
}

/** Two ingest processes; each host's partition moves to the other one, at seconds of its own. */
async function open(): Promise<ContainerFixture> {
  const processes = [await startOne(), await startOne()];
  const server = await startPrometheus({ targets: processes.map((one) => one.target), scrapeMs: SCRAPE_MS });
  if (!server) throw new Error('no Prometheus');
  const store = storeOf(server);
  return {
    store,
    async play(frames, step) {
      await server.scraped();
      const start = Math.ceil(systemClock.nowUs() / step) * step;
      for (const [second, frame] of frames.entries()) {
        await passed(start + second * 1e6 + 100_000);
        const batches = frame(start + second * 1e6 + 100_000);
        await Promise.all(batches.map((batch, i) => processes[(i + (second < 15 + i ? 0 : 1)) % 2].publish(batch)));
      }
      await passed(start + frames.length * 1e6 + SCRAPE_MS * 1000);
      await server.scraped();
      return start;
    },
    // A scrape, and the window of four of them that a rate is taken over.
    blur: 5,
    async close() {
      await store.close();
      await server.stop();
      for (const one of processes) await one.kill();
    },
  };
}

const found = await startPrometheus({ targets: [], scrapeMs: SCRAPE_MS });
await found?.stop();

describe.skipIf(!found)('a real Prometheus that scrapes two ingest processes', () => {
  containerMetricSuite(`Prometheus ${found?.version}`, open);

  test('while one is killed: no double, and no gap over two scrapes', async () => {
    const [first, second] = [await startOne(), await startOne()];
    const server = (await startPrometheus({
      targets: [first.target, second.target],
      scrapeMs: SCRAPE_MS,
    })) as TestPrometheus;
    const store = storeOf(server);
    const MIB = 1 << 20;
    const batch = (time: number, seconds: number): SamplesBatch =>
      samplesBatch({
        time,
        rows: [1, 2].map((n) =>
          sampleRow({
            containerName: `shop-${n}`,
            values: { memory_bytes: 100 * MIB, cpu_seconds: 50 + seconds * 0.5 },
          }),
        ),
      });
    await server.scraped();
    const start = Math.ceil(systemClock.nowUs() / 1e6) * 1e6;
    const SECONDS = 20;
    for (let i = 0; i < SECONDS; i++) {
      await passed(start + i * 1e6);
      if (i === 10) await first.kill();
      await (i < 10 ? first : second).publish(batch(start + i * 1e6, i));
    }
    await passed(start + (SECONDS + 1) * 1e6);
    const asked = {
      ...{ by: null, filter: {}, scopes: [[{ app: '*', env: '*' }]], limit: 10 },
      ...{ from: start + 4e6, to: start + SECONDS * 1e6, step: 1e6 },
    };
    const memory = (await store.series({ ...asked, metric: 'memory_bytes' })).series[0].points;
    for (const [, value] of memory) expect(value / MIB).toBe(200);
    const gaps = memory.slice(1).map(([ms], i) => ms - memory[i][0]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * SCRAPE_MS + 1000);
    expect(memory.length).toBeGreaterThanOrEqual(SECONDS - 4 - 2);
    const cpu = (await store.series({ ...asked, metric: 'cpu_cores' })).series[0].points;
    for (const [, value] of cpu) expect(value).toBeLessThan(1.15);
    const cpuGaps = cpu.slice(1).map(([ms], i) => ms - cpu[i][0]);
    expect(Math.max(...cpuGaps)).toBeLessThanOrEqual(2 * SCRAPE_MS + 1000);
    await store.close();
    await server.stop();
    await second.kill();
  });
});
