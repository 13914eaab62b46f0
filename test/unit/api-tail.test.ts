import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LinesBatch } from '../../model/batch.ts';
import { dose } from '../doses.ts';
import { type Harness, startHarness, T0, until } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { openTail, type Tail } from '../suites/event-source.ts';

let h: Harness;
let tails: Tail[];
let lines = 0;
const offsets = new Map<string, number>();
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

beforeEach(async () => {
  h = await startHarness({ config: (config) => void (config.query.tailBufferRows = 1_000) });
  tails = [];
  offsets.clear();
});
afterEach(async () => {
  for (const tail of tails) tail.close();
  await h.close();
});

/** The next lines of a file, a microsecond apart from the clock's time on. */
function next(messages: string[], app = 'shop', fid = app): LinesBatch {
  const id = Buffer.from(fid).toString('hex').padStart(32, '0');
  const start = offsets.get(id) ?? 0;
  const times = messages.map(() => h.clock.nowUs() + lines++);
  const batch = linesBatch({ fid: id, source: source({ app, host: 'h1' }), start, messages, times });
  offsets.set(id, batch.end);
  return batch;
}

async function tail(query = '', headers: Record<string, string> = {}, token = h.admin): Promise<Tail> {
  const one = await openTail(`${h.url}/api/v1/logs/tail?${query}`, { authorization: `Bearer ${token}`, ...headers });
  tails.push(one);
  if (one.status === 200) await one.until((t) => t.events.some((event) => event.event === 'watermark') || t.ended());
  return one;
}

describe('live', () => {
  test('lines come as records of the contract, in order, filtered', async () => {
    const all = await tail();
    const some = await tail('query=line%20-7&app=shop');
    await h.feed(next(numbers(0, 10)), next(['pay line'], 'pay'));
    await all.until((t) => t.records().length === 11);
    await some.until((t) => t.records().length === 9);
    expect(some.messages()).toEqual(numbers(0, 10).filter((line) => line !== 'line 7'));
    const [stored] = (await h.get(`/api/v1/logs?query=${encodeURIComponent('"line 0"')}&to=now%2B1m`)).json.records;
    expect(all.records()).toContainEqual(stored);
  });

  test('levels nobody has looked at are detected; events only when asked for', async () => {
    const errors = await tail('level=error');
    const events = await tail('query=stream:event');
    const batch = next(['2026-11-21 10:00:00 ERROR broken', '2026-11-21 10:00:00 INFO fine']);
    batch.levels.fill(255);
    const died = linesBatch({ kind: 'events', messages: ['event=die'], flags: [3], times: [h.clock.nowUs()] });
    await h.feed(batch, died);
    await errors.until((t) => t.records().length === 1);
    await events.until((t) => t.records().length === 1);
    expect(events.messages()).toEqual(['event=die']);
  });

  test('the newest lines first when asked for, each once', async () => {
    await h.feed(next(numbers(0, 30)));
    const one = await tail('last=5');
    await h.feed(next(numbers(30, 33)));
    await one.until((t) => t.records().length >= 8);
    expect(one.messages()).toEqual(numbers(25, 33));
  });

  test('lines that arrive while the newest are looked up come once', async () => {
    await h.feed(next(numbers(0, 500)));
    const opening = tail('last=500');
    for (let i = 500; i < 600; i += 10) await h.feed(next(numbers(i, i + 10)));
    const one = await opening;
    await one.until((t) => t.messages().includes('line 599'));
    const got = one.messages();
    expect(new Set(got).size).toBe(got.length);
    expect(got.slice(-100)).toEqual(numbers(500, 600));
  });

  test('a watermark a second, never before the lines it speaks of', async () => {
    await h.report('h1', T0 + 60e6);
    const one = await tail();
    const marks = (): unknown[] =>
      one.events.filter((event) => event.event === 'watermark').map((event) => event.data.completeTo);
    await one.until(() => marks().includes('2026-11-21T00:01:00.000000Z'));
    await h.report('h1', T0 + 61e6, { receivedAt: h.clock.nowUs() - 31e6 });
    await one.until(() => marks().at(-1) === null && marks().length > 2);
  });

  test('bad requests are answered before the stream begins', async () => {
    expect((await tail('query=(')).status).toBe(400);
    expect((await tail('form=now')).status).toBe(400);
    expect((await tail('', { 'last-event-id': 'nonsense' })).status).toBe(400);
    expect((await tail('', {}, 'flt_x')).status).toBe(401);
  });

  test('a bounded number of them', async () => {
    await h.close();
    h = await startHarness({ config: (config) => void (config.query.maxTails = 2) });
    const first = await tail();
    await tail();
    expect((await tail()).status).toBe(429);
    first.close();
    let again = await tail();
    for (let i = 0; i < 50 && again.status !== 200; i++) again = await tail();
    expect(again.status).toBe(200);
  });
});

