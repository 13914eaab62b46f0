import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MetricSeriesAnswerSchema, MetricTopAnswerSchema } from '../../api/metrics/shapes.ts';
import { createLogMetricStore } from '../../store/log-metric-store.ts';
import { type Harness, movableClock, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

const MS = T0 / 1000;
let h: Harness;

beforeAll(async () => {
  const store = createMemoryLogStore();
  // The harness's clock stands here too: ten minutes after T0.
  h = await startHarness({ store, deps: { metrics: createLogMetricStore({ store, clock: movableClock() }) } });
  const at = (seconds: number[]) => seconds.map((second) => T0 + second * 1e6);
  const send = (fid: string, app: string, env: string, host: string, seconds: number[], level: number) =>
    linesBatch({
      fid: fid.repeat(32),
      source: source({ app, env, host }),
      messages: seconds.map((n) => `line ${n}`),
      times: at(seconds),
      levels: seconds.map(() => level),
    });
  await h.feed(
    // Thirty in one second, two in a later minute.
    send('a', 'shop', 'prod', 'h1', [...Array.from({ length: 30 }, () => 61), 200, 201], 3),
    send('b', 'shop', 'prod', 'h2', [62, 63], 5),
    send('c', 'pay', 'prod', 'h1', [64], 0),
    send('d', 'shop', 'test', 'h1', [65, 65, 65, 65], 3),
    linesBatch({ kind: 'events', fid: 'e'.repeat(32), messages: ['event=die'], times: at([66]), flags: [3] }),
  );
});
afterAll(() => h.close());

const range = `from=${MS}&to=${MS + 300_000}`;
const series = (rest: string, token?: string) =>
  h.get(`/api/v1/metrics/series?metric=log_lines_per_second&${rest}`, token);
const top = (rest: string, token?: string) => h.get(`/api/v1/metrics/top?metric=log_lines_per_second&${rest}`, token);

describe('GET /api/v1/metrics/series', () => {
  test('gives lines a second by level, zero where there were none, events left out', async () => {
    const { status, json } = await series(`${range}&by=level&step=1m`);
    expect(status).toBe(200);
    expect(Value.Errors(MetricSeriesAnswerSchema, json)).toEqual([]);
    expect(json).toMatchObject({ unit: 'lines/s', step: '1m', notes: [] });
    const times = [0, 1, 2, 3, 4].map((minute) => MS + minute * 60_000);
    const points = (...counts: number[]) => counts.map((count, i) => [times[i], count / 60]);
    expect(json.series).toEqual([
      { labels: { level: 'error' }, points: points(0, 2, 0, 0, 0) },
      { labels: { level: 'info' }, points: points(0, 34, 0, 2, 0) },
      { labels: { level: 'none' }, points: points(0, 1, 0, 0, 0) },
    ]);
  });

  test('a long step keeps the peak of its minutes', async () => {
    const { json } = await series(`${range}&app=shop&env=prod&step=5m`);
    expect(json.series).toEqual([{ labels: {}, points: [[MS, 32 / 60]] }]);
  });

  test('gives finished steps only: the last is over for two seconds', async () => {
    const last = async (text: string) => (await series(text)).json.series[0]?.points.at(-1)?.[0];
    // The clock stands at ten minutes; what is to come has no points.
    expect(await last(`from=${MS}&to=${MS + 900_000}&step=1m`)).toBe(MS + 8 * 60_000);
    expect((await series(`from=${MS + 598_000}&to=${MS + 800_000}&step=1s`)).json.series).toEqual([]);
  });

  test('auto takes at most 300 points, and more are refused with what to do', async () => {
    for (const hours of [1, 24]) {
      const { json } = await series(`from=${MS - hours * 3600_000}&to=${MS + 300_000}`);
      expect(json.series[0].points.length).toBeLessThanOrEqual(300);
      expect(json.series[0].points.length).toBeGreaterThan(30);
    }
    expect((await series(`from=${MS - 30 * 86_400_000}&to=${MS + 300_000}`)).json.step).toBe('3h');
    const refused = await series(`from=${MS - 3600_000}&to=${MS}&step=1s`);
    expect(refused).toMatchObject({ status: 400, json: { error: { code: 'bad_request' } } });
    expect(refused.json.error.message).toContain('300');
    expect((await series(`${range}&step=500ms`)).json.error.message).toBe('cannot read the step "500ms"');
  });

  test('filters by pattern, and repeats of a parameter add up', async () => {
    const keys = async (rest: string) =>
      (await series(`${range}&step=1m&${rest}`)).json.series.map((one: { labels: object }) =>
        Object.values(one.labels).join(),
      );
    expect(await keys('by=host&app=sh*')).toEqual(['h1', 'h2']);
    expect(await keys('by=app&host=h1&host=h2')).toEqual(['pay', 'shop']);
    expect(await keys('by=env&app=*')).toEqual(['prod', 'test']);
  });

  test('an unknown metric, and what a metric has no label for, is refused with what there is', async () => {
    const unknown = await h.get(`/api/v1/metrics/series?metric=cpu_cores&${range}`);
    expect(unknown).toMatchObject({ status: 400, json: { error: { hint: 'this server has log_lines_per_second' } } });
    expect((await series(`${range}&container=x`)).json.error.message).toBe(
      'cannot narrow log_lines_per_second by container',
    );
    expect((await series(`${range}&by=container`)).json.error.hint).toBe('by app, env, host, level');
    expect((await series(`${range}&query=x`)).status).toBe(400);
  });
});

describe('GET /api/v1/metrics/top', () => {
  test('gives the heaviest first, with average and peak', async () => {
    const { json } = await top(`${range}&by=app`);
    expect(Value.Errors(MetricTopAnswerSchema, json)).toEqual([]);
    // Five minutes are judged by stretches of 15 s: ten minutes would still be.
    expect(json).toEqual({
      unit: 'lines/s',
      items: [
        { key: 'shop', average: 38 / 300, peak: 36 / 15 },
        { key: 'pay', average: 1 / 300, peak: 1 / 15 },
      ],
      notes: [],
    });
    const one = (await top(`${range}&by=host&n=1`)).json;
    expect(one.items.map((item: { key: string }) => item.key)).toEqual(['h1']);
    expect(one.notes).toEqual([{ code: 'limit_reached', limit: 1 }]);
  });
});

describe('the scope', () => {
  test('is held over every figure, and over a filter that asks for more', async () => {
    const { secret } = await h.token('reader', [{ app: 'shop', env: 'test' }]);
    const all = (await series(`${range}&by=app&step=5m`, secret)).json;
    expect(all.series).toEqual([{ labels: { app: 'shop' }, points: [[MS, 4 / 60]] }]);
    expect((await series(`${range}&app=pay`, secret)).json.series).toEqual([]);
    expect((await series(`${range}&env=prod&app=*`, secret)).json.series).toEqual([]);
    expect((await top(`${range}&by=env`, secret)).json.items.map((item: { key: string }) => item.key)).toEqual([
      'test',
    ]);
    const { secret: nothing } = await h.token('reader', [{ app: 'x*', env: '*' }]);
    expect((await top(`${range}&by=app`, nothing)).json.items).toEqual([]);
  });

  test('roles that may not read logs may not read figures', async () => {
    const { secret } = await h.token('metrics');
    expect((await series(range, secret)).status).toBe(403);
    expect((await series(range, null as never)).status).toBe(401);
  });
});
