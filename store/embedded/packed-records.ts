import { isUtf8 } from 'node:buffer';
import { levelName } from '../../model/level.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import { type Source, STREAMS } from '../../model/source.ts';
import type { ScanBlock } from './scan-block.ts';

/** A record as threads keep it: its message is [start, end) of the text of `from` until that is read into `bytes`. */
export interface RawRecord {
  time: number;
  fid: string;
  gen: number;
  offset: number;
  flags: number;
  level: number;
  source: Source;
  start: number;
  end: number;
  from: ScanBlock | null;
  bytes: Buffer | null;
}

/** Records in columns, cheap to send to another thread. */
export interface PackedRecords {
  count: number;
  times: Float64Array<ArrayBuffer>;
  offsets: Float64Array<ArrayBuffer>;
  gens: Uint32Array<ArrayBuffer>;
  /** Message i is [starts[i], ends[i]) of `messages`. */
  starts: Uint32Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
  fid: Uint32Array<ArrayBuffer>;
  source: Uint32Array<ArrayBuffer>;
  flags: Uint8Array<ArrayBuffer>;
  levels: Uint8Array<ArrayBuffer>;
  fids: string[];
  sources: Source[];
  messages: Uint8Array<ArrayBuffer>;
}

export function packRecords(records: RawRecord[]): PackedRecords {
  const n = records.length;
  const size = records.reduce((sum, record) => sum + (record.bytes?.length ?? 0), 0);
  const fids = new Map<string, number>();
  const sources = new Map<Source, number>();
  const packed: PackedRecords = {
    count: n,
    times: new Float64Array(n),
    offsets: new Float64Array(n),
    gens: new Uint32Array(n),
    starts: new Uint32Array(n),
    ends: new Uint32Array(n),
    fid: new Uint32Array(n),
    source: new Uint32Array(n),
    flags: new Uint8Array(n),
    levels: new Uint8Array(n),
    fids: [],
    sources: [],
    messages: new Uint8Array(size),
  };
  let at = 0;
  records.forEach((record, i) => {
    packed.times[i] = record.time;
    packed.offsets[i] = record.offset;
    packed.gens[i] = record.gen;
    packed.flags[i] = record.flags;
    packed.levels[i] = record.level;
    packed.fid[i] = numberOf(fids, record.fid);
    packed.source[i] = numberOf(sources, record.source);
    packed.starts[i] = at;
    if (record.bytes) packed.messages.set(record.bytes, at);
    packed.ends[i] = at += record.bytes?.length ?? 0;
  });
  packed.fids = [...fids.keys()];
  packed.sources = [...sources.keys()];
  return packed;
}

/** The number a map has for a key, in order of arrival. */
export function numberOf<T>(map: Map<T, number>, key: T): number {
  let number = map.get(key);
  if (number === undefined) map.set(key, (number = map.size));
  return number;
}

/** Memory that can be handed over instead of copied. */
export function packedTransfer(packed: PackedRecords): ArrayBuffer[] {
  return [packed.messages.buffer, packed.times.buffer, packed.offsets.buffer];
}

/** Makes single records of packed ones. */
export function createUnpacker(packed: PackedRecords): (i: number) => LogRecord {
  const { messages } = packed;
  const bytes = Buffer.from(messages.buffer, messages.byteOffset, messages.byteLength);
  const allUtf8 = isUtf8(bytes);
  /** What is valid as a whole is so in pieces that begin with characters. */
  const startsWhole = (at: number): boolean => at >= bytes.length || (bytes[at] & 0xc0) !== 0x80;
  return (i) => {
    const start = packed.starts[i];
    const end = packed.ends[i];
    const valid = allUtf8 && startsWhole(start) && startsWhole(end) ? true : isUtf8(bytes.subarray(start, end));
    const flags = valid ? packed.flags[i] : packed.flags[i] | FLAG.LOSSY;
    const record: LogRecord = {
      time: packed.times[i],
      fid: packed.fids[packed.fid[i]],
      gen: packed.gens[i],
      offset: packed.offsets[i],
      source: packed.sources[packed.source[i]],
      stream: STREAMS[flags & FLAG.STREAM_MASK],
      level: levelName(packed.levels[i]),
      message: bytes.toString('utf8', start, end),
      flags,
    };
    if (flags & FLAG.LOSSY) record.raw = bytes.toString('base64', start, end);
    return record;
  };
}
