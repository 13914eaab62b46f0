import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MoveStatus } from '../../api/mover.ts';
import { move } from '../../cli/move/mover.ts';
import { systemClock } from '../../model/clock.ts';
import { encodeRecordId } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import type { LogStore } from '../../store/log-store.ts';
import { createSqliteStateStore } from '../../store/sqlite/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { openStore } from '../suites/embedded-fixture.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';
import { mixedRecords } from '../suites/mixed-records.ts';
import { appendRecords } from '../suites/record-batches.ts';

const HOUR = 3600e6;
let dir: string;
let store: LogStore;
let state: StateStore;
let other: { store: LogStore; state: StateStore };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-move-'));
  store = await openStore(join(dir, 'store'));
  state = await createSqliteStateStore({ file: join(dir, 'a.db'), clock: systemClock });
  other = {
    store: createMemoryLogStore(),
    state: await createSqliteStateStore({ file: join(dir, 'b.db'), clock: systemClock }),
  };
});
afterEach(async () => {
  await Promise.all([store.close(), state.close(), other.state.close()]);
  rmSync(dir, { recursive: true, force: true });
});

const run = (change: { to?: LogStore; signal?: AbortSignal; onProgress?: (s: MoveStatus) => void } = {}) =>
  move({
    from: { store, state },
    to: { store: change.to ?? other.store, state: other.state },
    target: 'elsewhere',
    clock: systemClock,
    signal: change.signal ?? new AbortController().signal,
    onProgress: change.onProgress ?? (() => {}),
  });

async function allOf(from: LogStore): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  const range = { query: { type: 'all' }, from: 0, to: 4e15, order: 'asc' } as const;
  for await (const chunk of from.scan(range)) all.push(...chunk);
  return all;
}

/** What must be the same in both stores: identity, place in the order, and everything a reader sees. */
const seen = (records: LogRecord[]) =>
  records.map((r) => ({ id: encodeRecordId(r), app: r.source.app, level: r.level, raw: r.raw, text: r.message }));

/** Records spread over some hours. */
const spread = (n: number): LogRecord[] =>
  mixedRecords(7, n).map((record, i) => ({ ...record, time: record.time + (i % 5) * HOUR }));

describe('move', () => {
  test('every line arrives once, with its id, order and bytes; moving again reads nothing', async () => {
    await appendRecords(store, spread(2_000));
    const done = await run();
    expect(done).toMatchObject({ state: 'done', records: 2_000, moved: 2_000, had: 0, tooOld: 0 });
    expect(seen(await allOf(other.store))).toEqual(seen(await allOf(store)));
    let appended = 0;
    const counting: LogStore = {
      ...other.store,
      append(batches) {
        appended++;
        return other.store.append(batches);
      },
    };
    expect(await run({ to: counting })).toMatchObject({ state: 'done', moved: 2_000 });
    expect(appended).toBe(0);
  });

  test('goes on after a failure, and doubles nothing of the hour it was at', async () => {
    await appendRecords(store, spread(2_000));
    let left = 3;
    const failing: LogStore = {
      ...other.store,
      async append(batches) {
        const result = await other.store.append(batches);
        // The worst moment: it was stored, and nobody is told.
        if (--left === 0) throw new Error('gone');
        return result;
      },
    };
    await expect(run({ to: failing })).rejects.toThrow('gone');
    const done = await run();
    expect(done).toMatchObject({ state: 'done', moved: 2_000 });
    expect(done.had).toBeGreaterThan(0);
    expect(seen(await allOf(other.store))).toEqual(seen(await allOf(store)));
  });

  test('stops when asked and goes on from there', async () => {
    await appendRecords(store, spread(2_000));
    const abort = new AbortController();
    let last: MoveStatus | null = null;
    const stopped = run({
      signal: abort.signal,
      onProgress(status) {
        last = status;
        if (status.moved > 0) abort.abort();
      },
    });
    await expect(stopped).rejects.toThrow();
    const moved = (last as MoveStatus | null)?.moved ?? 0;
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(2_000);
    const done = await run();
    expect(done).toMatchObject({ state: 'done', moved: 2_000, had: 0 });
    expect((await allOf(other.store)).length).toBe(2_000);
  });

  test('lines that come while it moves, into hours already moved too, are moved as well', async () => {
    const records = spread(2_000);
    // Of whole files: what a store has of a file it has from the beginning.
    const late = new Set([records[0].fid, records[1].fid]);
    const early = records.filter(({ fid }) => late.has(fid));
    await appendRecords(
      store,
      records.filter(({ fid }) => !late.has(fid)),
    );
    let came = false;
    const done = await run({
      onProgress(status) {
        if (came || status.moved < 1_000) return;
        came = true;
      },
      to: {
        ...other.store,
        async append(batches) {
          if (came && early.length > 0) await appendRecords(store, early.splice(0));
          return other.store.append(batches);
        },
      },
    });
    expect(early).toEqual([]);
    expect(done).toMatchObject({ state: 'done', records: 2_000, moved: 2_000 });
    expect(seen(await allOf(other.store))).toEqual(seen(await allOf(store)));
  });

  test('a store that does not account for every line stops it', async () => {
    await appendRecords(store, spread(200));
    const losing: LogStore = {
      ...other.store,
      async append(batches) {
        const result = await other.store.append(batches);
        return { ...result, stored: result.stored - 1 };
      },
    };
    await expect(run({ to: losing })).rejects.toThrow('cannot move lines');
  });

  test('users, tokens and views come along; what is there stays', async () => {
    await state.put('user', 'ann', { name: 'ann', password: 'scrypt$1' });
    await state.put('user', 'bob', { name: 'bob', password: 'scrypt$2' });
    await state.put('token', 't1', { name: 'ci' });
    await state.put('session', 's1', { user: 'ann' });
    await other.state.put('user', 'bob', { name: 'bob', password: 'of there' });
    expect((await run()).people).toEqual({ moved: 2, kept: 1 });
    expect((await other.state.get('user', 'ann'))?.doc).toEqual({ name: 'ann', password: 'scrypt$1' });
    expect((await other.state.get('user', 'bob'))?.doc).toEqual({ name: 'bob', password: 'of there' });
    expect(await other.state.get('session', 's1')).toBeNull();
  });
});
