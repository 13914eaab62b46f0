import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { matchesGlob } from '../../model/glob.ts';
import { createRetentionClasses } from '../../model/retention-classes.ts';
import { type Disk, realDisk } from '../../store/embedded/disk.ts';
import { planMerges, planRetention } from '../../store/embedded/retention.ts';
import type { SegmentRow } from '../../store/embedded/segment-writer.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { openStore, standingClock } from '../suites/embedded-fixture.ts';
import { SUITE_NOW } from '../suites/log-store-suite.ts';

const ALL = { query: { type: 'all' }, from: 0, to: Number.MAX_SAFE_INTEGER } as const;
const DAY_US = 86_400_000_000;
const DAY_MS = 86_400_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-space-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A disk whose writes and syncs can be made to fail, after writing `half` of what was asked. */
function breakingDisk() {
  const state = {
    fail: null as string | null,
    at: 'write' as 'write' | 'sync' | 'create',
    half: false,
    free: 1e12,
    size: 1e12,
  };
  const failing = (where: string): void => {
    if (state.fail && state.at === where) throw Object.assign(new Error(state.fail), { code: state.fail });
  };
  const disk: Disk = {
    async create(path) {
      failing('create');
      const file = await realDisk.create(path);
      return {
        ...file,
        async write(parts) {
          if (state.fail && state.at === 'write' && state.half) {
            const all = Buffer.concat(parts);
            await file.write([all.subarray(0, all.length >> 1)]);
          }
          failing('write');
          await file.write(parts);
        },
        async sync() {
          failing('sync');
          await file.sync();
        },
      };
    },
    space: async () => ({ size: state.size, free: state.free }),
  };
  return { disk, state };
}

const batch = (n: number) => linesBatch({ messages: [`line ${n}`], start: n * 10, times: [SUITE_NOW + n] });

describe('a disk that refuses', () => {
  for (const at of ['create', 'write', 'sync'] as const)
    for (const code of ['ENOSPC', 'EIO'])
      test(`${code} at ${at}: nothing is half taken, and it goes on when the disk does`, async () => {
        const { disk, state } = breakingDisk();
        const store = await openStore(dir, { disk });
        if (at !== 'create') await store.append([batch(0)]);
        Object.assign(state, { fail: code, at, half: true });
        const refused = {
          code: code === 'ENOSPC' ? 'store_full' : 'unavailable',
          hint: expect.stringContaining('lose nothing'),
        };
        const both = [store.append([batch(1)]), store.append([batch(2)])];
        for (const result of await Promise.allSettled(both))
          expect(result).toMatchObject({ status: 'rejected', reason: refused });
        expect((await store.count(ALL)).count).toBe(at === 'create' ? 0 : 1);
        state.fail = null;
        for (let n = 0; n < 4; n++) await store.append([batch(n)]);
        expect((await store.count(ALL)).count).toBe(4);
        const { telemetry } = await store.stats();
        expect(telemetry.fleetlog_store_log_failures_total).toBeGreaterThan(0);
        // As after a kill: nothing was closed.
        const copy = mkdtempSync(join(tmpdir(), 'fleetlog-space-'));
        (await import('node:fs')).cpSync(dir, copy, { recursive: true });
        const again = await openStore(copy);
        expect((await again.count(ALL)).count).toBe(4);
        await again.close();
        rmSync(copy, { recursive: true, force: true });
        await store.close();
      });

  test('little free space: oldest segments go first, then lines are refused, then taken again', async () => {
    const { disk, state } = breakingDisk();
    const clock = standingClock();
    const store = await openStore(dir, { disk, clock, store: { freePercent: 5 } });
    for (let n = 0; n < 3; n++) {
      await store.append([batch(n)]);
      await store.flush();
    }
    const before = await store.stats();
    state.size = 100 * before.diskBytes;
    state.free = 5 * before.diskBytes - 1;
    const report = await store.maintain();
    expect(report).toMatchObject({ segmentsRemoved: 1, notes: [{ code: 'disk_low_oldest_removed' }] });
    const { records } = await store.search({ ...ALL, order: 'asc', limit: 5 });
    expect(records.map(({ message }) => message)).toEqual(['line 1', 'line 2']);
    state.free = 0;
    expect((await store.maintain()).notes.map(({ code }) => code)).toContain('disk_full_refusing');
    await expect(store.append([batch(3)])).rejects.toMatchObject({
      code: 'store_full',
      hint: expect.stringContaining('freePercent'),
    });
    state.free = state.size;
    await store.maintain();
    expect((await store.append([batch(3)])).stored).toBe(1);
    await store.close();
  });

  test('appending notices by itself that the disk fills up', async () => {
    const { disk, state } = breakingDisk();
    const clock = standingClock();
    const store = await openStore(dir, { disk, clock, store: { freePercent: 5 } });
    await store.append([batch(0)]);
    state.free = 0;
    clock.forward(5_000);
    await store.append([batch(1)]);
    await expect
      .poll(() =>
        store.append([batch(2)]).then(
          () => 'taken',
          (error) => error.code,
        ),
      )
      .toBe('store_full');
    await store.close();
  });
});

