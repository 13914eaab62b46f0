import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LinesBatch } from '../../model/batch.ts';
import { selectNew } from '../../store/embedded/select-new.ts';
import { covers, type Intervals, including, NOTHING, touches } from '../../store/intervals.ts';
import { dose } from '../doses.ts';
import { linesBatch } from '../suites/batches.ts';

/** A soak takes its time (ms). */
const LONG = dose(120_000, 7_200_000);

const span = fc.tuple(fc.nat(40), fc.nat(12)).map(([start, length]) => ({ start, end: start + length }));

describe('intervals', () => {
  test(
    'are the set of bytes added, in normal form',
    () => {
      fc.assert(
        fc.property(fc.array(span, { maxLength: 12 }), span, (added, asked) => {
          let done: Intervals = NOTHING;
          const bytes = new Set<number>();
          for (const { start, end } of added) {
            done = including(done, start, end);
            for (let i = start; i < end; i++) bytes.add(i);
          }
          for (let i = 1; i < done.length; i++) expect(done[i]).toBeGreaterThan(done[i - 1]);
          for (let i = 0; i < 60; i++) expect(covers(done, i, i + 1)).toBe(bytes.has(i));
          const range = Array.from({ length: asked.end - asked.start }, (_, i) => asked.start + i);
          expect(covers(done, asked.start, asked.end)).toBe(range.every((i) => bytes.has(i)));
          if (range.length > 0) expect(touches(done, asked.start, asked.end)).toBe(range.some((i) => bytes.has(i)));
        }),
        { numRuns: dose(500, 20_000) },
      );
    },
    LONG,
  );
});

/** A file of raw lines; line i is `L<i>` and takes 4 bytes. Which line follows which in a trace is drawn per reading. */
const LINE = 4;

interface Reading {
  from: number;
  to: number;
  /** Line i continues the nearest earlier one of its stream. */
  continues: boolean[];
}

/** What a collector makes of lines [from, to): two streams interleave, and a trace joins lines of its own stream. */
function readLines({ from, to, continues }: Reading, streams: number[]): LinesBatch {
  const records: { lines: number[]; stream: number }[] = [];
  for (let i = from; i < to; i++) {
    const stream = streams[i];
    const open = records.findLast((record) => record.stream === stream);
    if (open && continues[i]) open.lines.push(i);
    else records.push({ lines: [i], stream });
  }
  const messages = records.map(({ lines }) => lines.map((i) => `L${i}`).join('\n'));
  const joins = records.flatMap(({ lines }, r) => lines.slice(1).flatMap((i) => [r, (i - lines[0]) * LINE]));
  return {
    ...linesBatch({ messages, flags: records.map(({ stream }) => stream) }),
    start: from * LINE,
    end: to * LINE,
    offsets: Float64Array.from(records, ({ lines }) => lines[0] * LINE),
    joins: Uint32Array.from(joins),
  };
}

function textsOf(columns: { count: number; ends: Uint32Array; messages: Uint8Array }): string[] {
  return Array.from({ length: columns.count }, (_, i) =>
    Buffer.from(columns.messages.subarray(i === 0 ? 0 : columns.ends[i - 1], columns.ends[i])).toString(),
  );
}

describe('taking what is new', () => {
  test(
    'whatever is sent again, cut and joined differently: each raw line is there once',
    () => {
      const lines = 24;
      const reading = fc.record({
        from: fc.nat(lines - 1),
        length: fc.integer({ min: 1, max: lines }),
        continues: fc.array(fc.boolean(), { minLength: lines, maxLength: lines }),
      });
      fc.assert(
        fc.property(
          fc.array(reading, { minLength: 1, maxLength: 14 }),
          fc.array(fc.nat(1), { minLength: lines, maxLength: lines }),
          (readings, streams) => {
            let done: Intervals = NOTHING;
            const stored = new Map<number, number>();
            const sent = new Set<number>();
            for (const { from, length, continues } of readings) {
              const to = Math.min(lines, from + length);
              const batch = readLines({ from, to, continues }, streams);
              for (let i = from; i < to; i++) sent.add(i);
              const selection = selectNew(batch, done, 0);
              if (!selection) continue;
              done = selection.after;
              textsOf(selection.columns).forEach((text, r) => {
                const numbers = text.split('\n').map((line) => Number(line.slice(1)));
                expect(selection.columns.offsets[r]).toBe(numbers[0] * LINE);
                for (const n of numbers) stored.set(n, (stored.get(n) ?? 0) + 1);
                expect(new Set(numbers.map((n) => streams[n])).size).toBe(1);
              });
              expect(selection.columns.count + selection.suppressed).toBe(batch.count);
            }
            expect([...stored.keys()].sort((a, b) => a - b)).toEqual([...sent].sort((a, b) => a - b));
            expect([...stored.values()].every((n) => n === 1)).toBe(true);
          },
        ),
        { numRuns: dose(2_000, 100_000) },
      );
    },
    LONG,
  );

  test('records older than their class keeps are left out, and their bytes count as stored', () => {
    const batch = linesBatch({ messages: ['old', 'new', 'old too'], times: [5, 50, 6] });
    const selection = selectNew(batch, NOTHING, 10)!;
    expect(textsOf(selection.columns)).toEqual(['new']);
    expect(selection.tooOld).toBe(2);
    expect(selectNew(batch, selection.after, 10)).toBeNull();
  });

  test('a message with fewer lines than its joins say is kept whole', () => {
    const batch = { ...linesBatch({ messages: ['no newline here'] }), joins: Uint32Array.of(0, 8) };
    const selection = selectNew(batch, [0, 4], 0)!;
    expect(textsOf(selection.columns)).toEqual(['no newline here']);
  });

  test('text behind the last join stays with the last line', () => {
    const batch = { ...linesBatch({ messages: ['a\nb\nc'] }), joins: Uint32Array.of(0, 2) };
    expect(textsOf(selectNew(batch, [0, 1], 0)!.columns)).toEqual(['b\nc']);
  });
});
