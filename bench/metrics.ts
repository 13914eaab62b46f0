import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SampleRow, SamplesBatch } from '../model/batch.ts';
import { createEmbeddedMetricStore, type EmbeddedMetricStore } from '../store/embedded-metrics/metric-store.ts';
import type { MetricName } from '../store/metric-store.ts';
import type { BenchOptions } from './options.ts';

const HOSTS = 4;
const CONTAINERS = 200;
const INTERVAL = 10e6;
const DAY = 86_400e6;
/** 2026-11-14T00:00:00Z, µs. */
const START = 1_794_614_400_000_000;
const EVERYTHING = [[{ app: '*', env: '*' }]];

/** Figures of 200 containers each 10 s: what they take on disk, what writing costs, and how long a board of them takes. */
export async function benchMetrics({ dir, days, repeats, seed, report }: BenchOptions): Promise<void> {
  const folder = join(dir, 'metrics');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'metrics.db');
  const clock = { now: START, nowUs: () => clock.now, monotonicMs: () => performance.now() };
  // Everything is kept, so that each level's bytes can be told.
  const metrics = { rawDays: 365, minuteDays: 365, tenMinuteDays: 400 };
  const store = await createEmbeddedMetricStore({ file, metrics, intervalMs: INTERVAL / 1000, clock });
  const fleet = createFleet(seed);
  const ticks = Math.round((days * DAY) / INTERVAL);
  let values = 0;
  for (let tick = 0; tick < ticks; tick += 30) {
    const batches: SamplesBatch[] = [];
    for (let i = tick; i < Math.min(tick + 30, ticks); i++) batches.push(...fleet(START + i * INTERVAL));
    for (const { rows } of batches) for (const row of rows) values += Object.keys(row.values).length;
    clock.now = START + (tick + 30) * INTERVAL;
    await store.append(batches);
  }
  report.line(`metrics: ${CONTAINERS} containers on ${HOSTS} hosts, ${days} days each 10 s: ${values} values`);
  await writing(store, clock, fleet, START + ticks * INTERVAL, report);
  clock.now = START + ticks * INTERVAL + 2 * 3600e6;
  await store.maintain();
  const range = { from: START, to: START + ticks * INTERVAL };
  for (const [metric, by] of [
    ['cpu_cores', 'app'],
    ['memory_bytes', 'container'],
    ['memory_ratio', 'app'],
  ] as [MetricName, 'app' | 'container'][]) {
    const asked = { metric, by, filter: {}, scopes: EVERYTHING, ...range };
    await timed(report, `series ${metric} by ${by}, ${days} days`, repeats, () =>
      store.series({ ...asked, step: 3600e6, limit: 500 }),
    );
  }
  await timed(report, `top cpu_cores by app, ${days} days`, repeats, () =>
    store.top({ metric: 'cpu_cores', by: 'app', filter: {}, scopes: EVERYTHING, ...range, limit: 50 }),
  );
  await timed(report, 'series cpu_cores by app, an hour each 10 s', repeats, () =>
    store.series({
      ...{ metric: 'cpu_cores', by: 'app', filter: {}, scopes: EVERYTHING, limit: 500 },
      ...{ from: range.to - 3600e6, to: range.to, step: 20e6 },
    }),
  );
  await store.close();
  sizes(file, report);
}

/** Each batch by itself, as they come: CPU of all threads, and the longest the event loop was held. */
async function writing(
  store: EmbeddedMetricStore,
  clock: { now: number },
  fleet: (time: number) => SamplesBatch[],
  from: number,
  report: BenchOptions['report'],
): Promise<void> {
  const ROUNDS = 360;
  const before = process.cpuUsage();
  let held = 0;
  for (let i = 0; i < ROUNDS; i++) {
    clock.now = from + i * INTERVAL + 1e6;
    const batches = fleet(from + i * INTERVAL);
    const begin = performance.now();
    const writes = batches.map((batch) => store.append([batch]));
    held = Math.max(held, performance.now() - begin);
    await Promise.all(writes);
  }
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / (ROUNDS * INTERVAL);
  report.line(
    `metrics: writing takes ${(share * 100).toFixed(2)} % of a core; the event loop is held ${held.toFixed(1)} ms at most`,
  );
}

