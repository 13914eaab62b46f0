import { Registry } from 'prom-client';
import { describe, expect } from 'vitest';
import { startRoleServer } from '../../cli/compose-role-server.ts';
import { startIngest } from '../../ingest/ingest.ts';
import { createLogVolume } from '../../ingest/log-volume.ts';
import { exposeLogVolume } from '../../ingest/log-volume-metrics.ts';
import { systemClock } from '../../model/clock.ts';
import { levelOrdinal } from '../../model/level.ts';
import { createPrometheusMetricStore } from '../../store/prometheus/metric-store.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { startPrometheus, type TestPrometheus } from '../servers/prometheus.ts';
import { defaultConfig, until } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';
import { type MetricFixture, metricStoreSuite, type PlannedSource } from '../suites/metric-store-suite.ts';

const TOKEN = 'a-token-of-more-than-24-characters';
const SCRAPE_MS = 1_000;
const log = { warn() {} };

type Closer = () => Promise<void> | void;

/** An ingest as `fleetlog ingest` wires it, over a store that both share; gives how to send it lines and where it is scraped. */
async function startOne(store: ReturnType<typeof createMemoryLogStore>, closers: Closer[]) {
  const config = defaultConfig((c) => void (c.http.metricsToken = TOKEN));
  const bus = createMemoryBus({ capacityBytes: 64 << 20 });
  const volume = createLogVolume({ maxSeries: 1_000, idleMs: 3_600_000, clock: systemClock });
  const ingest = await startIngest({
    bus,
    store,
    statuses: { keep: async () => {} },
    deadLetters: { bury: async () => {} } as never,
    volume,
    clock: systemClock,
    log,
  });
  const telemetry = new Registry();
  exposeLogVolume(telemetry, volume);
  const server = await startRoleServer({ config, telemetry });
  const { url } = await server.listen();
  closers.push(
    () => bus.close(),
    () => ingest.close(),
    () => server.close(),
  );
  return { bus, target: new URL(url).host, volume };
}

/** Two ingest processes share the work of one fleet, and one real Prometheus scrapes both each second. */
async function open(prometheus: (targets: string[]) => Promise<TestPrometheus | null>): Promise<MetricFixture> {
  const closers: Closer[] = [];
  const logs = createMemoryLogStore();
  const processes = [await startOne(logs, closers), await startOne(logs, closers)];
  const server = await prometheus(processes.map((one) => one.target));
  if (!server) throw new Error('no Prometheus');
  closers.push(() => server.stop());
  const { prometheus: config } = defaultConfig((c) => {
    c.prometheus.url = server.url;
    c.prometheus.scrapeMs = SCRAPE_MS;
  });
  const store = createPrometheusMetricStore({ prometheus: config, clock: systemClock, log });
  let sent = 0;

  async function second(plan: PlannedSource[], i: number, start: number): Promise<void> {
    await Promise.all(
      plan.flatMap((one, at) => {
        const times = Array.from({ length: one.perSecond[i] }, (_, n) => start + i * 1e6 + n * 1_000);
        if (times.length === 0) return [];
        const batch = linesBatch({
          source: source({ app: one.app, env: one.env, host: one.host }),
          fid: (at + 1).toString(16).padStart(32, '0'),
          start: i * 100_000,
          messages: times.map(() => 'line'),
          times,
          levels: times.map(() => levelOrdinal(one.level)),
        });
        sent += times.length;
        // Kafka gives each source to one process at a time, and to another after a rebalance: here at half time.
        return [processes[(at + (i < 12 ? 0 : 1)) % 2].bus.publish(encodeBatch(batch))];
      }),
    );
  }

  return {
    store,
    async play(plan, step) {
      await server.scraped();
      const start = Math.ceil(systemClock.nowUs() / step) * step;
      const seconds = plan[0].perSecond.length;
      for (let i = 0; i < seconds; i++) {
        await until(
          () => systemClock.nowUs(),
          (now) => now >= start + i * 1e6 + 100_000,
          60_000,
        );
        await second(plan, i, start);
      }
      const counted = () => processes.flatMap((one) => one.volume.series()).reduce((sum, one) => sum + one.lines, 0);
      expect(counted()).toBe(sent);
      // The last step is over, and what came within it was scraped.
      await until(
        () => systemClock.nowUs(),
        (now) => now >= start + seconds * 1e6 + SCRAPE_MS * 1000,
        60_000,
      );
      await server.scraped();
      return start;
    },
    blur: SCRAPE_MS * 1000,
    async close() {
      await store.close();
      for (const close of closers) await close();
    },
  };
}

const found = await startPrometheus({ targets: [], scrapeMs: SCRAPE_MS });
await found?.stop();

describe.skipIf(!found)('a real Prometheus that scrapes two ingest processes', () => {
  metricStoreSuite(`Prometheus ${found?.version}`, () =>
    open((targets) => startPrometheus({ targets, scrapeMs: SCRAPE_MS, token: TOKEN })),
  );
});
