import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerEvent, RunningContainer } from '../../collector/discovery.ts';
import { type Stats, startStats } from '../../collector/stats/stats.ts';
import type { SampleRow, SamplesBatch } from '../../model/batch.ts';
import type { CollectorConfig } from '../../model/config.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { collectorConfig } from '../servers/discovery-recorder.ts';
import { type RecordedHost, recordedHost } from '../suites/recorded-host.ts';

export const idOf = (n: number | string): string => createHash('sha256').update(`container ${n}`).digest('hex');

/** The real stats collector over a recorded host; rounds are made by hand, time is the test's. */
export interface StatsRig {
  dir: string;
  host: RecordedHost;
  stats: Stats;
  running: RunningContainer[];
  batches: SamplesBatch[];
  events: ContainerEvent[];
  /** Lets time pass, measures, and gives the batch that came of it. */
  round(ms?: number): Promise<SamplesBatch>;
  row(batch: SamplesBatch, n: number | string): SampleRow | undefined;
  /** Puts container `n` on the host and in the inventory. */
  start(n: number | string, more?: Partial<RunningContainer>): RunningContainer;
  end(one: RunningContainer): void;
  /** An event of its life, told as discovery does. */
  tell(one: RunningContainer, type: ContainerEvent['type'], time?: number): void;
  nowUs(): number;
  close(): Promise<void>;
}

export async function openStatsRig(
  version: 'v1' | 'v2',
  changes: Partial<CollectorConfig> = {},
  openBus: typeof createMemoryBus = createMemoryBus,
): Promise<StatsRig> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-stats-'));
  const host = recordedHost(dir, version);
  const bus = openBus({ capacityBytes: 64 << 20 });
  const batches: SamplesBatch[] = [];
  await bus.consume(async (deliveries) => {
    for (const { batch } of deliveries) batches.push(decodeBatch(batch) as SamplesBatch);
  });
  let ms = 1_000_000;
  const events: ContainerEvent[] = [];
  const running: RunningContainer[] = [];
  const clock = { nowUs: () => 1_700_000_000_000_000 + ms * 1000, monotonicMs: () => ms };
  const stats = startStats({
    config: collectorConfig({ procDir: host.procDir, cgroupDir: host.cgroupDir, statsMs: 3_600_000, ...changes }),
    host: 'web-07',
    bus,
    discovery: { running: () => [...running] },
    clock,
    onEvent: (event) => events.push(event),
  });
  let closed = false;
  const delivered = async (count: number): Promise<void> => {
    while (batches.length < count && !closed) await new Promise(setImmediate);
  };
  await stats.round();
  await delivered(1);
  const pids = new Map<string, number>();
  return {
    dir,
    host,
    stats,
    running,
    batches,
    events,
    async round(passed = 10_000) {
      ms += passed;
      const before = batches.length;
      await stats.round();
      await delivered(before + 1);
      return batches[before];
    },
    row: (batch, n) => batch.rows.find((row) => row.container === idOf(n)),
    start(n, more = {}) {
      const id = idOf(n);
      const pid = pids.get(id) ?? 2_000 + pids.size;
      pids.set(id, pid);
      host.start(id, pid);
      const one: RunningContainer = {
        id,
        startedAt: clock.nowUs(),
        restarts: 0,
        pid,
        docker: true,
        source: {
          host: 'web-07',
          container: id,
          containerName: `shop-${n}`,
          image: 'shop:1',
          version: '1',
          app: 'shop',
          env: 'prod',
          instance: `${n}`,
          path: '',
          reader: 'event',
          named: { app: 'env APP_NAME', env: 'env ENVIRONMENT' },
          labels: {},
        },
        ...more,
      };
      running.push(one);
      return one;
    },
    end(one) {
      running.splice(running.indexOf(one), 1);
      host.end(one.id, one.pid!);
    },
    tell: (one, type, time = clock.nowUs()) => stats.event({ time, type, source: one.source, attributes: {} }),
    nowUs: clock.nowUs,
    async close() {
      closed = true;
      await stats.close();
      await bus.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
