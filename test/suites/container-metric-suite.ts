import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SampleRow, SamplesBatch } from '../../model/batch.ts';
import type {
  GlanceRequest,
  MetricName,
  MetricScope,
  MetricStore,
  SeriesRequest,
  TopRequest,
} from '../../store/metric-store.ts';
import { sampleRow, samplesBatch } from './samples-batches.ts';

export interface ContainerFixture {
  store: MetricStore;
  /**
   * Lets the batches of each second `i` of the plan come in, with times in that second after the time (µs, a multiple of the step) that it
   * gives; resolves when the store can tell of all of them.
   */
  play(frames: ((time: number) => SamplesBatch[])[], step: number): Promise<number>;
  /** Seconds a figure may lag, or be averaged over. */
  blur: number;
  close(): Promise<void>;
}

const SECONDS = 24;
/** µs; four scrapes of a second. */
const STEP = 4e6;
const MIB = 1 << 20;

/** A container's figures in a second of the plan. */
interface Planned {
  name: string;
  app: string;
  env: string;
  host: string;
  /** Seconds it is there: `[from, to)`. */
  from?: number;
  to?: number;
  /** Second it is started again in: its counters begin at 0. */
  restart?: number;
  cpu: (second: number) => number;
  mib: (second: number) => number;
  limitMib?: number;
  rx?: number;
}

const always =
  (value: number) =>
  (_: number): number =>
    value;

const PLAN: Planned[] = [
  {
    ...{ name: 'shop-1', app: 'shop', env: 'prod', host: 'h1', restart: 12 },
    ...{ cpu: always(0.5), mib: always(100), limitMib: 200, rx: 10_000 },
  },
  // Replaced by another one of another name in the thirteenth second.
  { name: 'shop-2', app: 'shop', env: 'prod', host: 'h2', to: 12, cpu: always(0.25), mib: always(60), rx: 2_000 },
  { name: 'shop-3', app: 'shop', env: 'prod', host: 'h2', from: 12, cpu: always(0.25), mib: always(60), rx: 2_000 },
  {
    ...{ name: 'pay-1', app: 'pay', env: 'prod', host: 'h1', limitMib: 64 },
    ...{ cpu: (s: number) => (s >= 8 && s < 16 ? 2 : 0), mib: (s: number) => (s >= 9 && s < 11 ? 48 : 16) },
  },
  { name: 'pay-9', app: 'pay', env: 'test', host: 'h1', to: 12, cpu: always(0.1), mib: always(8) },
  { name: 'w"x\\', app: 'a|b".*', env: 'prod', host: 'h3', cpu: always(0.05), mib: always(12) },
];
const HOSTS = ['h1', 'h2', 'h3'];
const there = (one: Planned, second: number): boolean => second >= (one.from ?? 0) && second < (one.to ?? SECONDS);

/** What a host's collector sends in a second: counters since the container's start. */
function frame(second: number): (time: number) => SamplesBatch[] {
  return (time) =>
    HOSTS.map((host) =>
      samplesBatch({
        host,
        time,
        rows: PLAN.filter((one) => one.host === host && there(one, second)).map((one) => rowOf(one, second, time)),
        values: { cpu_seconds: 1_000 + second * 1.5, cpu_cores: 4, memory_bytes: 512 * MIB, load: 0.75 },
      }),
    );
}

function rowOf(one: Planned, second: number, time: number): SampleRow {
  const again = one.restart !== undefined && second >= one.restart;
  const begin = again ? (one.restart as number) : (one.from ?? 0);
  let cpu = again || one.from !== undefined ? 0 : 500;
  for (let i = begin; i < second; i++) cpu += one.cpu(i + 1);
  return sampleRow({
    ...{ app: one.app, env: one.env, containerName: one.name, instance: one.name },
    startedAt: time - (second - begin) * 1e6 - (again ? 0 : 1e6),
    values: {
      cpu_seconds: cpu,
      memory_bytes: one.mib(second) * MIB,
      ...(one.limitMib !== undefined && { memory_limit_bytes: one.limitMib * MIB }),
      ...(one.rx !== undefined && { net_rx_bytes: (second - begin) * one.rx }),
      restarts: again ? 1 : 0,
    },
  });
}

const EVERYTHING: MetricScope[][] = [[{ app: '*', env: '*' }]];

