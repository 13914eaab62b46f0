import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MetricsConfig } from '../../model/config.ts';
import { decodeBlock, encodeBlock } from '../../store/embedded-metrics/block-codec.ts';
import { createEmbeddedMetricStore, type EmbeddedMetricStore } from '../../store/embedded-metrics/metric-store.ts';
import type { MetricName, MetricStore } from '../../store/metric-store.ts';
import { defaultConfig } from '../suites/api-harness.ts';
import { containerMetricSuite } from '../suites/container-metric-suite.ts';
import { sampleRow, samplesBatch } from '../suites/samples-batches.ts';

const T0 = 1_795_219_200_000_000;

containerMetricSuite('embedded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-metrics-'));
  const clock = { now: T0, nowUs: () => clock.now, monotonicMs: () => 0 };
  const { metrics } = defaultConfig();
  const store = await createEmbeddedMetricStore({ file: join(dir, 'metrics.db'), metrics, intervalMs: 1_000, clock });
  return {
    store,
    async play(frames) {
      for (const [second, frame] of frames.entries()) await store.append(frame(T0 + second * 1e6 + 300_000));
      clock.now = T0 + 3600e6 - 1;
      return T0;
    },
    blur: 1,
    async close() {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
});

const EVERYTHING = [[{ app: '*', env: '*' }]];
const MIB = 1 << 20;
const HOUR = 3600e6;
const DAY = 24 * HOUR;