describe('retention', () => {
  test('by age: segments go when their newest line is too old, and older lines are not taken', async () => {
    const clock = standingClock();
    const store = await openStore(dir, { clock, retention: { days: 3 } });
    const old = linesBatch({ messages: ['old', 'young'], times: [SUITE_NOW - 4 * DAY_US, SUITE_NOW - DAY_US] });
    expect(await store.append([old])).toEqual({ stored: 1, suppressed: 0, tooOld: 1 });
    expect(await store.append([old])).toEqual({ stored: 0, suppressed: 2, tooOld: 0 });
    await store.flush();
    clock.forward(DAY_MS);
    expect((await store.maintain()).segmentsRemoved).toBe(0);
    clock.forward(1.1 * DAY_MS);
    expect(await store.maintain()).toMatchObject({ segmentsRemoved: 1, notes: [{ code: 'retention', age: 1 }] });
    expect((await store.count(ALL)).count).toBe(0);
    await expect.poll(() => readdirSync(dir).filter((name) => name.endsWith('.fls'))).toEqual([]);
    expect((await store.append([old])).suppressed).toBe(2);
    await store.close();
  });

  test('by class: each keeps its own days', async () => {
    const clock = standingClock();
    const classes = [{ name: 'short', app: 'job-*', env: '*', days: 2, bytes: 0 }];
    const store = await openStore(dir, { clock, retention: { days: 30, classes } });
    const of = (app: string, fid: string) =>
      linesBatch({ messages: [app], source: source({ app }), fid: fid.repeat(32), times: [SUITE_NOW] });
    await store.append([of('job-a', '1'), of('shop', '2')]);
    await store.flush();
    const { classes: held } = await store.stats();
    expect(held.map(({ name, records }) => [name, records]).sort()).toEqual([
      ['default', 1],
      ['short', 1],
    ]);
    clock.forward(2.5 * DAY_MS);
    await store.maintain();
    const { records } = await store.search({ ...ALL, order: 'asc', limit: 9 });
    expect(records.map(({ message }) => message)).toEqual(['shop']);
    await store.close();
  });

  test('marks outlive the segments and go when everything of their file is too old', async () => {
    const clock = standingClock();
    const store = await openStore(dir, { clock, retention: { days: 2 } });
    await store.append([batch(0)]);
    await store.flush();
    clock.forward(3 * DAY_MS);
    await store.maintain();
    expect((await store.append([batch(0)])).suppressed).toBe(1);
    clock.forward(2 * DAY_MS);
    await store.maintain();
    expect((await store.append([batch(0)])).tooOld).toBe(1);
    await store.close();
  });

  const row = (id: number, over: Partial<SegmentRow>): SegmentRow => ({
    id,
    class: 'default',
    day: 100,
    first: 100 * DAY_US,
    last: 100 * DAY_US + id,
    records: 1,
    rawBytes: 1_000,
    bytes: 100,
    blocks: 1,
    format: 1,
    ...over,
  });
  const noClasses = createRetentionClasses({ days: 30, bytes: 0, classes: [], maintainMs: 1 });

  test('by size: oldest first, as many as needed, age before size', () => {
    const rows = [3, 1, 2, 4].map((id) => row(id, {}));
    const now = 101 * DAY_US;
    expect(planRetention(rows, noClasses, now, 400)).toMatchObject({ ids: [], bytes: 0 });
    expect(planRetention(rows, noClasses, now, 399)).toMatchObject({ ids: [1], bytes: 100 });
    expect(planRetention(rows, noClasses, now, 150).ids).toEqual([1, 2, 3]);
    const capped = createRetentionClasses({
      days: 30,
      bytes: 0,
      classes: [{ name: 'big', app: '*', env: '*', days: 10, bytes: 200 }],
      maintainMs: 1,
    });
    const mixed = [row(1, {}), row(2, { class: 'big' }), row(3, { class: 'big' }), row(4, { class: 'big' })];
    expect(planRetention(mixed, capped, now, 1e9)).toMatchObject({ ids: [2], why: { class_bytes: 1 } });
    const aged = [row(1, { last: 69 * DAY_US }), row(2, {})];
    expect(planRetention(aged, noClasses, now, 100)).toMatchObject({ ids: [1], why: { age: 1, total_bytes: 0 } });
  });

  test('merges: four of a size on the running day, all small ones after it, never over day or class', () => {
    const noon = 100.5 * DAY_US;
    const small = [1, 2, 3].map((id) => row(id, {}));
    expect(planMerges(small, 100_000, noon)).toEqual([]);
    expect(planMerges([...small, row(4, {})], 100_000, noon)).toEqual([[1, 2, 3, 4]]);
    expect(planMerges([...small, row(4, { day: 101 })], 100_000, noon)).toEqual([]);
    expect(planMerges([...small, row(4, { class: 'x' })], 100_000, noon)).toEqual([]);
    expect(planMerges(small, 100_000, 102 * DAY_US)).toEqual([[1, 2, 3]]);
    expect(planMerges([row(1, { rawBytes: 60_000 }), ...small.slice(1)], 100_000, 102 * DAY_US)).toEqual([[2, 3]]);
    expect(planMerges([row(1, {})], 100_000, 102 * DAY_US)).toEqual([]);
  });

  test('globs of classes', () => {
    const cases: [string, string, boolean][] = [
      ['*', '', true],
      ['a*c', 'abc', true],
      ['a*c', 'ac', true],
      ['a*ca*c', 'acac', true],
      ['a*a', 'a', false],
      ['*x*', 'axb', true],
      ['job-*', 'xjob-1', false],
      ['shop', 'shop2', false],
    ];
    for (const [pattern, text, matches] of cases)
      expect(matchesGlob(pattern, text), `${pattern} ${text}`).toBe(matches);
  });
});