/** The contract of MetricStore for figures that are measured of containers and hosts. */
export function containerMetricSuite(name: string, open: () => Promise<ContainerFixture>): void {
  describe(`MetricStore, containers: ${name}`, () => {
    let fixture: ContainerFixture;
    let start = 0;
    beforeAll(async () => {
      fixture = await open();
      start = await fixture.play(
        Array.from({ length: SECONDS }, (_, second) => frame(second)),
        STEP,
      );
    });
    afterAll(() => fixture?.close());

    const range = () => ({ from: start, to: start + SECONDS * 1e6 });
    const ask = (metric: MetricName, rest: Partial<SeriesRequest> = {}) =>
      fixture.store.series({
        ...{ metric, by: null, filter: {}, scopes: EVERYTHING, step: STEP, limit: 100 },
        ...range(),
        ...rest,
      });
    const askTop = (metric: MetricName, rest: Partial<TopRequest> = {}) =>
      fixture.store.top({ metric, by: 'app', filter: {}, scopes: EVERYTHING, limit: 10, ...range(), ...rest });
    const glance = (metrics: MetricName[], rest: Partial<GlanceRequest> = {}) =>
      fixture.store.glance({
        ...{ metrics, by: ['app', 'env'], take: 'newest', filter: {}, scopes: EVERYTHING },
        ...range(),
        ...rest,
      });

    /** Each point lies between the least and the highest true sum of its step and the seconds it may be blurred over. */
    function compare(points: [number, number][], figure: (second: number) => number, tolerance = 0.02): void {
      expect(points.length).toBeGreaterThanOrEqual(SECONDS / (STEP / 1e6) - 1);
      for (const [ms, value] of points) {
        const from = (ms * 1000 - start) / 1e6;
        const around: number[] = [];
        for (let second = from - fixture.blur; second < from + STEP / 1e6 + fixture.blur; second++)
          if (second >= 0 && second < SECONDS) around.push(figure(second));
        const slack = tolerance * Math.max(...around) + 1e-6;
        expect(value, `${from} s of ${JSON.stringify(points)}`).toBeGreaterThanOrEqual(Math.min(...around) - slack);
        expect(value, `${from} s of ${JSON.stringify(points)}`).toBeLessThanOrEqual(Math.max(...around) + slack);
      }
    }
    const sum = (pass: (one: Planned) => boolean, of: (one: Planned, second: number) => number) => (second: number) =>
      PLAN.filter((one) => pass(one) && there(one, second)).reduce((total, one) => total + of(one, second), 0);
    /** The second it starts in has used nothing yet: a window over it has that much less. */
    const cpu = (one: Planned, second: number): number =>
      second === one.restart || second === one.from ? 0 : one.cpu(second);
    const memory = (one: Planned, second: number): number => one.mib(second) * MIB;

    test('CPU is cores, added up by any label, in order of it', async () => {
      for (const by of ['app', 'env', 'host', 'container'] as const) {
        const { unit, series } = await ask('cpu_cores', { by });
        expect(unit).toBe('cores');
        const of = (one: Planned): string => (by === 'container' ? one.name : one[by]);
        expect(series.map((one) => one.labels[by])).toEqual([...new Set(PLAN.map(of))].sort());
      }
      const { series } = await ask('cpu_cores', { filter: { app: ['shop'] } });
      compare(
        series[0].points,
        sum((one) => one.app === 'shop', cpu),
        0.05,
      );
    });

    test('a container that starts again is no spike and no hole', async () => {
      const { series } = await ask('cpu_cores', { filter: { container: ['shop-1'] } });
      expect(series[0].points.length).toBeGreaterThanOrEqual(5);
      for (const [, value] of series[0].points) {
        expect(value).toBeLessThan(0.55);
        expect(value).toBeGreaterThan(0.25);
      }
      const net = await ask('net_rx_bytes_per_second', { filter: { container: ['shop-1'] } });
      expect(net.unit).toBe('bytes/s');
      for (const [, value] of net.series[0].points) expect(value).toBeLessThan(10_000 * 1.15);
      compare(net.series[0].points, always(10_000), 0.5);
    });

    test('a burst is there at its height, and gone after it', async () => {
      const { series } = await ask('cpu_cores', { filter: { app: ['pay'], env: ['prod'] } });
      const at = new Map(series[0].points.map(([ms, value]) => [(ms * 1000 - start) / 1e6, value]));
      expect(at.get(12)).toBeGreaterThan(1.9);
      expect(at.get(12)).toBeLessThan(2.1);
      expect(at.get(4)).toBeLessThan(0.1);
    });

    test('a peak of two seconds is the figure of its step', async () => {
      const { series } = await ask('memory_bytes', { filter: { container: ['pay-1'] } });
      expect(series[0].points.map(([, value]) => value / MIB)).toContain(48);
      compare(
        series[0].points,
        sum((one) => one.name === 'pay-1', memory),
      );
    });

    test('a replaced container never doubles the memory of its app', async () => {
      const { series } = await ask('memory_bytes', { by: 'app' });
      const shop = series.find((one) => one.labels.app === 'shop')?.points ?? [];
      for (const [, value] of shop) expect(value / MIB).toBe(160);
      expect(shop.length).toBeGreaterThanOrEqual(5);
      const byContainer = await ask('memory_bytes', { by: 'container', filter: { app: ['shop'], host: ['h2'] } });
      const [old, next] = byContainer.series;
      expect([old.labels.container, next.labels.container]).toEqual(['shop-2', 'shop-3']);
      // Neither is zero where it is not: absence is absence.
      expect(next.points[0][0]).toBeGreaterThanOrEqual(start / 1000 + 12_000);
      expect(old.points.at(-1)?.[0]).toBeLessThanOrEqual(start / 1000 + 12_000 + fixture.blur * 1000);
    });

    test('a ratio is of what has a limit', async () => {
      const { unit, series } = await ask('memory_ratio', { by: 'app' });
      expect(unit).toBe('ratio');
      expect(series.map((one) => one.labels.app)).toEqual(['pay', 'shop']);
      expect(series[1].points.every(([, value]) => Math.abs(value - 0.5) < 0.001)).toBe(true);
      const limits = await ask('memory_limit_bytes', { by: 'app' });
      expect(limits.series.map((one) => one.points[0][1] / MIB)).toEqual([64, 200]);
    });

    test('top has the heaviest first, with average and peak', async () => {
      const { items } = await askTop('memory_bytes');
      expect(items.map((one) => one.key)).toEqual(['shop', 'pay', 'a|b".*']);
      expect(items[0].average / MIB).toBeCloseTo(160, -1);
      expect(items[0].peak / MIB).toBe(160);
      expect(items[1].peak / MIB).toBeGreaterThanOrEqual(48);
      const few = await askTop('memory_bytes', { by: 'host', limit: 1 });
      expect(few.items.map((one) => one.key)).toEqual(['h1']);
      expect(few.notes).toEqual([{ code: 'limit_reached', limit: 1 }]);
    });

    test('a glance has all metrics of each app and env as they are now; what is gone is not among them', async () => {
      const { items } = await glance(['cpu_cores', 'memory_bytes', 'memory_limit_bytes', 'restarts'], {
        from: start + 18e6,
      });
      expect(items.map((one) => one.labels)).toEqual([
        { app: 'a|b".*', env: 'prod' },
        { app: 'pay', env: 'prod' },
        { app: 'shop', env: 'prod' },
      ]);
      const [other, , shop] = items;
      expect(shop.values.memory_bytes).toBe(160 * MIB);
      expect(shop.values.memory_limit_bytes).toBe(200 * MIB);
      expect(shop.values.restarts).toBe(1);
      expect(shop.values.cpu_cores).toBeCloseTo(0.75, 1);
      expect(other.values).not.toHaveProperty('memory_limit_bytes');
    });

    test('p95 is what is used but for one moment of twenty', async () => {
      const { items } = await glance(['memory_bytes'], { take: 'p95', by: ['app'], filter: { app: ['shop'] } });
      expect(items).toHaveLength(1);
      expect((items[0].values.memory_bytes as number) / MIB).toBeCloseTo(160, -1);
    });

    test('hosts have figures of their own, for who may see everything', async () => {
      const { series } = await ask('host_cpu_cores', { by: 'host' });
      expect(series.map((one) => one.labels.host)).toEqual(HOSTS);
      for (const [, value] of series[0].points) expect(value).toBeCloseTo(1.5, 1);
      const { items } = await glance(['host_cpu_total_cores', 'host_load', 'host_disk_used_bytes'], { by: ['host'] });
      expect(items).toEqual(
        HOSTS.map((host) => ({ labels: { host }, values: { host_cpu_total_cores: 4, host_load: 0.75 } })),
      );
      const scopes = [[{ app: 'shop', env: '*' }]];
      expect((await ask('host_cpu_cores', { scopes })).series).toEqual([]);
      expect((await askTop('host_load', { by: 'host', scopes })).items).toEqual([]);
      expect((await glance(['host_load'], { by: ['host'], scopes })).items).toEqual([]);
      await expect(ask('host_load', { by: 'app' })).rejects.toMatchObject({ code: 'bad_request' });
    });

    test('scopes and filters are held over every figure', async () => {
      const scopes = [[{ app: 'pay', env: 'test' }], [{ app: 'p*', env: '*' }]];
      expect(
        (await ask('memory_bytes', { by: 'container', scopes })).series.map((one) => one.labels.container),
      ).toEqual(['pay-9']);
      expect((await askTop('cpu_cores', { scopes })).items.map((one) => one.key)).toEqual(['pay']);
      expect((await glance(['memory_bytes'], { scopes })).items.map((one) => one.labels)).not.toContainEqual({
        app: 'shop',
        env: 'prod',
      });
      expect((await ask('memory_bytes', { scopes: [[]] })).series).toEqual([]);
      expect((await glance(['memory_bytes'], { scopes: [[]] })).items).toEqual([]);
      for (const app of ['a', '.*', 'SHOP', 'pay|shop'])
        expect((await ask('memory_bytes', { filter: { app: [app] } })).series, app).toEqual([]);
      const { series } = await ask('memory_bytes', { filter: { app: ['a|b".*'], container: ['w*'] }, by: 'container' });
      expect(series.map((one) => one.labels.container)).toEqual(['w"x\\']);
    });

    test('what it has not is refused, and who went away is not answered', async () => {
      await expect(ask('cpu_cores', { by: 'level' })).rejects.toMatchObject({ code: 'bad_request' });
      await expect(ask('moon_phase' as never)).rejects.toMatchObject({ code: 'bad_request' });
      await expect(glance(['log_lines_per_second'])).rejects.toMatchObject({ code: 'bad_request' });
      await expect(ask('cpu_cores', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    });
  });
}
