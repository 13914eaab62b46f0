import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFields, LOOK } from '../../api/found-fields.ts';
import { patternOf } from '../../model/pattern.ts';
import { compareKeys } from '../../model/position.ts';
import { parseQuery } from '../../model/query/parse.ts';
import type { Query } from '../../model/query/tree.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import type { GroupKey, LogStore } from '../../store/log-store.ts';
import { dose } from '../doses.ts';
import { linesBatch, source } from './batches.ts';
import { createMemoryLogStore } from './memory-log-store.ts';
import { generatedQueries, MIXED_START, mixedRecords } from './mixed-records.ts';
import { createRandom } from './random.ts';
import { appendRecords, batchesOf } from './record-batches.ts';

export interface LogStoreFixture {
  store: LogStore;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<LogStore>;
  close(): Promise<void>;
}

/** The suite's data lies within a day of this (µs); stores that know a clock are opened with it standing here. */
export const SUITE_NOW = MIXED_START + 12 * 3_600_000_000;

/** The suite's stores are opened with this: apps called `brief-…` have a class of their own. */
export const SUITE_CLASSES = [{ name: 'brief', app: 'brief-*', env: '*', days: 3, bytes: 0 }];

const ALL: Query = { type: 'all' };
const WHOLE = { from: 0, to: Number.MAX_SAFE_INTEGER };
const T0 = MIXED_START;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const query = (text: string): Query => parseQuery(text).query;
const keyOf = ({ time, fid, gen, offset }: LogRecord): string => `${time} ${fid} ${gen} ${offset}`;
const messages = (records: LogRecord[]): string[] => records.map(({ message }) => message);

async function found(store: LogStore, text: string): Promise<string[]> {
  const { records } = await store.search({ query: query(text), ...WHOLE, order: 'asc', limit: 1_000 });
  return messages(records);
}

