import type { LinesBatch } from './batch.ts';
import { levelOrdinal } from './level.ts';
import type { LogRecord } from './record.ts';

/**
 * Records of one file, in order of offset, as one batch that accounts for [start, end): the way back from what a store gives to what it
 * takes. A joined record comes as one piece (`joins` is empty), so it is known by its own position alone.
 */
export function recordBatch(records: readonly LogRecord[], start: number, end: number): LinesBatch {
  const messages = records.map(({ message, raw }) =>
    raw === undefined ? Buffer.from(message) : Buffer.from(raw, 'base64'),
  );
  let at = 0;
  const [{ source, fid, gen }] = records;
  return {
    kind: 'lines',
    source,
    fid,
    gen,
    start,
    end,
    collectedAt: records[0].time,
    count: records.length,
    times: Float64Array.from(records, ({ time }) => time),
    offsets: Float64Array.from(records, ({ offset }) => offset),
    ends: Uint32Array.from(messages, (message) => (at += message.length)),
    flags: Uint8Array.from(records, ({ flags }) => flags),
    levels: Uint8Array.from(records, ({ level }) => levelOrdinal(level)),
    joins: new Uint32Array(0),
    dropped: {},
    messages: Buffer.concat(messages),
  };
}