describe('resume', () => {
  test('goes on where it was: nothing missing, nothing twice', async () => {
    let current = await tail('app=shop');
    const got: string[] = [];
    let sent = 0;
    for (let round = 0; round < dose(8, 60); round++) {
      const count = 1 + ((round * 37) % 90);
      const feeding = h.feed(next(numbers(sent, sent + count)), next(['other'], 'pay'));
      sent += count;
      // Cut off after some of them, wherever that is.
      await current.until((t) => t.records().length >= Math.floor(count / 2));
      current.close();
      got.push(...current.messages());
      await feeding;
      const lastId = current.lastId()!;
      current = await tail('app=shop', { 'last-event-id': lastId });
    }
    await current.until((t) => got.length + t.records().length >= sent);
    expect([...got, ...current.messages()]).toEqual(numbers(0, sent));
  });

  test('after a restart lines may come again, but none is missing', async () => {
    await h.report('h1', h.clock.nowUs() - 1e6);
    const before = await tail();
    await h.feed(next(numbers(0, 20)));
    await before.until((t) => t.records().length === 20);
    const lastId = before.lastId()!;
    before.close();
    await h.restart();
    await h.feed(next(numbers(20, 40)));
    const after = await tail('', { 'last-event-id': lastId });
    await h.feed(next(numbers(40, 50)));
    await after.until((t) => t.messages().includes('line 49'));
    expect(new Set([...before.messages(), ...after.messages()])).toEqual(new Set(numbers(0, 50)));
    const live = after.messages().filter((line) => Number(line.slice(5)) >= 40);
    expect(live).toEqual(numbers(40, 50));
  });

  test('a host that was silent and has come back is not forgotten', async () => {
    const now = h.clock.nowUs();
    await h.report('h1', now);
    await h.report('h2', now - 300e6, { receivedAt: now - 300e6 });
    const before = await tail();
    const seen = before.events.length;
    // Two more ticks, so that ids carry how far both hosts have come.
    await before.until((t) => t.events.length >= seen + 3);
    await h.feed(next(['seen']));
    await before.until((t) => t.records().length === 1);
    before.close();
    await h.restart();
    h.clock.set(now - 299e6);
    await h.feed(next(['late line of h2'], 'late'));
    h.clock.set(now);
    const after = await tail('', { 'last-event-id': before.lastId()! });
    await after.until((t) => t.messages().includes('late line of h2'));
  });
});

describe('slow and busy', () => {
  test('shown + skipped = written, and the gap is in its place', async () => {
    const one = await tail('app=shop');
    one.pause();
    const count = dose(30_000, 200_000);
    const filler = 'x'.repeat(1_000);
    for (let i = 0; i < count; i += 1_000)
      await h.feed(next(numbers(i, i + 1_000).map((line) => `${line} ${filler}`)), next(['not mine'], 'pay'));
    const given = async (): Promise<number> =>
      Number(/^fleetlog_api_tail_records_total (\d+)/m.exec((await h.get('/metrics')).text)?.[1]);
    await until(given, (records) => records >= count);
    one.resume();
    await one.until((t) => t.events.some((event) => event.event === 'skipped'));
    await h.feed(next(['the end']));
    await one.until((t) => t.messages().includes('the end'));
    const skipped = one.events.filter((event) => event.event === 'skipped');
    const missing = skipped.reduce((sum, event) => sum + event.data.count, 0);
    expect(one.records().length - 1 + missing).toBe(count);
    let expected = 0;
    for (const { event, data } of one.events) {
      if (event === 'skipped') expected += data.count;
      if (event === 'record' && data.message !== 'the end') expect(Number(data.message.split(' ')[1])).toBe(expected++);
    }
    expect(expected).toBe(count);
    expect(skipped[0].data).toEqual({
      count: expect.any(Number),
      reason: 'slow_client',
      from: expect.stringMatching(/^2026-/),
      to: expect.stringMatching(/^2026-/),
    });
  });

  test('many tails at once: each sees all of its own', async () => {
    const queries = [
      '',
      'query=line',
      'query=~%22ne%209%22',
      'app=shop',
      'query=/line%20%5Cd%2B7$/',
      'level=none',
      'app=pay',
    ];
    const all = await Promise.all(Array.from({ length: 21 }, (_, i) => tail(queries[i % queries.length])));
    let sent = 0;
    for (let i = 0; i < 20; i++) {
      await h.feed(next(numbers(sent, sent + 500)));
      sent += 500;
    }
    for (const [i, one] of all.entries()) {
      const expected = queries[i % queries.length] === 'app=pay' ? 0 : 1;
      await one.until((t) => {
        const skipped = t.events.filter((e) => e.event === 'skipped').reduce((sum, e) => sum + e.data.count, 0);
        return expected === 0 || t.records().length + skipped > sent / 20;
      });
      if (expected === 0) expect(one.records()).toEqual([]);
    }
  });
});

describe('rights', () => {
  test('a revoked token ends its tail at once', async () => {
    const { secret, token } = await h.token('reader');
    const one = await tail('', {}, secret);
    await h.send('DELETE', `/api/v1/tokens/${token.id}`);
    await one.until((t) => t.ended());
    expect(one.events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'revoked' } });
  });

  test('a narrower scope counts from then on', async () => {
    const { send } = h;
    await send('POST', '/api/v1/users', { name: 'bob', password: 'blue horse 77 sky' });
    const login = await send('POST', '/api/v1/login', { name: 'bob', password: 'blue horse 77 sky' }, {});
    const cookie = login.headers.get('set-cookie')!.split(';')[0];
    const one = await openTail(`${h.url}/api/v1/logs/tail`, { cookie });
    tails.push(one);
    await one.until((t) => t.events.length > 0);
    await h.feed(next(['before'], 'pay'));
    await one.until((t) => t.records().length === 1);
    await send('PATCH', '/api/v1/users/bob', { scopes: [{ app: 'shop', env: '*' }] });
    await h.feed(next(['after'], 'pay'), next(['mine']));
    await one.until((t) => t.messages().includes('mine'));
    expect(one.messages()).toEqual(['before', 'mine']);
  });

  test('closing the API says so', async () => {
    const one = await tail();
    await h.restart();
    await one.until((t) => t.ended());
    expect(one.events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'shutdown' } });
  });
});
