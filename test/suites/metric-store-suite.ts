import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  MetricLabel,
  MetricName,
  MetricScope,
  MetricStore,
  SeriesRequest,
  TopRequest,
} from '../../store/metric-store.ts';

/** Who writes how many lines in each second of the plan. */
export interface PlannedSource {
  app: string;
  env: string;
  host: string;
  level: 'info' | 'error';
  perSecond: number[];
}

export interface MetricFixture {
  store: MetricStore;
  /**
   * Lets the lines of the plan be stored, those of its second `i` in the second `i` after the time (µs, a multiple of the step) that it
   * gives; resolves when the store can tell of all of them.
   */
  play(plan: PlannedSource[], step: number): Promise<number>;
  /** µs: how far a figure may lag: what falls on another side of a step's edge. 0 is exact. */
  blur: number;
  close(): Promise<void>;
}

const SECONDS = 24;
/** µs; four scrapes of a second, so that a rate's window is a step. */
const STEP = 4e6;
const flat = (rate: number): number[] => Array.from({ length: SECONDS }, () => rate);
const during = (from: number, to: number, rate: number): number[] =>
  Array.from({ length: SECONDS }, (_, i) => (i >= from && i < to ? rate : 0));

const PLAN: PlannedSource[] = [
  { app: 'shop', env: 'prod', host: 'h1', level: 'info', perSecond: flat(20) },
  { app: 'shop', env: 'prod', host: 'h2', level: 'info', perSecond: flat(10) },
  // Quiet, then a burst: its first lines are in the figure.
  { app: 'shop', env: 'prod', host: 'h2', level: 'error', perSecond: during(8, 16, 50) },
  { app: 'pay-api', env: 'prod', host: 'h1', level: 'info', perSecond: flat(5) },
  { app: 'pay-api', env: 'test', host: 'h1', level: 'info', perSecond: during(0, 12, 8) },
  { app: 'a|b".*', env: 'prod', host: 'h3', level: 'info', perSecond: flat(4) },
];

const EVERYTHING: MetricScope[][] = [[{ app: '*', env: '*' }]];

