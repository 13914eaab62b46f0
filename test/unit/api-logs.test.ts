import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

describe.each(STORES)('over the store %s', (_name, openStore) => {
  let h: Harness;
  let dir: string;
  const range = `from=${T0}&to=${T0 + 600e6}`;
  const fid = (n: number): string => n.toString(16).padStart(32, '0');

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleetlog-api-logs-'));
    h = await startHarness({ store: await openStore(dir) });
    await h.feed(
      linesBatch({
        fid: fid(1),
        source: source({ app: 'shop', env: 'prod', host: 'h1', instance: 'shop-1' }),
        messages: ['order 1 placed', 'order 2 failed status=503', '下单失败 order 3', '{"user":{"id":7},"msg":"json"}'],
        levels: [3, 5, 5, 0],
      }),
      linesBatch({
        fid: fid(2),
        source: source({
          app: 'pay',
          env: 'test',
          host: 'h2',
          instance: 'pay-1',
          containerName: 'pay',
          container: 'd'.repeat(64),
        }),
        messages: ['paid 1', 'paid 2'],
        times: [T0 + 500_000, T0 + 1_500_000],
      }),
      linesBatch({
        fid: fid(3),
        kind: 'events',
        source: source({ app: 'shop', env: 'prod', reader: 'event' }),
        messages: ['event=die exitCode=137 name=shop-1', 'event=start name=shop-1'],
        times: [T0 + 2_200_000, T0 + 2_300_000],
        flags: [3, 3],
      }),
    );
    await h.report('h1', T0 + 599e6);
  });
  afterAll(async () => {
    await h.close();
    await h.store.close();
    await rm(dir, { recursive: true });
  });

  const messages = (answer: { json: { records: { message: string }[] } }): string[] =>
    answer.json.records.map((record) => record.message);

  describe('logs', () => {
    test('newest first, with everything a record has', async () => {
      const answer = await h.get(`/api/v1/logs?${range}&limit=1&order=asc`);
      expect(answer.status).toBe(200);
      expect(answer.json.records[0]).toEqual({
        id: expect.stringMatching(/^[A-Za-z0-9_-]{46}$/),
        time: '2026-11-21T00:00:00.000000Z',
        app: 'shop',
        env: 'prod',
        host: 'h1',
        container: 'c'.repeat(64),
        containerName: 'shop-1',
        instance: 'shop-1',
        stream: 'stdout',
        path: '/logs/shop.log',
        level: 'info',
        message: 'order 1 placed',
        fields: {},
        image: 'shop',
        version: '1',
      });
      const all = await h.get(`/api/v1/logs?${range}`);
      expect(messages(all)[0]).toBe('{"user":{"id":7},"msg":"json"}');
      expect(all.json.records[0].fields).toEqual({ 'user.id': '7', msg: 'json' });
      expect(all.json.records[0].level).toBeNull();
      expect(all.json.next).toBeNull();
      expect(all.json.completeTo).toBe('2026-11-21T00:09:59.000000Z');
    });

    test('leaves events out unless they are asked for', async () => {
      expect((await h.get(`/api/v1/logs?${range}`)).json.records).toHaveLength(6);
      expect((await h.get(`/api/v1/logs?${range}&query=stream:event`)).json.records).toHaveLength(2);
      expect(messages(await h.get(`/api/v1/logs?${range}&query=die`))).toEqual([]);
    });

    test('filters: one value of a parameter is enough, all parameters must hold', async () => {
      const count = async (q: string): Promise<number> =>
        (await h.get(`/api/v1/logs?${range}&${q}`)).json.records.length;
      expect(await count('app=shop')).toBe(4);
      expect(await count('app=shop&app=pay')).toBe(6);
      expect(await count('app=shop&env=test')).toBe(0);
      expect(await count('app=s*&level=error')).toBe(2);
      expect(await count('level=none&app=shop')).toBe(1);
      expect(await count('level=ERROR&level=info')).toBe(3);
      expect(await count(`container=${'d'.repeat(12)}`)).toBe(2);
      expect(await count('container=pay')).toBe(2);
      expect(await count('container=pa')).toBe(0);
      expect(await count('host=h2&query=paid%20-2')).toBe(1);
    });

    test('a joined query speaks Chinese', async () => {
      expect(messages(await h.get(`/api/v1/logs?${range}&query=${encodeURIComponent('失败')}`))).toEqual([
        '下单失败 order 3',
      ]);
    });

    test('pages by cursor both ways; the next page ignores a range beside it', async () => {
      for (const order of ['asc', 'desc']) {
        const whole = messages(await h.get(`/api/v1/logs?${range}&order=${order}`));
        const found: string[] = [];
        let cursor = '';
        for (let page = 0; page < 10; page++) {
          const q = cursor ? `cursor=${cursor}&from=${T0 + 5e6}&to=${T0 + 6e6}` : range;
          const answer = await h.get(`/api/v1/logs?${q}&limit=2&order=${order}`);
          found.push(...messages(answer));
          if (!answer.json.next) break;
          expect(answer.json.notes).toContainEqual({ code: 'limit_reached', limit: 2 });
          cursor = answer.json.next;
        }
        expect(found).toEqual(whole);
      }
    });

    test('a cursor survives a restart', async () => {
      const first = await h.get(`/api/v1/logs?${range}&limit=2`);
      await h.restart();
      const second = await h.get(`/api/v1/logs?cursor=${first.json.next}&limit=2`);
      const whole = messages(await h.get(`/api/v1/logs?${range}`));
      expect([...messages(first), ...messages(second)]).toEqual(whole.slice(0, 4));
    });

    test('a cursor of another query, other filters or order is refused, a broken one too', async () => {
      const { next } = (await h.get(`/api/v1/logs?${range}&limit=2&query=order`)).json;
      const code = async (q: string): Promise<string> =>
        (await h.get(`/api/v1/logs?${q}`)).json.error?.code ?? 'accepted';
      expect(await code(`cursor=${next}&query=order`)).toBe('accepted');
      expect(await code(`cursor=${next}&query=ORDER`)).toBe('cursor_mismatch');
      expect(await code(`cursor=${next}&query=order&app=shop`)).toBe('cursor_mismatch');
      expect(await code(`cursor=${next}&query=order&order=asc`)).toBe('cursor_mismatch');
      expect(await code('cursor=abc')).toBe('bad_cursor');
      expect(await code(`cursor=${next.slice(0, -6)}&query=order`)).toBe('bad_cursor');
    });

    test('bad requests say what is wrong', async () => {
      const error = async (q: string) => (await h.get(`/api/v1/logs?${q}`)).json.error;
      expect(await error('from=yesterday')).toMatchObject({ code: 'bad_time', hint: expect.any(String) });
      expect(await error(`from=${T0 + 2}&to=${T0 + 1}`)).toMatchObject({ code: 'bad_time' });
      expect(await error('from=now-500d')).toMatchObject({ code: 'range_too_long' });
      expect(await error('limit=10001')).toMatchObject({ code: 'limit_too_large' });
      expect(await error('limit=0')).toMatchObject({ code: 'bad_request' });
      expect(await error('qeury=x')).toMatchObject({ code: 'bad_request', hint: 'did you mean query?' });
      expect(await error('level=loud')).toMatchObject({ code: 'bad_request', hint: expect.stringContaining('none') });
      expect(await error('query=(a')).toMatchObject({
        code: 'bad_query',
        hint: expect.any(String),
        position: { start: expect.any(Number), end: expect.any(Number) },
        action: { query: '"(a"' },
      });
      expect(await error('query=a&query=b')).toMatchObject({ code: 'bad_request' });
      expect(await error('script=1')).toMatchObject({ code: 'bad_request' });
    });
  });

  describe('explained empties', () => {
    const notes = async (q: string, r = range): Promise<{ code: string }[]> =>
      (await h.get(`/api/v1/logs?${r}&${q}`)).json.notes;

    test('an unknown field, with the nearest', async () => {
      expect(await notes('query=statsu:503')).toContainEqual({
        code: 'unknown_field',
        field: 'statsu',
        nearest: 'status',
      });
      expect(await notes('query=status:504')).not.toContainEqual(expect.objectContaining({ code: 'unknown_field' }));
    });
    test('a value that exists in another case, or nearly', async () => {
      expect(await notes('query=app:Shop')).toContainEqual({
        code: 'other_case_exists',
        field: 'app',
        value: 'Shop',
        found: 'shop',
      });
      expect(await notes('app=shpo')).toContainEqual({
        code: 'unknown_value',
        field: 'app',
        value: 'shpo',
        nearest: 'shop',
      });
    });
    test('text that was read as a field', async () => {
      expect(await notes('query=cost:1300ms')).toContainEqual(
        expect.objectContaining({ code: 'search_as_text', query: expect.stringContaining('"') }),
      );
    });
    test('hits beside the range, and since when a source is silent', async () => {
      const later = `from=${T0 + 100e6}&to=${T0 + 200e6}`;
      expect(await notes('query=paid', later)).toContainEqual({
        code: 'hit_outside_range',
        side: 'before',
        time: '2026-11-21T00:00:01.500000Z',
      });
      expect(await notes('app=pay', later)).toContainEqual({
        code: 'source_silent_since',
        app: 'pay',
        since: '2026-11-21T00:00:01.500000Z',
      });
      expect(await notes('query=paid', later)).toContainEqual({ code: 'lines_in_range', count: 0 });
    });
    test('a range before retention', async () => {
      expect(await notes('', `from=now-40d&to=now-39d`)).toContainEqual({
        code: 'range_outside_retention',
        retentionStart: '2026-10-22T00:10:00.000000Z',
      });
    });
    test('no explanation where there are rows', async () => {
      expect(await notes('')).toEqual([]);
    });
  });

  describe('histogram', () => {
    test('buckets are aligned to the epoch, empty ones included', async () => {
      const answer = await h.get(`/api/v1/logs/histogram?from=${T0 + 500_000}&to=${T0 + 5e6}&interval=2s`);
      expect(answer.json.interval).toBe('2s');
      expect(answer.json.buckets).toEqual([
        { time: '2026-11-21T00:00:00.000000Z', counts: { error: 1, none: 2 } },
        { time: '2026-11-21T00:00:02.000000Z', counts: { error: 1, none: 1 } },
        { time: '2026-11-21T00:00:04.000000Z', counts: {} },
      ]);
    });
    test('auto takes a round step of at most 120 buckets', async () => {
      for (const [to, interval] of [
        ['1ms', '1ms'],
        ['15m', '10s'],
        ['1h', '30s'],
        ['1d', '15m'],
        ['30d', '6h'],
      ]) {
        const answer = await h.get(`/api/v1/logs/histogram?from=${T0 / 1000}&to=${T0 / 1000 + ms(to)}`);
        expect(answer.json.interval).toBe(interval);
        expect(answer.json.buckets.length).toBeLessThanOrEqual(120);
      }
    });
    test('groups by app and refuses too many buckets', async () => {
      const byApp = await h.get(`/api/v1/logs/histogram?${range}&interval=1h&by=app`);
      expect(byApp.json.buckets).toEqual([{ time: '2026-11-21T00:00:00.000000Z', counts: { shop: 4, pay: 2 } }]);
      const fine = await h.get(`/api/v1/logs/histogram?${range}&interval=1ms`);
      expect(fine.json.error).toMatchObject({ code: 'bad_request', hint: expect.stringContaining('5s') });
      expect((await h.get(`/api/v1/logs/histogram?${range}&interval=soon`)).json.error.code).toBe('bad_request');
    });
  });

  const ms = (text: string): number =>
    ({ '1ms': 1, '15m': 900e3, '1h': 3600e3, '1d': 86_400e3, '30d': 30 * 86_400e3 })[text]!;

  test('facets give exact top values', async () => {
    const answer = await h.get(`/api/v1/logs/facets?${range}&fields=app,level,status&size=2`);
    expect(answer.json.facets).toEqual({
      app: [
        { value: 'shop', count: 4 },
        { value: 'pay', count: 2 },
      ],
      level: [
        { value: 'none', count: 3 },
        { value: 'error', count: 2 },
      ],
      status: [{ value: '503', count: 1 }],
    });
    expect((await h.get(`/api/v1/logs/facets?${range}&fields=,`)).json.error.code).toBe('bad_request');
  });

  test('names of fields in the lines, with kind and how many lines have them', async () => {
    const named = async (q: string) => (await h.get(`/api/v1/logs/fields?${range}&${q}`)).json;
    expect(await named('')).toMatchObject({
      fields: [
        { name: 'msg', kind: 'text', lines: 1 },
        { name: 'status', kind: 'number', lines: 1 },
        { name: 'user.id', kind: 'number', lines: 1 },
      ],
      looked: 6,
      notes: [],
    });
    expect((await named('prefix=STA')).fields.map((one: { name: string }) => one.name)).toEqual(['status']);
    expect(await named('size=2')).toMatchObject({ notes: [{ code: 'limit_reached', limit: 2, total: 3 }] });
    expect(await named('app=pay')).toMatchObject({ fields: [], looked: 2 });
    expect((await named('query=failed')).fields).toEqual([{ name: 'status', kind: 'number', lines: 1 }]);
    // What events are made of are no fields of lines, unless events are asked for.
    expect((await named('query=stream:event')).fields.map((one: { name: string }) => one.name)).toContain('exitCode');
    expect((await h.get(`/api/v1/logs/fields?${range}&size=1001`)).status).toBe(400);
  });

  test('context gives the lines around, unfiltered and in order', async () => {
    const [anchor] = (await h.get(`/api/v1/logs?${range}&query=failed`)).json.records;
    const answer = await h.get(`/api/v1/logs/context?id=${anchor.id}&before=5&after=1`);
    expect(answer.json.before.map((r: { message: string }) => r.message)).toEqual(['order 1 placed']);
    expect(answer.json.anchor).toEqual(anchor);
    expect(answer.json.after.map((r: { message: string }) => r.message)).toEqual(['下单失败 order 3']);
    expect((await h.get('/api/v1/logs/context?id=nope')).json.error.code).toBe('bad_request');
    expect((await h.get(`/api/v1/logs/context?id=${'A'.repeat(46)}`)).status).toBe(404);
  });

  test('events are a list of their own', async () => {
    const answer = await h.get(`/api/v1/events?${range}`);
    expect(answer.json.items.map((e: { type: string }) => e.type)).toEqual(['start', 'die']);
    expect(answer.json.items[1]).toMatchObject({ exitCode: 137, app: 'shop', containerName: 'shop-1', image: 'shop' });
    expect((await h.get(`/api/v1/events?${range}&type=die`)).json.items).toHaveLength(1);
    expect((await h.get(`/api/v1/events?${range}&app=pay`)).json.items).toHaveLength(0);
    const page = await h.get(`/api/v1/events?${range}&limit=1`);
    const next = await h.get(`/api/v1/events?cursor=${page.json.next}&limit=1`);
    expect(next.json).toMatchObject({ items: [{ type: 'die' }], next: null });
  });
});
