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
  ends: Float64Array<ArrayBuffer>;
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
    ends: new Float64Array(n),
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
    if (record.bytes) packed.messages.set(record.bytes, at);
    packed.ends[i] = at += record.bytes?.length ?? 0;
  });
  packed.fids = [...fids.keys()];
  packed.sources = [...sources.keys()];
  return packed;
}

function numberOf<T>(map: Map<T, number>, key: T): number {
  let number = map.get(key);
  if (number === undefined) map.set(key, (number = map.size));
  return number;
}

/** Memory that can be handed over instead of copied. */
export function packedTransfer(packed: PackedRecords): ArrayBuffer[] {
  return [packed.messages.buffer, packed.times.buffer, packed.offsets.buffer];
}

export function unpackRecord(packed: PackedRecords, i: number): LogRecord {
  const start = i === 0 ? 0 : packed.ends[i - 1];
  const { messages } = packed;
  const bytes = Buffer.from(messages.buffer, messages.byteOffset + start, packed.ends[i] - start);
  const lossy = !isUtf8(bytes);
  const flags = lossy ? packed.flags[i] | FLAG.LOSSY : packed.flags[i];
  const record: LogRecord = {
    time: packed.times[i],
    fid: packed.fids[packed.fid[i]],
    gen: packed.gens[i],
    offset: packed.offsets[i],
    source: packed.sources[packed.source[i]],
    stream: STREAMS[flags & FLAG.STREAM_MASK],
    level: levelName(packed.levels[i]),
    message: bytes.toString('utf8'),
    flags,
  };
  if (flags & FLAG.LOSSY) record.raw = bytes.toString('base64');
  return record;
}