/** The contract of MetricStore for figures that are counted from lines. */
export function metricStoreSuite(name: string, open: () => Promise<MetricFixture>): void {
  describe(`MetricStore: ${name}`, () => {
    let fixture: MetricFixture;
    let start = 0;
    beforeAll(async () => {
      fixture = await open();
      start = await fixture.play(PLAN, STEP);
    });
    afterAll(() => fixture?.close());

    const ask = (rest: Partial<SeriesRequest> = {}) =>
      fixture.store.series({
        metric: 'log_lines_per_second',
        by: null,
        filter: {},
        scopes: EVERYTHING,
        from: start,
        to: start + SECONDS * 1e6,
        step: STEP,
        limit: 100,
        ...rest,
      });
    const askTop = (by: MetricLabel, rest: Partial<TopRequest> = {}) =>
      fixture.store.top({
        metric: 'log_lines_per_second',
        by,
        filter: {},
        scopes: EVERYTHING,
        from: start,
        to: start + SECONDS * 1e6,
        limit: 10,
        ...rest,
      });

    /** Rates per step of the sources that pass, and how much each may be off: lines written around the step's edges. */
    function expected(pass: (one: PlannedSource) => boolean): { rate: number; slack: number }[] {
      const seconds = STEP / 1e6;
      const perSecond = PLAN.filter(pass).reduce(
        (sum, one) => sum.map((n, i) => n + one.perSecond[i]),
        Array.from({ length: SECONDS }, () => 0),
      );
      return Array.from({ length: SECONDS / seconds }, (_, step) => {
        const from = step * seconds;
        const around = perSecond.slice(Math.max(0, from - 2), from + seconds + 2);
        const rate = perSecond.slice(from, from + seconds).reduce((sum, n) => sum + n, 0) / seconds;
        return { rate, slack: ((Math.max(...around) * fixture.blur) / 1e6 / seconds) * 1.5 };
      });
    }

    function compare(points: [number, number][], wanted: { rate: number; slack: number }[]): void {
      const at = new Map(points);
      wanted.forEach(({ rate, slack }, i) => {
        const value = at.get(start / 1000 + (i * STEP) / 1000) ?? 0;
        expect(value, `step ${i}: ${JSON.stringify(points)}`).toBeGreaterThanOrEqual(rate - slack - 1e-9);
        expect(value, `step ${i}: ${JSON.stringify(points)}`).toBeLessThanOrEqual(rate + slack + 1e-9);
      });
    }

    test('added up, it is everything that was written', async () => {
      const { unit, series, notes } = await ask();
      expect([unit, series.length, notes]).toEqual(['lines/s', 1, []]);
      expect(series[0].labels).toEqual({});
      compare(
        series[0].points,
        expected(() => true),
      );
    });

    test('split by a label, each value has its own, in order of the label', async () => {
      for (const by of ['app', 'env', 'host', 'level'] as const) {
        const { series } = await ask({ by });
        const keys = [...new Set(PLAN.map((one) => one[by]))].sort();
        expect(series.map((one) => one.labels)).toEqual(keys.map((key) => ({ [by]: key })));
        for (const one of series)
          compare(
            one.points,
            expected((source) => source[by] === one.labels[by]),
          );
      }
    });

    test('points are whole, finished steps, ascending, at multiples of the step, each a number', async () => {
      const { series } = await ask({ by: 'app', from: start + 1e6, to: start + SECONDS * 1e6 - 1e6 });
      for (const { points } of series) {
        const times = points.map(([time]) => time);
        expect(times.every((time) => (time * 1000) % STEP === 0)).toBe(true);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        expect(times[0]).toBeGreaterThanOrEqual(start / 1000);
        expect(points.every(([, value]) => Number.isFinite(value) && value >= 0)).toBe(true);
      }
      // A range that begins within a step has that whole step.
      const all = series.find((one) => one.labels.app === 'shop');
      expect(all?.points.length).toBe(SECONDS / (STEP / 1e6));
      const soon = await ask({ from: start, to: start + 3600e6 });
      const last = soon.series[0].points.at(-1)?.[0] ?? 0;
      expect(last * 1000).toBeLessThan(start + 3600e6 - STEP);
      expect((await ask({ from: start + 7200e6, to: start + 7300e6 })).series).toEqual([]);
    });

    test('filters take patterns, as they stand', async () => {
      const { series } = await ask({ filter: { app: ['pay*'], env: ['prod'] } });
      compare(
        series[0].points,
        expected((one) => one.app === 'pay-api' && one.env === 'prod'),
      );
      const either = await ask({ filter: { app: ['pay-api', 'a|b".*'], host: ['h*'] }, by: 'app' });
      expect(either.series.map((one) => one.labels.app)).toEqual(['a|b".*', 'pay-api']);
      for (const app of ['a', 'b".*', '.*', 'shop"} or vector(1) #', 'SHOP', 'sho', 'pay-api|shop'])
        expect((await ask({ filter: { app: [app] } })).series, app).toEqual([]);
    });

    test('scopes are held over everything: any of a list, all of the lists', async () => {
      const keys = async (scopes: MetricScope[][], by: MetricLabel = 'app') =>
        (await ask({ scopes, by })).series.map((one) => one.labels[by]);
      expect(await keys([[{ app: 'pay-*', env: 'prod' }]])).toEqual(['pay-api']);
      expect(
        await keys(
          [
            [
              { app: 'pay-*', env: 'test' },
              { app: 'shop', env: 'prod' },
            ],
          ],
          'env',
        ),
      ).toEqual(['prod', 'test']);
      expect(await keys([[{ app: '*', env: 'prod' }], [{ app: 'pay*', env: '*' }]])).toEqual(['pay-api']);
      const overlapping = [
        [
          { app: 's*', env: '*' },
          { app: 'shop', env: 'prod' },
          { app: '*p', env: 'prod' },
        ],
      ];
      compare(
        (await ask({ scopes: overlapping })).series[0].points,
        expected((one) => one.app === 'shop'),
      );
      expect(await keys([[]])).toEqual([]);
      expect(await keys([[{ app: 'shop', env: 'test' }]])).toEqual([]);
      expect(
        (await askTop('app', { scopes: [[{ app: 'shop', env: 'prod' }], [{ app: 'pay-api', env: '*' }]] })).items,
      ).toEqual([]);
      expect((await askTop('host', { scopes: [[{ app: 'a|*', env: '*' }]] })).items.map((one) => one.key)).toEqual([
        'h3',
      ]);
    });

    test('a limit keeps the highest series and says so', async () => {
      const { series, notes } = await ask({ by: 'app', limit: 2 });
      expect(series.map((one) => one.labels.app)).toEqual(['pay-api', 'shop']);
      expect(notes).toEqual([{ code: 'limit_reached', limit: 2 }]);
    });

    test('top gives the heaviest first, with averages that add up and peaks above them', async () => {
      const { unit, items } = await askTop('app');
      expect(unit).toBe('lines/s');
      expect(items.map((one) => one.key)).toEqual(['shop', 'pay-api', 'a|b".*']);
      for (const { key, average, peak } of items) {
        const perSecond = PLAN.filter((one) => one.app === key).reduce(
          (sum, one) => sum.map((n, i) => n + one.perSecond[i]),
          Array.from({ length: SECONDS }, () => 0),
        );
        const wanted = perSecond.reduce((sum, n) => sum + n, 0) / SECONDS;
        const slack = (Math.max(...perSecond) * fixture.blur * 2) / 1e6 / SECONDS;
        expect(Math.abs(average - wanted), key).toBeLessThanOrEqual(slack + 1e-9);
        expect(peak).toBeGreaterThanOrEqual(average);
        expect(peak).toBeLessThanOrEqual(Math.max(...perSecond) * (fixture.blur > 0 ? 1.5 : 1) + 1e-9);
      }
      const few = await askTop('host', { limit: 1 });
      expect(few.items.map((one) => one.key)).toEqual(['h1']);
      expect(few.notes).toEqual([{ code: 'limit_reached', limit: 1 }]);
    });

    test('what it has not is refused in words that help', async () => {
      await expect(ask({ metric: 'no_such_metric' as MetricName })).rejects.toMatchObject({
        code: 'bad_request',
        hint: /log_lines_per_second/,
      });
      await expect(ask({ by: 'container' })).rejects.toMatchObject({ code: 'bad_request' });
      await expect(ask({ filter: { container: ['x'] } })).rejects.toMatchObject({ code: 'bad_request' });
      await expect(askTop('container')).rejects.toMatchObject({ code: 'bad_request' });
    });

    test('a caller who went away is not answered', async () => {
      await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    });
  });
}
