import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSessions, sourceIn } from '../../api/push/sessions.ts';
import type { LinesBatch } from '../../model/batch.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { LogStore } from '../../store/log-store.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { movableClock, T0, until } from '../suites/api-harness.ts';
import { openStore } from '../suites/embedded-fixture.ts';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let dir: string;
let store: LogStore;
let rig: PushRig;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fleetlog-push-'));
  store = await openStore(dir, { clock: movableClock() });
  rig = await startPushRig((config) => {
    config.collector.batchBytes = 4 << 10;
  }, store);
});
afterAll(async () => {
  await rig.close();
  await store.close();
  await rm(dir, { recursive: true });
});
beforeEach(() => {
  rig.behave.before = async () => undefined;
  rig.batches.length = 0;
});

const lines = (app: string, n: number, from = 0): string =>
  Array.from({ length: n }, (_, i) => JSON.stringify({ app, msg: `seq=${from + i} ${'x'.repeat(50)}` })).join('\n');

describe('a request', () => {
  test('is answered when the store has all of it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    rig.behave.before = () => held;
    let answered = false;
    const answer = rig.push('/ndjson', lines('waits', 3)).then((value) => {
      answered = true;
      return value;
    });
    await until(
      () => rig.metric('fleetlog_push_held_bytes'),
      ([line]) => !line.endsWith(' 0'),
    );
    expect(answered).toBe(false);
    release();
    expect((await answer).status).toBe(200);
  });

  test('too large for a batch goes as several; rows keep their order', async () => {
    const body = ['batches-a', 'batches-b'].map((app) => lines(app, 200)).join('\n');
    expect((await rig.push('/ndjson', body)).status).toBe(200);
    expect(rig.batches.length).toBeGreaterThan(4);
    for (const batch of rig.batches) expect(batch.length).toBeLessThanOrEqual(8 << 10);
    for (const app of ['batches-a', 'batches-b']) {
      const all = await rig.records(`app:${app}`);
      expect(all.map(({ fields }) => Number(fields.seq))).toEqual(Array.from({ length: 200 }, (_, i) => i));
    }
  });

  test('the store has no room for is back-pressure', async () => {
    for (const code of ['store_full', 'store_busy', 'closed'] as const) {
      rig.behave.before = () => Promise.reject(new FleetlogError(code));
      const answer = await rig.push('/ndjson', 'x');
      expect(answer).toMatchObject({ status: 503, json: { error: { code } } });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect(await rig.metric('fleetlog_push_failed_requests_total{input="ndjson",reason="store_full"}')).toHaveLength(1);
  });

  test('sent again with its Idempotency-Key stores nothing twice, also when only some of it was stored', async () => {
    const again = () => rig.push('/ndjson', lines('once', 300), { 'idempotency-key': 'k-1' });
    let n = 0;
    rig.behave.before = async () => {
      if (n++ % 2 === 0) throw new FleetlogError('store_busy');
    };
    expect((await again()).status).toBe(503);
    expect((await rig.records('app:once')).length).toBeGreaterThan(0);
    rig.behave.before = async () => undefined;
    for (let i = 0; i < 3; i++) expect((await again()).json).toEqual({ stored: 300 });
    expect(await rig.records('app:once')).toHaveLength(300);
    // Another token's key is another key.
    const other = await rig.newToken();
    await rig.push('/ndjson', lines('once', 300), { 'idempotency-key': 'k-1', authorization: `Bearer ${other}` });
    expect(await rig.records('app:once')).toHaveLength(600);
  });

  test('sent again later keeps the time its lines were given first', async () => {
    const positions = async (): Promise<unknown> => {
      await rig.push('/ndjson', '{"app":"timed","msg":"no time"}', { 'idempotency-key': 'k-2' });
      const { fid, gen, times, offsets } = decodeBatch(rig.batches.at(-1)!) as LinesBatch;
      return { fid, gen, time: times[0], offset: offsets[0] };
    };
    const first = await positions();
    rig.h.clock.set(T0 + 3_600e6);
    expect(await positions()).toEqual(first);
    rig.h.clock.set(T0 + 600e6);
    expect(await rig.records('app:timed')).toHaveLength(1);
  });

  test('without a key is another one; what a store must remember does not grow with requests', async () => {
    for (let i = 0; i < 20; i++) await rig.push('/ndjson', lines('same', 5, i * 5));
    const all = await rig.records('app:same');
    expect(all.map(({ fields }) => Number(fields.seq))).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const marks = new Set(rig.batches.map((batch) => (decodeBatch(batch) as LinesBatch).fid));
    expect(marks.size).toBe(1);
    const spans = rig.batches.map((batch) => decodeBatch(batch) as LinesBatch);
    for (let i = 1; i < spans.length; i++) expect(spans[i].start).toBe(spans[i - 1].end);
  });

  test('at the same time as others: nothing is mixed up, nothing lost', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => rig.push('/ndjson', lines(`par-${i % 3}`, 40, i * 40))));
    const all = await rig.records('app:par-*');
    expect(new Set(all.map(({ fields }) => fields.seq)).size).toBe(1_200);
    expect(all).toHaveLength(1_200);
  });

  test('after one that failed uses new positions: a hole is never filled by others', async () => {
    await rig.push('/ndjson', lines('hole', 10));
    rig.behave.before = () => Promise.reject(new FleetlogError('store_busy'));
    await rig.push('/ndjson', lines('hole', 10, 10));
    rig.behave.before = async () => undefined;
    await rig.push('/ndjson', lines('hole', 10, 10));
    expect(await rig.records('app:hole')).toHaveLength(20);
    const fids = new Set(rig.batches.map((batch) => (decodeBatch(batch) as LinesBatch).fid));
    expect(fids.size).toBe(2);
  });

  test('with a key that is none is refused', async () => {
    expect((await rig.push('/ndjson', 'x', { 'idempotency-key': 'a b' })).json.error.hint).toContain('ASCII');
  });
});