describe('merging and flushing by themselves', () => {
  test('a quiet head is flushed by age; small segments become one; reads stay the same', async () => {
    const clock = standingClock();
    const store = await openStore(dir, { clock, store: { flushMinutes: 10 } });
    for (let n = 0; n < 4; n++) {
      await store.append([batch(n)]);
      clock.forward(11 * 60_000);
      await store.maintain();
    }
    expect((await store.stats()).headBytes).toBe(0);
    expect((await store.stats()).segments).toBe(1);
    const { records } = await store.search({ ...ALL, order: 'asc', limit: 9 });
    expect(records.map(({ message }) => message)).toEqual(['line 0', 'line 1', 'line 2', 'line 3']);
    await store.close();
  });

  test('more than two heads are never held: appends wait for the segment and go on', async () => {
    const store = await openStore(dir, { store: { flushBytes: 1 << 20 } });
    const text = 'some words of a line that is repeated '.repeat(50);
    const waits = [];
    for (let n = 0; n < 60; n++) {
      const messages = Array.from({ length: 50 }, () => text);
      waits.push(
        store.append([
          linesBatch({ messages, start: n * 50 * (text.length + 1), times: messages.map(() => SUITE_NOW) }),
        ]),
      );
    }
    await Promise.all(waits);
    expect((await store.count(ALL)).count).toBe(3_000);
    expect((await store.stats()).segments).toBeGreaterThan(2);
    expect((await store.stats()).headBytes).toBeLessThan(4 << 20);
    await store.close();
  });
});