describe('the file of figures', () => {
  let dir: string;
  const clock = { now: T0, nowUs: () => clock.now, monotonicMs: () => 0 };
  const opened: EmbeddedMetricStore[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'fleetlog-metrics-'));
    // Hours come in at once.
    clock.now = T0 + 2 * DAY;
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(dir, { recursive: true });
  });
  async function open(change: Partial<MetricsConfig> = {}, file = 'metrics.db'): Promise<EmbeddedMetricStore> {
    const metrics = { ...defaultConfig().metrics, ...change };
    const store = await createEmbeddedMetricStore({ file: join(dir, file), metrics, intervalMs: 10_000, clock });
    opened.push(store);
    return store;
  }

  const batch = (seconds: number, mib: number, rest: { host?: string; epoch?: string; name?: string } = {}) =>
    samplesBatch({
      ...{ host: rest.host ?? 'h1', epoch: rest.epoch ?? 'e', time: T0 + seconds * 1e6 },
      rows: [
        sampleRow({
          containerName: rest.name ?? 'shop-1',
          values: { memory_bytes: mib * MIB, cpu_seconds: seconds * 0.5, net_rx_bytes: seconds * 1000 },
        }),
      ],
    });
  const ask = (store: MetricStore, metric: MetricName, from: number, to: number, step: number) =>
    store.series({ metric, by: null, filter: {}, scopes: EVERYTHING, from, to, step, limit: 10 });
  const values = async (...args: Parameters<typeof ask>): Promise<number[]> =>
    (await ask(...args)).series.flatMap((one) => one.points.map(([, value]) => value));

  test('what was acknowledged is there after a crash, and what comes again counts once', async () => {
    const store = await open();
    const batches = Array.from({ length: 12 }, (_, i) => batch(i * 10, 100));
    for (const one of batches) await store.append([one]);
    // What a process that is killed leaves: the files as they are now.
    cpSync(join(dir, 'metrics.db'), join(dir, 'after.db'));
    cpSync(join(dir, 'metrics.db-wal'), join(dir, 'after.db-wal'));
    const again = await open({}, 'after.db');
    await again.append(batches);
    await again.append([batch(120, 100), batch(110, 7)]);
    clock.now = T0 + HOUR;
    const memory = await values(again, 'memory_bytes', T0, T0 + 120e6, 10e6);
    expect(memory).toEqual(Array.from({ length: 12 }, () => 100 * MIB));
    const cpu = await values(again, 'cpu_cores', T0, T0 + 120e6, 10e6);
    expect(cpu.length).toBe(12);
    for (const value of cpu) expect(value).toBeCloseTo(0.5, 3);
  });

  test('a sealed hour answers as it did in memory, and a rate goes on over its end and over a start', async () => {
    let store = await open();
    const seconds = Array.from({ length: 450 }, (_, i) => i * 10);
    for (const one of seconds.slice(0, 350)) await store.append([batch(one, 100 + (one % 60))]);
    clock.now = T0 + 2 * HOUR;
    const before = await ask(store, 'memory_bytes', T0, T0 + 3400e6, 60e6);
    for (const one of seconds.slice(350)) await store.append([batch(one, 100 + (one % 60))]);
    expect(await ask(store, 'memory_bytes', T0, T0 + 3400e6, 60e6)).toEqual(before);
    await store.close();
    store = await open();
    expect(await ask(store, 'memory_bytes', T0, T0 + 3400e6, 60e6)).toEqual(before);
    for (const step of [10e6, 60e6, 300e6]) {
      const cpu = await values(store, 'cpu_cores', T0 + 60e6, T0 + 4480e6, step);
      for (const value of cpu) expect(value).toBeCloseTo(0.5, 3);
      expect(cpu.length).toBeGreaterThanOrEqual(Math.floor(4400e6 / step) - 1);
    }
    // Within 0.05 %.
    for (const value of await values(store, 'net_rx_bytes_per_second', T0 + 60e6, T0 + 4400e6, 60e6))
      expect(Math.abs(value - 1000)).toBeLessThanOrEqual(0.5);
  });

  test('a minute in which one container replaced another has the memory of one', async () => {
    const store = await open();
    for (let second = 0; second < 600; second += 10)
      await store.append([batch(second, 100, { name: second < 330 ? 'shop-1' : 'shop-2' })]);
    clock.now = T0 + HOUR;
    for (const step of [10e6, 60e6, 600e6]) {
      for (const value of await values(store, 'memory_bytes', T0, T0 + 600e6, step)) {
        expect(value / MIB).toBeLessThanOrEqual(100.5);
        expect(value / MIB).toBeGreaterThan(99);
      }
    }
  });

  test('a silence is no figure, and no spike after it', async () => {
    const store = await open();
    for (const second of [0, 10, 20, 600, 610]) await store.append([batch(second, 100)]);
    clock.now = T0 + HOUR;
    const { series } = await ask(store, 'cpu_cores', T0, T0 + 900e6, 10e6);
    expect(series[0].points.map(([ms]) => (ms * 1000 - T0) / 1e6)).toEqual([0, 10, 20, 600, 610]);
    for (const [, value] of series[0].points) expect(value).toBe(0.5);
    const memory = await ask(store, 'memory_bytes', T0, T0 + 900e6, 10e6);
    const times = memory.series[0].points.map(([ms]) => (ms * 1000 - T0) / 1e6);
    expect(times.filter((second) => second > 30 && second < 590)).toEqual([]);
  });

  test('days become minutes and ten minutes, each kept as long as it is asked to be', async () => {
    const store = await open({ rawDays: 1, minuteDays: 2, tenMinuteDays: 400 });
    for (let second = 0; second < 26 * 3600; second += 60)
      await store.append([batch(second, second === 7_200 ? 900 : 100)]);
    clock.now = T0 + 4 * DAY;
    await store.maintain();
    // By ten minutes alone: the peak of a minute is still that of its stretch.
    const tens = await ask(store, 'memory_bytes', T0, T0 + DAY, 3600e6);
    expect(tens.series[0].points).toHaveLength(24);
    expect(tens.series[0].points.map(([, value]) => value / MIB).filter((value) => value > 100)).toEqual([900]);
    const { items } = await store.top({
      ...{ metric: 'memory_bytes', by: 'app', filter: {}, scopes: EVERYTHING, limit: 10, from: T0, to: T0 + DAY },
    });
    expect(items[0].peak / MIB).toBe(900);
    expect(items[0].average / MIB).toBeCloseTo(100 + 800 / 1440, 0);
    clock.now = T0 + 402 * DAY;
    await store.maintain();
    expect(await values(store, 'memory_bytes', T0, T0 + DAY, 3600e6)).toEqual([]);
  });

  test('a host whose clock is ahead does not hold back the figures of its right time', async () => {
    const store = await open();
    await store.append([batch(3 * 86_400, 7)]);
    for (let second = 0; second < 120; second += 10) await store.append([batch(second, 100)]);
    const memory = await values(store, 'memory_bytes', T0, T0 + 120e6, 10e6);
    expect(memory).toEqual(Array.from({ length: 12 }, () => 100 * MIB));
  });

  test('bytes of lines are counted from what was stored since the look before', async () => {
    const store = await open();
    const labels = { app: 'shop', env: 'prod', host: 'h1', level: 'info' };
    for (let i = 1; i <= 12; i++)
      await store.appendVolume(T0 + i * 10e6, [
        { labels, bytes: i * 500 },
        { labels: { ...labels, app: 'idle' }, bytes: 0 },
      ]);
    clock.now = T0 + HOUR;
    const { unit, series } = await store.series({
      ...{ metric: 'log_bytes_per_second', by: 'app', filter: {}, scopes: EVERYTHING, limit: 10 },
      ...{ from: T0, to: T0 + 120e6, step: 60e6 },
    });
    expect(unit).toBe('bytes/s');
    expect(series.map((one) => one.labels.app)).toEqual(['shop']);
    for (const [, value] of series[0].points) expect(Math.abs(value - 50)).toBeLessThan(0.1);
  });

  test('a file of a newer build is refused, and one that is none is said to be', async () => {
    const db = new DatabaseSync(join(dir, 'newer.db'));
    db.exec('PRAGMA user_version=99');
    db.close();
    await expect(open({}, 'newer.db')).rejects.toMatchObject({ code: 'format_newer' });
    writeFileSync(join(dir, 'none.db'), 'x'.repeat(8192));
    await expect(open({}, 'none.db')).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('a block of figures', () => {
  test('reads back as it was, with holes, for the series that are wanted', () => {
    const value = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 0, max: 2 ** 45 }));
    const shape = fc.integer({ min: 1, max: 40 }).chain((slots) =>
      fc.record({
        slots: fc.constant(slots),
        series: fc.uniqueArray(
          fc.record({
            id: fc.integer({ min: 1, max: 100_000 }),
            values: fc.array(value, { minLength: slots, maxLength: slots }),
          }),
          { selector: (one) => one.id, maxLength: 6 },
        ),
      }),
    );
    fc.assert(
      fc.property(shape, ({ slots, series }) => {
        const block = series.map(({ id, values }) => ({
          id,
          columns: [Float64Array.from(values), Float64Array.from(values, (one) => one % 7)],
        }));
        const bytes = encodeBlock({ series: block }, slots);
        const byId = [...block].sort((a, b) => a.id - b.id);
        expect(decodeBlock(bytes, slots, 2, () => true)).toEqual(byId);
        const some = byId.filter(({ id }) => id % 2 === 0).map(({ id, columns }) => ({ id, columns: [columns[0]] }));
        expect(decodeBlock(bytes, slots, 1, (id) => id % 2 === 0)).toEqual(some);
      }),
      { numRuns: 300 },
    );
  });
});
