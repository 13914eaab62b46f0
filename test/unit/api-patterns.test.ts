import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rankChanges } from '../../api/changes.ts';
import type { ApiChange, ApiPattern } from '../../api/contract.ts';
import { ExplainAnswerSchema, PatternsAnswerSchema } from '../../api/contract-patterns.ts';
import { stateOf } from '../../api/patterns.ts';
import { compareValues } from '../../api/routes/explain-change.ts';
import { patternOf } from '../../model/pattern.ts';
import { createEmbeddedLogStore } from '../../store/embedded/log-store.ts';
import type { LogStore } from '../../store/log-store.ts';
import { defaultConfig, type Harness, movableClock, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

const STORES: [string, (dir: string) => Promise<LogStore>][] = [
  ['in memory', async () => createMemoryLogStore()],
  [
    'embedded',
    (dir) => {
      const { store, retention } = defaultConfig();
      return createEmbeddedLogStore({ dir, store, retention, clock: movableClock() });
    },
  ],
];
const MINUTE = 60e6;
const fid = (n: number) => n.toString(16).padStart(32, '0');

describe.each(STORES)('over the store %s', (_name, openStore) => {
  let h: Harness;
  let dir: string;
  /** The second five minutes; the first five are the period before. */
  const range = `from=${T0 + 5 * MINUTE}&to=${T0 + 10 * MINUTE}`;
  const patterns = async (rest = '', token?: string): Promise<ApiPattern[]> =>
    (await h.get(`/api/v1/logs/patterns?${range}${rest}`, token)).json.patterns;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleetlog-api-patterns-'));
    h = await startHarness({ store: await openStore(dir) });
    const lines = (count: number, text: (n: number) => string) => Array.from({ length: count }, (_, n) => text(n));
    const times = (count: number, from: number) => Array.from({ length: count }, (_, n) => from + n * 1e6);
    const feed = (n: number, app: string, from: number, messages: string[]) =>
      h.feed(linesBatch({ fid: fid(n), source: source({ app }), messages, times: times(messages.length, from) }));
    const before = T0 + MINUTE;
    const now = T0 + 6 * MINUTE;
    await feed(1, 'shop', before, [...lines(40, (n) => `order ${n} placed status=200`), 'old job 7 done']);
    await feed(2, 'shop', now, [
      ...lines(40, (n) => `order ${n} placed status=200`),
      ...lines(30, (n) => `订单${n}失败 status=503`),
      '黑天鹅 rare 1',
    ]);
    await feed(
      3,
      'pay',
      now,
      lines(6, (n) => `paid by ${['ann', 'bob', 'cid', 'dan', 'eve', 'fay'][n]} in ${n} ms`),
    );
    await feed(4, 'secret', now, ['a secret of nobody else']);
  });
  afterAll(async () => {
    await h.close();
    await h.store.close();
    await rm(dir, { recursive: true });
  });

  test('every line is counted, the rare one too, in templates that show what varies', async () => {
    const answer = (await h.get(`/api/v1/logs/patterns?${range}`)).json;
    expect(Value.Check(PatternsAnswerSchema, answer)).toBe(true);
    expect(answer.lines).toBe(78);
    const found = answer.patterns as ApiPattern[];
    expect(found.map(({ template, count }) => [template, count])).toEqual([
      ['order <n> placed status=<n>', 40],
      ['订单<n>失败 status=<n>', 30],
      ['paid by <*> in <n> ms', 6],
      ...[...found.slice(3).map(({ template, count }) => [template, count])],
    ]);
    expect(
      found
        .slice(3)
        .map((one) => one.template)
        .sort(),
    ).toEqual(['a secret of nobody else', '黑天鹅 rare <n>']);
    expect(found.reduce((sum, one) => sum + one.count, 0)).toBe(answer.lines);
    expect(found[2].patterns).toHaveLength(6);
    expect(found[1]).toMatchObject({ apps: [{ value: 'shop', count: 30 }], before: null, state: null });
    expect(found[1].trend.reduce((sum, n) => sum + n, 0)).toBe(30);
    expect(found[1].sample?.message).toBe('订单29失败 status=503');
    expect(found[1].share).toBeCloseTo(30 / 78);
  });

  test('compared with the period before: new, gone, and what only grew with everything is the same', async () => {
    const found = await patterns('&compare=previous');
    const state = (template: string) => found.find((one) => one.template === template);
    expect(state('order <n> placed status=<n>')).toMatchObject({ before: 40, state: 'same' });
    expect(state('订单<n>失败 status=<n>')).toMatchObject({ before: 0, state: 'new' });
    expect(state('old job <n> done')).toMatchObject({ count: 0, before: 1, state: 'gone', first: null, sample: null });
    expect(stateOf(200, 100, 2)).toBe('same');
    expect(stateOf(200, 20, 2)).toBe('changed');
  });

  test('pattern: finds the lines of a pattern, alone and merged, and leaves them out', async () => {
    const count = async (query: string) =>
      (await h.get(`/api/v1/logs?${range}&limit=500&query=${encodeURIComponent(query)}`)).json.records.length;
    const [order, failed, paid] = await patterns();
    expect(await count(`pattern:${failed.id}`)).toBe(30);
    expect(await count(`-pattern:${failed.id} app:shop`)).toBe(41);
    expect(await count(`pattern:(${paid.patterns.join(' OR ')})`)).toBe(6);
    expect(await count(`pattern:${order.id} status:200`)).toBe(40);
    expect(failed.id).toBe(patternOf('订单1失败 status=503'));
  });

  test('shows nothing outside the scope of the caller', async () => {
    const { secret } = await h.token('reader', [{ app: 'shop', env: '*' }]);
    const found = await patterns('&compare=previous', secret);
    expect(found.flatMap((one) => one.apps.map((app) => app.value))).not.toContain('pay');
    expect(found.map((one) => one.template).join()).not.toContain('secret');
    const changes = (await h.get(`/api/v1/logs/explain?${range}`, secret)).json.items as ApiChange[];
    expect(JSON.stringify(changes)).not.toMatch(/secret|pay/);
  });

  test('a limit cuts the list and says so', async () => {
    const answer = (await h.get(`/api/v1/logs/patterns?${range}&limit=1`)).json;
    expect(answer.patterns).toHaveLength(1);
    expect(answer.notes).toContainEqual({ code: 'limit_reached', limit: 1, total: answer.total });
    expect(answer.lines).toBe(78);
  });

  test('a spike is explained by the values and patterns that make it', async () => {
    const answer = (await h.get(`/api/v1/logs/explain?${range}&query=app:shop`)).json;
    expect(Value.Check(ExplainAnswerSchema, answer)).toBe(true);
    expect([answer.lines, answer.baselineLines]).toEqual([71, 41]);
    const items = answer.items as ApiChange[];
    const at = (test: (one: ApiChange) => boolean) => items.findIndex(test);
    expect(at((one) => one.field === 'status' && one.value === '503')).toBeGreaterThanOrEqual(0);
    expect(items.slice(0, 3).map((one) => one.template ?? one.value)).toContain('订单<n>失败 status=<n>');
    expect(items.find((one) => one.value === '503')).toMatchObject({ count: 30, baseline: 0, factor: null });
    // Every line has this app: it cannot be what changed.
    expect(at((one) => one.field === 'app')).toBe(-1);
  });

  test('a baseline may be chosen', async () => {
    const same = `&baselineFrom=${T0 + 5 * MINUTE}&baselineTo=${T0 + 10 * MINUTE}`;
    expect((await h.get(`/api/v1/logs/explain?${range}${same}`)).json.items).toEqual([]);
    const wrong = await h.get(`/api/v1/logs/explain?${range}&baselineFrom=x`);
    expect([wrong.status, wrong.json.error.code]).toEqual([400, 'bad_time']);
  });
});

test('a value that a cut list does not hold counts as its last one, not as none', () => {
  const now = [
    { value: 'a', count: 9 },
    { value: 'b', count: 8 },
  ];
  const before = [
    { value: 'a', count: 9 },
    { value: 'c', count: 7 },
  ];
  expect(compareValues('f', now, before, 2)).toEqual([
    { kind: 'field', field: 'f', value: 'a', count: 9, baseline: 9 },
    { kind: 'field', field: 'f', value: 'b', count: 8, baseline: 7 },
    { kind: 'field', field: 'f', value: 'c', count: 8, baseline: 7 },
  ]);
});

test('what took over half of the lines comes before what grew tenfold from little to little', () => {
  const value = (name: string, count: number, baseline: number) => ({
    kind: 'field' as const,
    field: 'f',
    value: name,
    count,
    baseline,
  });
  const ranked = rankChanges(
    [value('little', 100, 10), value('half', 5000, 100), value('same', 900, 900)],
    { lines: 10_000, baselineLines: 10_000, width: 1, baselineWidth: 1 },
    10,
  );
  expect(ranked.map((one) => one.value)).toEqual(['half', 'little']);
  expect(ranked[0].factor).toBe(50);
});
