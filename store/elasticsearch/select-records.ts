import type { LinesBatch } from '../../model/batch.ts';
import { lineStarts } from '../line-starts.ts';
import type { RecordInput } from './documents.ts';

const NEWLINE = 10;

export interface Selection {
  records: RecordInput[];
  suppressed: number;
  tooOld: number;
}

/**
 * What of a batch is to be written: raw lines that are not stored, of records not older than `oldest` (µs). A joined record that is
 * stored in part is kept as a record of the lines that are new, at the position of the first of them, because a re-read may join
 * differently than the first read did. The same as the embedded store does, with documents as its memory.
 */
export function selectRecords(batch: LinesBatch, isStored: (offset: number) => boolean, oldest: number): Selection {
  const out: Selection = { records: [], suppressed: 0, tooOld: 0 };
  const messages = Buffer.from(batch.messages.buffer, batch.messages.byteOffset, batch.messages.byteLength);
  let join = 0;
  for (let i = 0; i < batch.count; i++) {
    const offset = batch.offsets[i];
    const lines = [offset];
    for (; join < batch.joins.length && batch.joins[join] === i; join += 2) lines.push(offset + batch.joins[join + 1]);
    const fresh = lines.filter((line) => !isStored(line));
    if (fresh.length === 0) {
      out.suppressed++;
      continue;
    }
    if (batch.times[i] < oldest) {
      out.tooOld++;
      continue;
    }
    const from = i === 0 ? 0 : batch.ends[i - 1];
    const whole = { messages, from, to: batch.ends[i] };
    const text = fresh.length === lines.length ? whole : (pick(whole, lines, fresh) ?? whole);
    out.records.push({
      fid: batch.fid,
      gen: batch.gen,
      time: batch.times[i],
      offset: fresh[0],
      flags: batch.flags[i],
      level: batch.levels[i],
      ...text,
      joins: fresh.slice(1),
    });
  }
  return out;
}

type Text = Pick<RecordInput, 'messages' | 'from' | 'to'>;

/** The text of some of a joined record's lines, or null when it cannot be parted. */
function pick({ messages, from, to }: Text, lines: number[], fresh: number[]): Text | null {
  const starts = lineStarts(messages, from, to, lines.length);
  if (starts === null) return null;
  const pieces = fresh.map((line) => {
    const k = lines.indexOf(line);
    return messages.subarray(starts[k], k + 1 < lines.length ? starts[k + 1] - 1 : to);
  });
  const joined = Buffer.concat(pieces.flatMap((piece, k) => (k === 0 ? [piece] : [Buffer.of(NEWLINE), piece])));
  return { messages: joined, from: 0, to: joined.length };
}

/** A batch that holds only that record, so that a refused line can be kept and driven again. */
export function batchOfRecord(batch: LinesBatch, record: RecordInput): LinesBatch {
  const { offset, joins, from, to } = record;
  return {
    ...batch,
    start: offset,
    end: (joins[joins.length - 1] ?? offset) + 1,
    count: 1,
    times: Float64Array.of(record.time),
    offsets: Float64Array.of(offset),
    ends: Uint32Array.of(to - from),
    flags: Uint8Array.of(record.flags),
    levels: Uint8Array.of(record.level),
    joins: Uint32Array.from(joins.flatMap((line) => [0, line - offset])),
    dropped: {},
    messages: record.messages.subarray(from, to),
  };
}