/** The contract of LogStore; `open` gives an empty store each time. */
export function logStoreSuite(name: string, open: () => Promise<LogStoreFixture>): void {
  const withStore = async (use: (store: LogStore, fixture: LogStoreFixture) => Promise<void>): Promise<void> => {
    const fixture = await open();
    try {
      await use(fixture.store, fixture);
    } finally {
      await fixture.close();
    }
  };

  describe(`LogStore: ${name}`, () => {
    describe('appending', () => {
      test('a line is found as soon as it is stored', () =>
        withStore(async (store) => {
          const result = await store.append([linesBatch({ messages: ['hello world'], times: [T0] })]);
          expect(result).toEqual({ stored: 1, suppressed: 0, tooOld: 0 });
          const { records, more } = await store.search({ query: query('hello'), ...WHOLE, order: 'desc', limit: 10 });
          expect(more).toBe(false);
          expect(records).toEqual([
            {
              time: T0,
              fid: `${'0'.repeat(31)}1`,
              gen: 1,
              offset: 0,
              source: source(),
              stream: 'stdout',
              level: null,
              message: 'hello world',
              flags: 0,
            },
          ]);
        }));

      test('what was stored is suppressed, by position and not by content', () =>
        withStore(async (store, fixture) => {
          const first = linesBatch({ messages: ['same', 'same', 'same'] });
          expect(await store.append([first, first])).toEqual({ stored: 3, suppressed: 3, tooOld: 0 });
          await store.flush();
          expect((await store.append([first])).suppressed).toBe(3);
          const reopened = await fixture.reopen();
          expect((await reopened.append([first])).suppressed).toBe(3);
          expect((await reopened.count({ query: ALL, ...WHOLE })).count).toBe(3);
        }));

      test('a batch that overlaps what is stored gives its rest', () =>
        withStore(async (store) => {
          await store.append([linesBatch({ messages: ['aaaa', 'bbbb'] })]);
          const result = await store.append([linesBatch({ messages: ['aaaa', 'bbbb', 'cccc', 'dddd'] })]);
          expect(result).toEqual({ stored: 2, suppressed: 2, tooOld: 0 });
          expect(await found(store, 'aaaa OR bbbb OR cccc OR dddd')).toEqual(['aaaa', 'bbbb', 'cccc', 'dddd']);
        }));

      test('a hole is filled by the piece that comes late', () =>
        withStore(async (store) => {
          const piece = (start: number, text: string) => linesBatch({ messages: [text], start, times: [T0 + start] });
          await store.append([piece(0, 'one')]);
          await store.append([piece(8, 'thr')]);
          expect((await store.append([piece(4, 'two')])).stored).toBe(1);
          expect((await store.append([piece(0, 'one'), piece(4, 'two'), piece(8, 'thr')])).suppressed).toBe(3);
          expect(await found(store, 'one OR two OR thr')).toEqual(['one', 'two', 'thr']);
        }));

      test('of a joined record that is stored in part the rest is kept, where it begins', () =>
        withStore(async (store) => {
          await store.append([
            { ...linesBatch({ messages: ['Error: a\n\tat b'] }), end: 15, joins: Uint32Array.of(0, 9) },
          ]);
          const joined = linesBatch({ messages: ['Error: a\n\tat b\n\tat c\n\tat d'] });
          const again = { ...joined, end: 27, joins: Uint32Array.of(0, 9, 0, 15, 0, 21) };
          expect(await store.append([again])).toEqual({ stored: 1, suppressed: 0, tooOld: 0 });
          const { records } = await store.search({ query: ALL, ...WHOLE, order: 'asc', limit: 9 });
          expect(records.map(({ offset, message }) => [offset, message])).toEqual([
            [0, 'Error: a\n\tat b'],
            [15, '\tat c\n\tat d'],
          ]);
        }));

      test('events count by their offset alone', () =>
        withStore(async (store) => {
          const event = (at: number, text: string) => {
            const batch = linesBatch({ kind: 'events', messages: [text], times: [T0 + at], flags: [3], start: at });
            return { ...batch, end: at + 1 };
          };
          await store.append([event(5, 'create'), event(90, 'start')]);
          expect(await store.append([event(90, 'start'), event(91, 'die')])).toMatchObject({
            stored: 1,
            suppressed: 1,
          });
          expect(await found(store, 'stream:event')).toEqual(['create', 'start', 'die']);
        }));

      test('bytes that are no UTF-8 come back exactly', () =>
        withStore(async (store, fixture) => {
          const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x62, 0xe4, 0xb8]);
          await store.append([linesBatch({ messages: [bytes, 'plain'] })]);
          for (const step of ['head', 'segment', 'reopened']) {
            if (step === 'segment') await store.flush();
            const now = step === 'reopened' ? await fixture.reopen() : store;
            const { records } = await now.search({ query: ALL, ...WHOLE, order: 'asc', limit: 9 });
            expect(Buffer.from(records[0].raw!, 'base64').equals(bytes), step).toBe(true);
            expect(records[0].message).toBe(bytes.toString());
            expect(records[0].flags & FLAG.LOSSY).not.toBe(0);
            expect(records[1]).not.toHaveProperty('raw');
          }
        }));

      test('flags stay with their record', () =>
        withStore(async (store) => {
          const flags = [FLAG.TRUNCATED | 1, FLAG.REDACTED | 2, FLAG.MOJIBAKE | FLAG.PARSE_ERROR];
          await store.append([linesBatch({ messages: ['a', 'b', 'c'], flags })]);
          await store.flush();
          const { records } = await store.search({ query: ALL, ...WHOLE, order: 'asc', limit: 9 });
          expect(records.map((record) => [record.flags, record.stream])).toEqual([
            [flags[0], 'stderr'],
            [flags[1], 'file'],
            [flags[2], 'stdout'],
          ]);
        }));

      test('a line of 8 MB and empty ones', () =>
        withStore(async (store) => {
          const long = `${'0123456789 abcdef '.repeat(466_000)}needle_at_the_end`;
          await store.append([linesBatch({ messages: ['', long, ''] })]);
          for (const state of ['head', 'segment']) {
            if (state === 'segment') await store.flush();
            const { records } = await store.search({
              query: query('needle_at_the_end'),
              ...WHOLE,
              order: 'desc',
              limit: 5,
            });
            expect(records.length, state).toBe(1);
            expect(records[0].message === long, state).toBe(true);
            expect((await store.count({ query: ALL, ...WHOLE })).count).toBe(3);
          }
        }));

      test('appends at the same time keep the order of each file', () =>
        withStore(async (store) => {
          const one = (file: number, n: number) =>
            linesBatch({
              fid: `${file}`.padStart(32, '0'),
              start: n * 6,
              messages: [`n${n}`.padEnd(5)],
              times: [T0 + n],
            });
          const waits = [];
          for (let n = 0; n < 50; n++) for (let file = 1; file <= 4; file++) waits.push(store.append([one(file, n)]));
          const results = await Promise.all(waits);
          expect(results.every(({ stored }) => stored === 1)).toBe(true);
          const again = await store.append([linesBatch({ fid: '1'.padStart(32, '0'), messages: ['x'.repeat(299)] })]);
          expect(again.stored).toBe(0);
        }));
    });

    describe('reading', () => {
      test('ranges hold their start and not their end', () =>
        withStore(async (store) => {
          await store.append([linesBatch({ messages: ['a', 'b', 'c'], times: [T0, T0 + 1, T0 + 2] })]);
          for (const flushed of [false, true]) {
            if (flushed) await store.flush();
            const { records } = await store.search({ query: ALL, from: T0 + 1, to: T0 + 2, order: 'asc', limit: 5 });
            expect(messages(records)).toEqual(['b']);
            expect((await store.count({ query: ALL, from: T0, to: T0 + 2 })).count).toBe(2);
            expect((await store.count({ query: ALL, from: T0 + 2, to: T0 + 2 })).count).toBe(0);
          }
        }));

      test('pages of records with one time lose and double none, both ways', () =>
        withStore(async (store) => {
          const batches = [1, 2, 3].map((file) =>
            linesBatch({
              fid: `${file}`.repeat(32),
              messages: Array.from({ length: 40 }, (_, i) => `f${file} ${i}`),
              times: Array.from({ length: 40 }, (_, i) => T0 + Math.floor(i / 20)),
            }),
          );
          await store.append(batches.slice(0, 2));
          await store.flush();
          await store.append(batches.slice(2));
          const every = (await store.search({ query: ALL, ...WHOLE, order: 'asc', limit: 500 })).records;
          expect(every.length).toBe(120);
          expect(every.map(keyOf)).toEqual(every.toSorted(compareKeys).map(keyOf));
          for (const order of ['asc', 'desc'] as const) {
            const got: LogRecord[] = [];
            for (let after: LogRecord | undefined; ; after = got[got.length - 1]) {
              const page = await store.search({ query: ALL, ...WHOLE, order, limit: 7, after });
              got.push(...page.records);
              expect(page.more).toBe(got.length < 120);
              if (!page.more) break;
            }
            expect(got.map(keyOf)).toEqual((order === 'asc' ? every : every.toReversed()).map(keyOf));
          }
        }));

      test('a record is found by its key and by nothing near it', () =>
        withStore(async (store) => {
          const records = mixedRecords(5, 300);
          await appendRecords(store, records.slice(0, 200));
          await store.flush();
          await appendRecords(store, records);
          for (const record of records.filter((_, i) => i % 37 === 0)) {
            expect(await store.get(record)).toMatchObject({ message: record.message, offset: record.offset });
            expect(await store.get({ ...record, offset: record.offset + 1 })).toBeNull();
            expect(await store.get({ ...record, time: record.time + 1 })).toBeNull();
            expect(await store.get({ ...record, gen: record.gen ^ 1 })).toBeNull();
          }
        }));

      test('context goes by place in the file, over rotated files, and by time for app and host', () =>
        withStore(async (store) => {
          const line = (fid: string, n: number, time: number, over = {}) =>
            linesBatch({
              fid: fid.repeat(32),
              start: n * 3,
              messages: [`${fid}${n}`],
              times: [time],
              source: source(over),
            });
          const other = { app: 'other', container: 'd'.repeat(64), containerName: 'other-1', host: 'h1' };
          await store.append([
            line('a', 0, T0),
            line('a', 1, T0 + 5),
            line('b', 0, T0 + 10),
            line('b', 1, T0 + 30),
            line('b', 2, T0 + 20),
            line('b', 3, T0 + 40),
            line('e', 0, T0 + 25, other),
          ]);
          const key = { time: T0 + 20, fid: 'b'.repeat(32), gen: 1, offset: 6 };
          for (const flushed of [false, true]) {
            if (flushed) await store.flush();
            const file = (await store.context({ key, before: 9, after: 9, scope: 'source', query: ALL }))!;
            expect(messages(file.before).slice(-2)).toEqual(['b0', 'b1']);
            expect(messages(file.before).slice(0, 2)).toEqual(['a0', 'a1']);
            expect([file.anchor.message, ...messages(file.after)]).toEqual(['b2', 'b3']);
            const host = (await store.context({ key, before: 2, after: 2, scope: 'host', query: ALL }))!;
            expect(messages([...host.before, host.anchor, ...host.after])).toEqual(['a1', 'b0', 'b2', 'e0', 'b1']);
            const app = (await store.context({ key, before: 0, after: 1, scope: 'app', query: ALL }))!;
            expect(messages([...app.before, app.anchor, ...app.after])).toEqual(['b2', 'b1']);
            const scoped = { key, before: 1, after: 1, scope: 'host', query: query('app:other') } as const;
            expect(await store.context(scoped)).toBeNull();
          }
        }));

      test('histograms hold every bucket, aligned to the epoch, also of odd intervals', () =>
        withStore(async (store) => {
          const times = [0, 59, 61, 200, 200, 615].map((s) => T0 + s * SECOND);
          await store.append([
            linesBatch({ messages: times.map((_, i) => `m${i}`), times, levels: [0, 3, 3, 5, 5, 1] }),
          ]);
          for (const flushed of [false, true]) {
            if (flushed) await store.flush();
            const from = T0 - 30 * SECOND;
            const by = { query: ALL, from, to: T0 + 620 * SECOND, by: 'level' } as const;
            const minutes = await store.histogram({ ...by, interval: MINUTE });
            expect(minutes.buckets.length).toBe(12);
            expect(minutes.buckets[0]).toEqual({ time: T0 - MINUTE, counts: {} });
            expect(minutes.buckets[1].counts).toEqual({ none: 1, info: 1 });
            expect(minutes.buckets[4].counts).toEqual({ error: 2 });
            expect(minutes.buckets[11].counts).toEqual({ trace: 1 });
            const sevens = await store.histogram({ ...by, interval: 7 * SECOND });
            expect(sevens.buckets.every(({ time }) => time % (7 * SECOND) === 0)).toBe(true);
            expect(sevens.buckets.reduce((sum, { counts }) => sum + (counts.error ?? 0), 0)).toBe(2);
            expect(sevens.buckets.length).toBe(94);
          }
        }));

      test('fields of lines are counted as facets', () =>
        withStore(async (store) => {
          const lines = [
            '{"status":503,"user":{"id":"7"}}',
            'status=503 path=/a',
            'status=200',
            'no field',
            '__proto__=x',
          ];
          await store.append([linesBatch({ messages: lines })]);
          const facets = { query: ALL, ...WHOLE, fields: ['status', 'user.id', '__proto__', 'app'], size: 9 };
          for (const flushed of [false, true]) {
            if (flushed) await store.flush();
            const got = (await store.facets(facets)).facets;
            expect(got.status).toEqual([
              { value: '503', count: 2 },
              { value: '200', count: 1 },
            ]);
            expect(got['user.id']).toEqual([{ value: '7', count: 1 }]);
            expect(Object.entries(got).find(([field]) => field === '__proto__')?.[1]).toEqual([
              { value: 'x', count: 1 },
            ]);
            expect(got.app).toEqual([{ value: 'shop', count: 5 }]);
          }
        }));

      test('names of fields are found in the newest lines of each app', () =>
        withStore(async (store) => {
          const quiet = linesBatch({ messages: ['{"user":{"id":7},"ok":true}', 'status=503', 'status=none'] });
          const loud = linesBatch({
            source: source({ app: 'loud', container: 'd'.repeat(64) }),
            fid: 'd'.repeat(32),
            messages: Array.from({ length: LOOK.lines }, (_, n) => (n === 0 ? 'oldest=1' : `seq=${n}`)),
            times: Array.from({ length: LOOK.lines }, (_, n) => T0 + n),
          });
          await store.append([quiet, loud]);
          for (const flushed of [false, true]) {
            if (flushed) await store.flush();
            expect(await findFields(store, { query: ALL, ...WHOLE })).toMatchObject({
              fields: [
                { name: 'seq', kind: 'number', lines: LOOK.lines / 2 },
                { name: 'status', kind: 'text', lines: 2 },
                { name: 'ok', kind: 'boolean', lines: 1 },
                { name: 'user.id', kind: 'number', lines: 1 },
              ],
              looked: LOOK.lines / 2 + 3,
            });
            expect(
              (await findFields(store, { query: query('app:shop'), ...WHOLE })).fields.map(({ name }) => name),
            ).toEqual(['status', 'ok', 'user.id']);
          }
        }));

      test('patterns count lines that differ in their numbers only, by app and time, with the newest of each', () =>
        withStore(async (store) => {
          const lines = (app: string, fid: string, texts: string[], times: number[]) =>
            linesBatch({
              source: source({ app, container: fid.repeat(64) }),
              fid: fid.repeat(32),
              messages: texts,
              times,
            });
          const paid = ['paid order 17', 'paid order 18', 'user "a" is gone', 'paid order 5', '支付 42 失败'];
          await store.append([
            lines(
              'shop',
              'a',
              paid,
              [0, 1, 61, 200, 200].map((s) => T0 + s * SECOND),
            ),
            lines('__proto__', 'b', ['paid order 9', 'paid order 10'], [T0 + 200 * SECOND, T0 + 100 * SECOND]),
          ]);
          for (const state of ['head', 'segment']) {
            if (state === 'segment') await store.flush();
            const request = { query: ALL, from: T0, to: T0 + 500 * SECOND, size: 2, interval: MINUTE };
            const { patterns, total } = await store.patterns(request);
            expect(total, state).toBe(3);
            expect(patterns.length).toBe(2);
            const [one] = patterns;
            expect(one).toMatchObject({ pattern: patternOf('paid order 1'), count: 5, first: T0 });
            expect(one.last).toBe(T0 + 200 * SECOND);
            expect([one.sample.message, one.sample.source.app]).toEqual(['paid order 9', '__proto__']);
            expect(Object.entries(one.apps).sort()).toEqual([
              ['__proto__', 2],
              ['shop', 3],
            ]);
            expect(one.buckets).toEqual([
              { time: T0, count: 2 },
              { time: T0 + MINUTE, count: 1 },
              { time: T0 + 3 * MINUTE, count: 2 },
            ]);
            const text = { query: query('gone OR 失败'), ...WHOLE, size: 9 };
            const narrow = await store.patterns(text);
            expect(narrow.patterns.map(({ pattern, count }) => [pattern, count])).toEqual(
              [patternOf('user "b" is gone'), patternOf('支付 1 失败')].sort().map((pattern) => [pattern, 1]),
            );
            expect(narrow.patterns[0]).not.toHaveProperty('buckets');
            expect((await store.patterns({ ...request, to: T0 })).patterns).toEqual([]);
          }
        }));

      test('5,000 sources', () =>
        withStore(async (store) => {
          const batches = Array.from({ length: 5_000 }, (_, i) =>
            linesBatch({
              source: source({
                container: i.toString(16).padStart(64, '0'),
                containerName: `c${i}`,
                app: `app-${i % 50}`,
              }),
              fid: i.toString(16).padStart(32, '0'),
              messages: [`line of ${i}`],
              times: [T0 + i],
              levels: [i % 7],
            }),
          );
          await store.append(batches);
          for (const flushed of [false, true]) {
            if (flushed) await store.flush();
            const sources = await store.sources({ query: ALL, ...WHOLE });
            expect(sources.length).toBe(5_000);
            expect(sources.every(({ records }) => records === 1)).toBe(true);
            const of = await store.sources({ query: query('app:app-7 level:info'), ...WHOLE });
            expect(of.reduce((sum, { records }) => sum + records, 0)).toBe(
              batches.filter(({ levels }, i) => i % 50 === 7 && levels[0] === 3).length,
            );
            expect(await found(store, 'container:c4321')).toEqual(['line of 4321']);
          }
        }));

      test('sources tell what they hold', () =>
        withStore(async (store) => {
          await store.append([linesBatch({ messages: ['a', 'b'], times: [T0, T0 + MINUTE], levels: [3, 5] })]);
          await store.flush();
          await store.append([
            linesBatch({ messages: ['c'], times: [T0 + 2 * MINUTE], levels: [5], fid: 'f'.repeat(32) }),
          ]);
          const [one, ...rest] = await store.sources({ query: ALL, ...WHOLE });
          expect(rest).toEqual([]);
          expect(one).toMatchObject({ source: source(), records: 3, levels: [0, 0, 0, 1, 0, 2, 0] });
          expect(Math.abs(one.first - T0)).toBeLessThanOrEqual(MINUTE);
          expect(Math.abs(one.last - T0 - 2 * MINUTE)).toBeLessThanOrEqual(MINUTE);
        }));

      test('a retention class tells what it holds and when the first of it goes, from the first line on', () =>
        withStore(async (store, fixture) => {
          const brief = source({ app: 'brief-job', path: '/logs/brief.log' });
          const other = source({ app: 'shop' });
          const fid = 'b'.repeat(32);
          const times = [T0 - DAY + HOUR, T0 + HOUR, T0 + 2 * HOUR];
          await store.append([
            linesBatch({ source: brief, fid, messages: ['a', 'b', 'c'], times }),
            linesBatch({ source: other, messages: ['d'], times: [T0 + 3 * HOUR] }),
          ]);
          const check = async (of: LogStore): Promise<void> => {
            const { classes } = await of.stats();
            const held = classes.filter(({ records }) => records > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
            expect(held).toMatchObject([
              { name: 'brief', records: 3, oldest: times[0], newest: times[2] },
              { name: 'default', records: 1, oldest: T0 + 3 * HOUR, newest: T0 + 3 * HOUR },
            ]);
            for (const [i, days] of [3, 30].entries()) {
              const { diskBytes, oldest, nextRemoval } = held[i];
              expect(diskBytes).toBeGreaterThan(0);
              // Days go as a whole, so the oldest line may stay until its day is over.
              expect(nextRemoval).toBeGreaterThanOrEqual((oldest as number) + days * DAY);
              expect(nextRemoval).toBeLessThanOrEqual(T0 + (i === 0 ? 0 : DAY) + days * DAY);
            }
          };
          await check(store);
          await store.flush();
          await check(store);
          await check(await fixture.reopen());
        }));

      test('a scan gives all of a range in order and stops when nobody reads on', () =>
        withStore(async (store) => {
          const records = mixedRecords(8, 3_000);
          await appendRecords(store, records.slice(0, 2_000));
          await store.flush();
          await appendRecords(store, records);
          for (const order of ['asc', 'desc'] as const) {
            const got: LogRecord[] = [];
            for await (const chunk of store.scan({ query: ALL, ...WHOLE, order })) got.push(...chunk);
            expect(got.map(keyOf)).toEqual((order === 'asc' ? records : records.toReversed()).map(keyOf));
          }
          const rest: LogRecord[] = [];
          const after = records[1_234];
          for await (const chunk of store.scan({ query: ALL, ...WHOLE, order: 'asc', after })) rest.push(...chunk);
          expect(rest.length).toBe(3_000 - 1_235);
          for await (const chunk of store.scan({ query: ALL, ...WHOLE, order: 'asc' })) {
            expect(chunk.length).toBeGreaterThan(0);
            break;
          }
        }));

      test('reads that nobody wants any more are cancelled', () =>
        withStore(async (store) => {
          await appendRecords(store, mixedRecords(9, 500));
          const signal = AbortSignal.abort();
          const gone = { code: 'cancelled' };
          const range = { query: ALL, ...WHOLE, signal };
          await expect(store.search({ ...range, order: 'asc', limit: 1 })).rejects.toMatchObject(gone);
          await expect(store.count(range)).rejects.toMatchObject(gone);
          await expect(store.facets({ ...range, fields: ['app'], size: 1 })).rejects.toMatchObject(gone);
          const stop = new AbortController();
          const running = store.count({ query: query('/(a|b|c)+(d|e)+x/'), ...WHOLE, signal: stop.signal });
          stop.abort();
          await expect(running).rejects.toMatchObject(gone);
        }));

      test('reads at the same time do not disturb each other', () =>
        withStore(async (store) => {
          const records = mixedRecords(10, 1_000);
          await appendRecords(store, records.slice(0, 600));
          await store.flush();
          await appendRecords(store, records);
          const queries = generatedQueries(3, 24, records);
          const alone: number[] = [];
          for (const q of queries) alone.push((await store.count({ query: q, ...WHOLE })).count);
          const together = await Promise.all(queries.map((q) => store.count({ query: q, ...WHOLE })));
          expect(together.map(({ count }) => count)).toEqual(alone);
        }));

      test('a closed store says so', () =>
        withStore(async (store) => {
          await store.close();
          await expect(store.count({ query: ALL, ...WHOLE })).rejects.toMatchObject({ code: 'closed' });
          await expect(store.append([linesBatch({ messages: ['x'] })])).rejects.toMatchObject({ code: 'closed' });
        }));
    });

    differential(open);
  });
}

