import { crc32 } from 'node:zlib';
import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { cellOf, type RecordColumns } from './record-columns.ts';

/**
 * Frames: what the write-ahead log and the heads in memory are made of, the same bytes in both. Little endian, each 8-byte
 * aligned and padded so that columns are views:
 *
 *     0 u32 'FLF1'   4 u32 length   8 u32 crc32 of bytes 12…   12 u8 kind   13 u8 0   14 u16 0
 *     16 fid (16 bytes)   32 u32 gen   36 u32 count   40 u32 source number   44 u32 message (or JSON) bytes
 *     48 f64 start   56 f64 end   64 f64 first time   72 f64 last time   80 u32 cells   84 u32 0   88 f64 accepted at (µs)
 *     96 times f64[]  offsets f64[]  ends u32[]  flags u8[]  levels u8[]  messages
 *
 * Kind 1 names a source (its number and JSON), once per log file before its first records. Kind 2 holds records: the
 * interval [start, end) becomes stored when the frame is durable. Cells is a set of bits, see `cellOf`.
 */
const MAGIC = 0x31464c46;
export const FRAME_HEADER = 96;
export const SOURCE_FRAME = 1;
export const RECORDS_FRAME = 2;

const pad8 = (n: number): number => (n + 7) & ~7;

function columnsAt(count: number): { offsets: number; ends: number; flags: number; levels: number; messages: number } {
  const offsets = FRAME_HEADER + 8 * count;
  const ends = offsets + 8 * count;
  const flags = ends + 4 * count;
  const levels = flags + count;
  return { offsets, ends, flags, levels, messages: levels + count };
}

export function recordsFrameBytes(count: number, messageBytes: number): number {
  return pad8(columnsAt(count).messages + messageBytes);
}

export function sourceFrameBytes(jsonBytes: number): number {
  return pad8(FRAME_HEADER + jsonBytes);
}

/** A piece of memory frames are written to: the bytes and two views of them. */
export interface FrameMemory {
  bytes: Buffer;
  view: DataView;
}

export function frameMemory(memory: ArrayBufferLike, at = 0, length = memory.byteLength - at): FrameMemory {
  return { bytes: Buffer.from(memory as ArrayBuffer, at, length), view: new DataView(memory, at, length) };
}

function begin(to: FrameMemory, at: number, kind: number, length: number): void {
  to.bytes.fill(0, at, at + FRAME_HEADER);
  to.view.setUint32(at, MAGIC, true);
  to.view.setUint32(at + 4, length, true);
  to.bytes[at + 12] = kind;
}

function seal(to: FrameMemory, at: number, length: number): void {
  to.view.setUint32(at + 8, crc32(to.bytes.subarray(at + 12, at + length)), true);
}

/** Writes a source frame at `at`; returns its length. */
export function writeSourceFrame(to: FrameMemory, at: number, number: number, json: Uint8Array): number {
  const length = sourceFrameBytes(json.length);
  begin(to, at, SOURCE_FRAME, length);
  to.view.setUint32(at + 40, number, true);
  to.view.setUint32(at + 44, json.length, true);
  to.bytes.set(json, at + FRAME_HEADER);
  to.bytes.fill(0, at + FRAME_HEADER + json.length, at + length);
  seal(to, at, length);
  return length;
}

export interface FrameIdentity {
  fid: string;
  gen: number;
  source: number;
  start: number;
  end: number;
  acceptedAt: number;
}

