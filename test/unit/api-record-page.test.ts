import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cursor, decodeCursor } from '../../api/cursor.ts';
import { recordPage } from '../../api/record-page.ts';
import { compareKeys } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import type { SearchResult } from '../../store/log-store.ts';
import { dose } from '../doses.ts';
import { source } from '../suites/batches.ts';

const STATS = { tookMs: 0, blocksRead: 0, blocksTotal: 0, bytesRead: 0 };

/** A store that is cut off by time: it has looked at some blocks, and not at those that reach to `edge`. */
function cutSearch(
  all: LogRecord[],
  page: Cursor,
  limit: number,
  blocks: number[],
  seen: (block: number) => boolean,
): SearchResult {
  const desc = page.order === 'desc';
  const blockOf = (time: number): number => blocks.findIndex((end) => time < end);
  const inRange = all
    .filter((r) => r.time >= page.from && r.time < page.to)
    .filter((r) => !page.after || (desc ? compareKeys(r, page.after) < 0 : compareKeys(r, page.after) > 0))
    .sort((a, b) => (desc ? compareKeys(b, a) : compareKeys(a, b)));
  const found = inRange.filter((r) => seen(blockOf(r.time)));
  const missed = all.filter((r) => r.time >= page.from && r.time < page.to && !seen(blockOf(r.time)));
  const records = found.slice(0, limit);
  if (missed.length === 0) return { records, more: found.length > limit, notes: [], stats: STATS };
  const times = missed.map((r) => r.time);
  const completeTo = desc ? Math.max(...times) : Math.min(...times);
  return { records, more: true, notes: [{ code: 'time_limit_reached', completeTo }], stats: STATS };
}

test('pages cut off by time, put together, are the whole without a hole and nothing twice', () => {
  const property = fc.property(
    fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 }),
    fc.constantFrom('asc' as const, 'desc' as const),
    fc.integer({ min: 1, max: 10 }),
    fc.infiniteStream(fc.boolean()),
    (times, order, limit, luck) => {
      const all = times.map(
        (time, i): LogRecord => ({
          fid: '0'.repeat(32),
          gen: 1,
          offset: i,
          time,
          source: source(),
          stream: 'stdout',
          level: null,
          message: String(i),
          flags: 0,
        }),
      );
      const whole = [...all].sort((a, b) => (order === 'desc' ? compareKeys(b, a) : compareKeys(a, b)));
      const got: LogRecord[] = [];
      let page: Cursor = { hash: 'h', order, from: 0, to: 41, after: null };
      for (let n = 0; ; n++) {
        const lucky = new Set([0, 1, 2, 3, 4].filter(() => n > 20 || luck.next().value));
        const answer = recordPage(
          cutSearch(all, page, limit, [8, 16, 24, 32, 41], (b) => lucky.has(b)),
          page,
          limit,
        );
        got.push(...answer.records);
        if (!answer.next) break;
        page = decodeCursor(answer.next, { hash: 'h' });
        expect(n).toBeLessThan(200);
      }
      expect(got.map((r) => r.message)).toEqual(whole.map((r) => r.message));
    },
  );
  fc.assert(property, { numRuns: dose(2_000, 100_000) });
});

test('the edge is a time like any other in the note', () => {
  const page: Cursor = { hash: 'h', order: 'desc', from: 0, to: 2e15, after: null };
  const found = {
    records: [],
    more: true,
    notes: [{ code: 'time_limit_reached', completeTo: 1_795_219_200_000_000 }],
    stats: STATS,
  };
  expect(recordPage(found, page, 10).notes).toEqual([
    { code: 'time_limit_reached', completeTo: '2026-11-21T00:00:00.000000Z' },
  ]);
});