/** Every read of the store against a plain array: the same before and after a flush, and after opening it again. */
function differential(open: () => Promise<LogStoreFixture>): void {
  describe('equals the reference', () => {
    const records = mixedRecords(42, dose(1_500, 20_000));
    const queries = generatedQueries(17, dose(70, 4_000), records);
    const oracle = createMemoryLogStore();
    let fixture: LogStoreFixture;
    let store: LogStore;

    beforeAll(async () => {
      fixture = await open();
      store = fixture.store;
      await appendRecords(oracle, records);
      await appendRecords(store, records);
      // Delivered again, cut differently: nothing may be there twice.
      for (const batch of batchesOf(records, 99, 90)) await store.append([batch]);
    });
    afterAll(() => fixture.close());

    const states: [string, () => Promise<void>][] = [
      ['in memory', async () => {}],
      [
        'half in segments',
        async () => {
          await store.flush();
          const more = mixedRecords(43, 800).map((record) => ({ ...record, fid: `ffff${record.fid.slice(4)}` }));
          await appendRecords(store, more);
          await appendRecords(oracle, more);
        },
      ],
      ['in segments', () => store.flush()],
      [
        'opened again',
        async () => {
          store = await fixture.reopen();
        },
      ],
    ];

    test.each(states)(
      '%s',
      async (state, reach) => {
        await reach();
        const random = createRandom(state.length);
        const wrong: string[] = [];
        for (const [i, one] of queries.entries()) {
          const from = random.chance(0.5) ? 0 : records[random.below(records.length)].time;
          const range = {
            query: one,
            from,
            to: random.chance(0.5) ? MIXED_START * 2 : from + random.below(900) * SECOND,
          };
          const order = random.chance(0.5) ? 'asc' : 'desc';
          const after = random.chance(0.3) ? records[random.below(records.length)] : undefined;
          const by = random.pick<GroupKey>(['level', 'app', 'env', 'host', 'none']);
          const interval = random.pick([MINUTE, 7 * SECOND, 90 * SECOND, 5 * MINUTE]);
          const short = {
            ...range,
            from: Math.max(range.from, MIXED_START),
            to: Math.min(range.to, MIXED_START + 2e9),
          };
          const fields = [
            random.pick(['app', 'level', 'stream', 'container']),
            random.pick(['status', 'cost', 'user.id']),
          ];
          const ask = async (of: LogStore) => {
            const page = await of.search({ ...range, order, limit: 1 + random.below(1), after });
            const big = await of.search({ ...range, order, limit: 150, after });
            const { facets } = await of.facets({ ...range, fields, size: 50 });
            const { buckets } = await of.histogram({ ...short, interval, by });
            const { patterns, total } = await of.patterns({ ...range, size: 20, interval: HOUR });
            return {
              count: (await of.count(range)).count,
              first: page.records.map(keyOf),
              page: big.records.map((record) => [
                keyOf(record),
                record.message,
                record.level,
                record.stream,
                record.raw,
              ]),
              more: [page.more, big.more],
              facets: fields.map((field) => facets[field]),
              buckets,
              total,
              patterns: patterns.map((one) => ({ ...one, sample: [keyOf(one.sample), one.sample.message] })),
            };
          };
          const [got, want] = [await ask(store), await ask(oracle)];
          for (const part of Object.keys(want) as (keyof typeof want)[]) {
            if (equal(got[part], want[part])) continue;
            wrong.push(`query ${i} ${JSON.stringify(one)}: ${part}`);
          }
        }
        expect(wrong.slice(0, 5)).toEqual([]);
      },
      dose(120_000, 7_200_000),
    );
  });
}

function equal(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}
