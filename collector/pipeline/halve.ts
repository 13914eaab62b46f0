import type { LinesBatch } from '../../model/batch.ts';
import { FLAG } from '../../model/record.ts';
import { decodeBatch, encodeBatch } from '../../transport/batch-codec.ts';
import { characterEnd } from './oversize.ts';

/**
 * Two batches in place of one that a bus finds too large, with the same bytes of the file between them. A batch of one record
 * loses the second half of its message, and says so. Null when there is nothing left to halve.
 */
export function halveBatch(encoded: Buffer): [Buffer, Buffer] | null {
  const batch = decodeBatch(encoded, true) as LinesBatch;
  if (batch.count < 2) return shorten(batch);
  const k = batch.count >> 1;
  const offset = batch.offsets[k];
  const cut = batch.ends[k - 1];
  const joins = [...batch.joins];
  const firstJoins: number[] = [];
  const restJoins: number[] = [];
  for (let i = 0; i < joins.length; i += 2) {
    if (joins[i] < k) firstJoins.push(joins[i], joins[i + 1]);
    else restJoins.push(joins[i] - k, joins[i + 1]);
  }
  const columns = (from: number, to: number) => ({
    count: to - from,
    times: batch.times.subarray(from, to),
    offsets: batch.offsets.subarray(from, to),
    flags: batch.flags.subarray(from, to),
    levels: batch.levels.subarray(from, to),
  });
  const first: LinesBatch = {
    ...batch,
    ...columns(0, k),
    end: offset,
    ends: batch.ends.subarray(0, k),
    joins: Uint32Array.from(firstJoins),
    messages: batch.messages.subarray(0, cut),
  };
  const rest: LinesBatch = {
    ...batch,
    ...columns(k, batch.count),
    start: offset,
    ends: batch.ends.subarray(k).map((end) => end - cut),
    joins: Uint32Array.from(restJoins),
    messages: batch.messages.subarray(cut),
    // What was dropped is told once.
    dropped: {},
  };
  return [encodeBatch(first), encodeBatch(rest)];
}

function shorten(batch: LinesBatch): [Buffer, Buffer] | null {
  if (batch.messages.length < 4_096) return null;
  const keep = characterEnd(batch.messages, 0, batch.messages.length >> 1);
  const text = Buffer.from(` …[truncated: ${batch.messages.length} bytes, the bus takes no more]`);
  const messages = Buffer.concat([batch.messages.subarray(0, keep), text]);
  const flags = batch.flags.slice();
  flags[0] |= FLAG.TRUNCATED;
  let newlines = 0;
  for (let i = 0; i < keep; i++) if (batch.messages[i] === 10) newlines++;
  const short: LinesBatch = {
    ...batch,
    flags,
    messages,
    ends: Uint32Array.of(messages.length),
    joins: batch.joins.slice(0, 2 * newlines),
    dropped: { ...batch.dropped, oversize: (batch.dropped.oversize ?? 0) + batch.messages.length - keep },
  };
  const empty: LinesBatch = {
    ...short,
    start: batch.end,
    count: 0,
    times: new Float64Array(0),
    offsets: new Float64Array(0),
    ends: new Uint32Array(0),
    flags: new Uint8Array(0),
    levels: new Uint8Array(0),
    joins: new Uint32Array(0),
    dropped: {},
    messages: new Uint8Array(0),
  };
  return [encodeBatch(short), encodeBatch(empty)];
}