/** Writes a records frame at `at` (8-byte aligned); returns its length and time range. Undetected levels are stored as none. */
export function writeRecordsFrame(
  to: FrameMemory,
  at: number,
  id: FrameIdentity,
  columns: RecordColumns,
): { length: number; first: number; last: number } {
  const n = columns.count;
  const place = columnsAt(n);
  const length = recordsFrameBytes(n, columns.messages.length);
  begin(to, at, RECORDS_FRAME, length);
  const { bytes, view } = to;
  bytes.write(id.fid, at + 16, 16, 'hex');
  view.setUint32(at + 32, id.gen, true);
  view.setUint32(at + 36, n, true);
  view.setUint32(at + 40, id.source, true);
  view.setUint32(at + 44, columns.messages.length, true);
  view.setFloat64(at + 48, id.start, true);
  view.setFloat64(at + 56, id.end, true);
  view.setFloat64(at + 88, id.acceptedAt, true);
  const base = bytes.byteOffset + at;
  const memory = bytes.buffer;
  new Float64Array(memory, base + FRAME_HEADER, n).set(columns.times.subarray(0, n));
  new Float64Array(memory, base + place.offsets, n).set(columns.offsets.subarray(0, n));
  new Uint32Array(memory, base + place.ends, n).set(columns.ends.subarray(0, n));
  const levels = bytes.subarray(at + place.levels, at + place.messages);
  bytes.set(columns.flags.subarray(0, n), at + place.flags);
  levels.set(columns.levels.subarray(0, n));
  bytes.set(columns.messages, at + place.messages);
  bytes.fill(0, at + place.messages + columns.messages.length, at + length);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let cells = 0;
  for (let i = 0; i < n; i++) {
    if (levels[i] === UNDETECTED_LEVEL) levels[i] = 0;
    const time = columns.times[i];
    if (time < first) first = time;
    if (time > last) last = time;
    cells |= 1 << cellOf(columns.flags[i], levels[i]);
  }
  view.setFloat64(at + 64, first, true);
  view.setFloat64(at + 72, last, true);
  view.setUint32(at + 80, cells >>> 0, true);
  seal(to, at, length);
  return { length, first, last };
}

/** What a reader needs of a frame before its columns. */
export interface FrameHead {
  at: number;
  length: number;
  kind: number;
  gen: number;
  count: number;
  source: number;
  messageBytes: number;
  start: number;
  end: number;
  first: number;
  last: number;
  cells: number;
  acceptedAt: number;
}

/** The length the frame at `at` claims to have; 0 when no frame begins there. */
export function claimedLength(from: FrameMemory, at: number): number {
  return from.view.getUint32(at, true) === MAGIC ? from.view.getUint32(at + 4, true) : 0;
}

/** The frame at `at`, or null when no whole frame is there (the end, or a torn tail). `check` also verifies its checksum. */
export function readFrameHead(from: FrameMemory, at: number, limit: number, check: boolean): FrameHead | null {
  if (limit - at < FRAME_HEADER || from.view.getUint32(at, true) !== MAGIC) return null;
  const { view } = from;
  const length = view.getUint32(at + 4, true);
  if (length < FRAME_HEADER || length % 8 !== 0 || length > limit - at) return null;
  if (check && crc32(from.bytes.subarray(at + 12, at + length)) !== view.getUint32(at + 8, true)) return null;
  return {
    at,
    length,
    kind: from.bytes[at + 12],
    gen: view.getUint32(at + 32, true),
    count: view.getUint32(at + 36, true),
    source: view.getUint32(at + 40, true),
    messageBytes: view.getUint32(at + 44, true),
    start: view.getFloat64(at + 48, true),
    end: view.getFloat64(at + 56, true),
    first: view.getFloat64(at + 64, true),
    last: view.getFloat64(at + 72, true),
    cells: view.getUint32(at + 80, true),
    acceptedAt: view.getFloat64(at + 88, true),
  };
}

export function frameFid(from: FrameMemory, at: number): string {
  return from.bytes.toString('hex', at + 16, at + 32);
}

/** Views of a records frame's columns; valid as long as its memory is. */
export function frameColumns(from: FrameMemory, head: FrameHead): RecordColumns {
  const n = head.count;
  const place = columnsAt(n);
  const { bytes } = from;
  const memory = bytes.buffer;
  const base = bytes.byteOffset + head.at;
  return {
    count: n,
    times: new Float64Array(memory, base + FRAME_HEADER, n),
    offsets: new Float64Array(memory, base + place.offsets, n),
    ends: new Uint32Array(memory, base + place.ends, n),
    flags: new Uint8Array(memory, base + place.flags, n),
    levels: new Uint8Array(memory, base + place.levels, n),
    messages: frameMessages(from, head),
  };
}

/** The messages alone, as a Buffer. */
export function frameMessages(from: FrameMemory, head: FrameHead): Buffer {
  const at = head.at + columnsAt(head.count).messages;
  return from.bytes.subarray(at, at + head.messageBytes);
}

/** Where the messages begin, from the start of the memory. */
export function frameMessagesAt(head: FrameHead): number {
  return head.at + columnsAt(head.count).messages;
}

export function frameSourceJson(from: FrameMemory, head: FrameHead): string {
  return from.bytes.toString('utf8', head.at + FRAME_HEADER, head.at + FRAME_HEADER + head.messageBytes);
}
