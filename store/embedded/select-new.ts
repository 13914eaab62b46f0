import type { LinesBatch } from '../../model/batch.ts';
import { covers, type Intervals, including, touches } from '../intervals.ts';
import { lineStarts } from '../line-starts.ts';
import type { RecordColumns } from './record-columns.ts';

const NEWLINE = 10;

export interface Selection {
  /** What is new; the batch's own columns when all of it is. */
  columns: RecordColumns;
  /** What the batch accounts for, and the marks with it. */
  start: number;
  end: number;
  after: Intervals;
  suppressed: number;
  tooOld: number;
}

/**
 * Takes from a batch what the store does not have: raw lines whose offset lies in no stored interval and records not older
 * than `oldest` (µs). A joined record that is stored in part is kept as a record made of the lines that are new, at the
 * position of the first of them, because a re-read may join (and cut) differently than the first read did. Null when
 * nothing of the batch is new.
 */
export function selectNew(batch: LinesBatch, done: Intervals, oldest: number): Selection | null {
  const span = spanOf(batch, done);
  if (covers(done, span.start, span.end)) return null;
  const after = including(done, span.start, span.end);
  const overlap = batch.kind === 'events' ? batch.offsets[0] < span.start : touches(done, span.start, span.end);
  if (!overlap && !anyOlder(batch, oldest)) return { columns: batch, ...span, after, suppressed: 0, tooOld: 0 };
  return { ...gather(batch, done, oldest), ...span, after };
}

/** Events have positions without contiguity: everything below the newest offset counts as stored. */
function spanOf(batch: LinesBatch, done: Intervals): { start: number; end: number } {
  const n = batch.count;
  if (batch.kind === 'events') return { start: done[1] ?? 0, end: n === 0 ? 0 : batch.offsets[n - 1] + 1 };
  return { start: batch.start, end: n === 0 ? batch.end : Math.max(batch.end, batch.offsets[n - 1] + 1) };
}

function anyOlder(batch: LinesBatch, oldest: number): boolean {
  for (let i = 0; i < batch.count; i++) if (batch.times[i] < oldest) return true;
  return false;
}

function gather(
  batch: LinesBatch,
  done: Intervals,
  oldest: number,
): Pick<Selection, 'columns' | 'suppressed' | 'tooOld'> {
  const n = batch.count;
  const out = {
    times: new Float64Array(n),
    offsets: new Float64Array(n),
    ends: new Uint32Array(n),
    flags: new Uint8Array(n),
    levels: new Uint8Array(n),
    messages: new Uint8Array(batch.messages.length),
  };
  let kept = 0;
  let bytes = 0;
  let suppressed = 0;
  let tooOld = 0;
  let join = 0;
  for (let i = 0; i < n; i++) {
    const joinFrom = join;
    while (join < batch.joins.length && batch.joins[join] === i) join += 2;
    const lines = newLines(batch, i, joinFrom, join, done);
    if (lines.length === 0) {
      suppressed++;
      continue;
    }
    if (batch.times[i] < oldest) {
      tooOld++;
      continue;
    }
    const from = i === 0 ? 0 : batch.ends[i - 1];
    const joined = (join - joinFrom) / 2;
    const whole: Piece[] = [[from, batch.ends[i]]];
    const pieces = lines.length > joined ? whole : (linePieces(batch, i, lines, joined) ?? whole);
    pieces.forEach(([a, b], k) => {
      if (k > 0) out.messages[bytes++] = NEWLINE;
      out.messages.set(batch.messages.subarray(a, b), bytes);
      bytes += b - a;
    });
    const first = lines[0];
    out.times[kept] = batch.times[i];
    out.offsets[kept] = batch.offsets[i] + (first === 0 ? 0 : batch.joins[joinFrom + 2 * (first - 1) + 1]);
    out.ends[kept] = bytes;
    out.flags[kept] = batch.flags[i];
    out.levels[kept] = batch.levels[i];
    kept++;
  }
  return { columns: { ...out, count: kept, messages: out.messages.subarray(0, bytes) }, suppressed, tooOld };
}

/** Ordinals (0 is the record's own first line) of the record's raw lines that are not stored yet. */
function newLines(batch: LinesBatch, i: number, joinFrom: number, joinTo: number, done: Intervals): number[] {
  const lines: number[] = [];
  const at = batch.offsets[i];
  if (!covers(done, at, at + 1)) lines.push(0);
  for (let j = joinFrom; j < joinTo; j += 2) {
    const offset = at + batch.joins[j + 1];
    if (!covers(done, offset, offset + 1)) lines.push((j - joinFrom) / 2 + 1);
  }
  return lines;
}

type Piece = [from: number, to: number];

/**
 * Byte ranges of those lines in the message; the last of the `joined` continuation lines reaches to its end. Null when
 * the message has fewer lines than the joins say: then it cannot be parted, and a line twice is better than a line lost.
 */
function linePieces(batch: LinesBatch, i: number, lines: number[], joined: number): Piece[] | null {
  const end = batch.ends[i];
  const starts = lineStarts(batch.messages, i === 0 ? 0 : batch.ends[i - 1], end, joined + 1);
  if (starts === null) return null;
  return lines.map((line) => [starts[line], line < joined ? starts[line + 1] - 1 : end]);
}
