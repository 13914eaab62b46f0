import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { startIngest } from '../../ingest/ingest.ts';
import { createLogVolume, type LogVolume } from '../../ingest/log-volume.ts';
import { exposeLogVolume } from '../../ingest/log-volume-metrics.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

const clock = { now: 0, nowUs: () => 1_795_219_200_000_000, monotonicMs: () => clock.now };
const ALL = { suppressed: 0, tooOld: 0 };

function volume(rest: { maxSeries?: number; idleMs?: number } = {}): LogVolume {
  clock.now = 0;
  return createLogVolume({ maxSeries: 100, idleMs: 60_000, clock, ...rest });
}

const batch = (app: string, levels: number[], start = 0) =>
  linesBatch({
    source: source({ app, host: 'h1' }),
    fid: Buffer.from(app.padEnd(16)).toString('hex'),
    start,
    messages: levels.map((_, i) => 'x'.repeat(i + 1)),
    levels,
  });

const told = (v: LogVolume): Record<string, [number, number]> =>
  Object.fromEntries(v.series().map((one) => [`${one.labels.app} ${one.labels.level}`, [one.lines, one.bytes]]));

/** The lines of a scrape that are about log volume, without comments. */
async function scrape(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line.startsWith('fleetlog_log_'));
}

describe('log volume', () => {
  test('counts lines and message bytes by source and level, events left out', () => {
    const v = volume();
    const event = linesBatch({ kind: 'events', messages: ['event=die'], flags: [3] });
    v.stored([batch('shop', [3, 3, 5]), batch('pay', [0]), event], { stored: 5, ...ALL });
    v.stored([batch('shop', [3])], { stored: 1, ...ALL });
    expect(told(v)).toEqual({ 'shop info': [3, 4], 'shop error': [1, 3], 'pay none': [1, 1] });
  });

  test('what was there already is not counted; where the store says which, exactly', () => {
    const v = volume();
    v.stored([batch('shop', [3, 3])], { stored: 0, suppressed: 2, tooOld: 0 });
    expect(told(v)).toEqual({});
    v.stored([batch('shop', [3, 3]), batch('pay', [5, 5])], { stored: 2, suppressed: 2, tooOld: 0, storedOf: [0, 2] });
    expect(told(v)).toEqual({ 'pay error': [2, 3] });
  });

  test('without saying which, the sum is exact and its parts are in proportion', () => {
    const v = volume();
    v.stored([batch('shop', [3, 3, 3, 3, 3, 5]), batch('pay', [4, 4, 4])], { stored: 5, suppressed: 3, tooOld: 1 });
    const sum = v.series().reduce((total, one) => total + one.lines, 0);
    expect(sum).toBe(5);
    expect(told(v)['shop info'][0]).toBeGreaterThan(told(v)['pay warn'][0]);
  });

  test('a series goes when its source is silent, and makes room; beyond the limit lines are counted as overflow', () => {
    const v = volume({ maxSeries: 2 });
    v.stored([batch('a', [1]), batch('b', [1]), batch('c', [1, 1])], { stored: 4, ...ALL });
    expect(Object.keys(told(v))).toEqual(['a trace', 'b trace']);
    expect(v.overflow()).toBe(2);
    clock.now = 50_000;
    v.stored([batch('b', [1])], { stored: 1, ...ALL });
    clock.now = 70_000;
    v.stored([batch('c', [1])], { stored: 1, ...ALL });
    expect(told(v)).toEqual({ 'b trace': [2, 2], 'c trace': [1, 1] });
    expect(v.overflow()).toBe(2);
  });
});

describe('log volume at /metrics', () => {
  test('a series begins at zero, so that a rate has its first lines; it goes with its source', async () => {
    const v = volume();
    const registry = new Registry();
    exposeLogVolume(registry, v);
    const labels = '{app="shop",env="prod",host="h1",level="error"}';
    v.stored([batch('shop', [5, 5])], { stored: 2, ...ALL });
    expect(await scrape(registry)).toEqual([
      `fleetlog_log_lines_total${labels} 0`,
      `fleetlog_log_bytes_total${labels} 0`,
    ]);
    v.stored([batch('shop', [5])], { stored: 1, ...ALL });
    expect(await scrape(registry)).toEqual([
      `fleetlog_log_lines_total${labels} 3`,
      `fleetlog_log_bytes_total${labels} 4`,
    ]);
    clock.now = 61_000;
    expect(await scrape(registry)).toEqual([]);
    v.stored([batch('shop', [5])], { stored: 1, ...ALL });
    expect(await scrape(registry)).toContain(`fleetlog_log_lines_total${labels} 0`);
  });

  test('names that would break the format do not', async () => {
    const v = volume();
    const registry = new Registry();
    exposeLogVolume(registry, v);
    v.stored([linesBatch({ source: source({ app: 'a"b\\c\nd,env:x' }), messages: ['x'], levels: [3] })], {
      stored: 1,
      ...ALL,
    });
    const lines = (await registry.metrics()).split('\n').filter((line) => line.includes('lines_total{'));
    expect(lines).toEqual(['fleetlog_log_lines_total{app="a\\"b\\\\c\\nd,env:x",env="prod",host="h1",level="info"} 0']);
  });

  test('ingest counts each line once, also when a delivery comes again', async () => {
    const v = volume();
    const bus = createMemoryBus({ capacityBytes: 1 << 20, retryMs: { first: 1, max: 2 } });
    const store = createMemoryLogStore();
    let failures = 1;
    const ingest = await startIngest({
      bus,
      store: {
        ...store,
        append: async (batches) => {
          const result = await store.append(batches);
          // The lines are in, and the answer is lost: the delivery comes again.
          if (failures-- > 0) throw new Error('the connection broke');
          return result;
        },
      },
      statuses: { keep: async () => {} },
      deadLetters: { bury: async () => {} } as never,
      volume: v,
      clock,
      log: { warn() {} },
    });
    await bus.publish(encodeBatch(batch('shop', [3, 5])));
    await bus.publish(encodeBatch(batch('shop', [3], 100)));
    await bus.publish(encodeBatch(batch('shop', [3], 100)));
    // The first two were stored by a call that told nobody: no line counts twice.
    expect(told(v)).toEqual({ 'shop info': [1, 1] });
    await bus.close();
    await ingest.close();
  });
});