test('the embedded store finds attributes, pairs and words behind line breaks, in memory and in segments', async () => {
  const message = 'java.lang.Foo: cost=12 "x"\n\tat com.shop.Pay(Pay.java:7)';
  await rig.push('/ndjson', JSON.stringify({ app: 'attributes', message, trace_id: 'abc', user: { id: 7 } }));
  for (const flushed of [false, true]) {
    if (flushed) await store.flush();
    for (const query of ['trace_id:abc', 'user.id:>6', 'cost:12', '"at com.shop.Pay"', '-trace_id:abd'])
      expect(await rig.records(`app:attributes ${query}`), query).toHaveLength(1);
    expect(await rig.records('app:attributes trace_id:ab')).toEqual([]);
  }
});

test('the memory bus gives pushed lines to live tails as it does others', async () => {
  const bus = createMemoryBus({ capacityBytes: 1 << 20 });
  const seen: string[] = [];
  bus.tap(({ batch }) => seen.push((decodeBatch(batch) as LinesBatch).source.reader));
  await bus.consume(async () => undefined);
  await rig.push('/ndjson', lines('tapped', 1));
  await bus.publish(rig.batches.at(-1)!);
  expect(seen).toEqual(['push']);
  await bus.close();
});

test('sessions that nobody uses are bounded by number and by sources; the last given is the first taken', () => {
  const sessions = createSessions();
  const used = (count: number) => {
    const session = sessions.take('one', null);
    for (let i = 0; i < count; i++) sourceIn(session, `source ${i}`);
    return session;
  };
  const first = used(3);
  const second = used(4);
  for (const session of [first, second]) sessions.give('one', session);
  expect(sessions.take('other', null)).not.toBe(second);
  expect(sessions.take('one', 'a key')).not.toBe(second);
  expect([sessions.take('one', null), sessions.take('one', null)]).toEqual([second, first]);
  for (let i = 0; i < 1_200; i++) sessions.give(`owner ${i}`, used(1));
  expect(sessions.idle()).toBe(1_000);
  for (let i = 0; i < 8; i++) sessions.give('large', used(19_000));
  expect(sessions.idle()).toBe(5);
  sessions.give('huge', used(21_000));
  expect(sessions.idle()).toBe(5);
});