async function timed(
  report: BenchOptions['report'],
  what: string,
  repeats: number,
  ask: () => Promise<unknown>,
): Promise<void> {
  await ask();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const begin = performance.now();
    await ask();
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  report.line(`metrics: ${what}: p50 ${times[Math.floor(times.length / 2)].toFixed(0)} ms`);
}

function sizes(file: string, report: BenchOptions['report']): void {
  const db = new DatabaseSync(file, { readOnly: true });
  const levels = db
    .prepare('SELECT level, sum(length(data)) AS bytes, count(*) AS blocks FROM blocks GROUP BY level')
    .all() as {
    level: number;
    bytes: number;
    blocks: number;
  }[];
  const { pages } = db
    .prepare('SELECT page_count * page_size AS pages FROM pragma_page_count, pragma_page_size')
    .get() as { pages: number };
  const [{ hours }] = db.prepare('SELECT count(DISTINCT start) AS hours FROM blocks WHERE level = 0').all() as {
    hours: number;
  }[];
  db.close();
  const figures = 14 * CONTAINERS;
  const rawSamples = hours * 360 * figures;
  for (const { level, bytes, blocks } of levels)
    report.line(
      `metrics: level ${['raw', 'minute', 'ten minutes'][level]}: ${bytes} bytes in ${blocks} blocks${level === 0 ? `, ${(bytes / rawSamples).toFixed(2)} bytes a sample` : ''}`,
    );
  report.line(
    `metrics: file ${pages} bytes, ${(pages / rawSamples).toFixed(2)} bytes a raw sample with every roll-up and index`,
  );
}

/** Containers that do something: a daily wave, noise, and bursts; counters as the kernel counts them. */
function createFleet(seed: number): (time: number) => SamplesBatch[] {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const containers = Array.from({ length: CONTAINERS }, (_, i) => ({
    host: `host-${i % HOSTS}`,
    app: `app-${i % 40}`,
    name: `app-${i % 40}-${Math.floor(i / 40)}`,
    size: 0.05 + random() * 0.6,
    values: { cpu: 0, rx: 0, tx: 0, read: 0, write: 0, periods: 0, throttled: 0 },
    memory: 50e6 + random() * 900e6,
    disk: 1e6,
  }));
  return (time) => {
    const wave = 1 + 0.5 * Math.sin(((time % DAY) / DAY) * 2 * Math.PI);
    const rows = new Map<string, SampleRow[]>();
    for (const one of containers) {
      const load = one.size * wave * (0.8 + random() * 0.4) * (random() < 0.005 ? 4 : 1);
      const { values } = one;
      values.cpu += load * 10;
      values.rx += Math.round(load * 2e5 * (0.7 + random() * 0.6));
      values.tx += Math.round(load * 5e5 * (0.7 + random() * 0.6));
      values.write += random() < 0.4 ? Math.round(random() * 40) * 4096 : 0;
      values.read += random() < 0.02 ? Math.round(random() * 100) * 4096 : 0;
      values.periods += 100;
      values.throttled += load > 0.9 ? Math.round(random() * 30) : 0;
      one.memory = Math.max(20e6, one.memory + (random() - 0.5) * 2e6);
      one.disk += random() < 0.3 ? 4096 * Math.ceil(random() * 5) : 0;
      const list = rows.get(one.host) ?? [];
      list.push({
        ...{
          container: one.name,
          containerName: one.name,
          app: one.app,
          env: 'prod',
          instance: one.name,
          startedAt: START,
        },
        values: {
          cpu_seconds: values.cpu,
          cpu_limit_cores: 1,
          cpu_periods: values.periods,
          cpu_throttled_periods: values.throttled,
          memory_bytes: Math.round(one.memory / 4096) * 4096,
          memory_limit_bytes: 1 << 30,
          net_rx_bytes: values.rx,
          net_tx_bytes: values.tx,
          disk_read_bytes: values.read,
          disk_write_bytes: values.write,
          disk_used_bytes: one.disk,
          pids: 20 + Math.round(random() * 4),
          restarts: 0,
          oom_kills: 0,
        },
      });
      rows.set(one.host, list);
    }
    // A collector's clock is never on the dot.
    return [...rows].map(([host, list]) => ({
      ...{ kind: 'samples' as const, host, time: time + Math.round(random() * 20_000), epoch: 'bench' },
      ...{ rows: list, values: {} },
    }));
  };
}
