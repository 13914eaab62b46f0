import { crc32 } from 'node:zlib';
import type { Batch, BatchKind, LinesBatch, SamplesBatch, StatusBatch } from '../model/batch.ts';
import { FleetlogError } from '../model/errors.ts';
import type { Source } from '../model/source.ts';

/**
 * Codec version 1, little endian, sections 8-byte aligned so that columns are views and need no copy:
 *
 *     0 magic 'FLB1'   4 u16 version   6 u8 kind   7 u8 0   8 u32 total length   12 u32 crc32 of bytes 16…
 *     16 fid (16 bytes)   32 u32 gen   36 u32 count   40 f64 start   48 f64 end   56 f64 collectedAt
 *     64 u32 source bytes   68 u32 dropped bytes   72 u32 joins (values)   76 u32 message bytes
 *     80 times f64[]  offsets f64[]  ends u32[]  flags u8[]  levels u8[]  joins u32[]  source JSON  dropped JSON  messages
 *
 * status and samples batches keep the header (count 0) and carry one JSON document in the source section. The same bytes are a
 * WAL frame of the embedded store, an HTTP body and a Kafka value.
 */
const MAGIC = 0x31424c46;
export const CODEC_VERSION = 1;
export const HEADER_BYTES = 80;
const KINDS: readonly BatchKind[] = ['lines', 'samples', 'events', 'status'];

const pad8 = (n: number): number => (n + 7) & ~7;

interface Layout {
  times: number;
  offsets: number;
  ends: number;
  flags: number;
  levels: number;
  joins: number;
  source: number;
  dropped: number;
  messages: number;
  total: number;
}

function layout(count: number, joins: number, source: number, dropped: number, messages: number): Layout {
  const times = HEADER_BYTES;
  const offsets = times + 8 * count;
  const ends = offsets + 8 * count;
  const flags = pad8(ends + 4 * count);
  const levels = pad8(flags + count);
  const joinsAt = pad8(levels + count);
  const sourceAt = pad8(joinsAt + 4 * joins);
  const droppedAt = pad8(sourceAt + source);
  const messagesAt = pad8(droppedAt + dropped);
  return {
    times,
    offsets,
    ends,
    flags,
    levels,
    joins: joinsAt,
    source: sourceAt,
    dropped: droppedAt,
    messages: messagesAt,
    total: pad8(messagesAt + messages),
  };
}

/** Bytes `encodeBatch` will need for a batch of these sizes; collectors cut batches by it. */
export function encodedBytes(count: number, joins: number, sourceBytes: number, messageBytes: number): number {
  return layout(count, joins, sourceBytes, 64, messageBytes).total;
}

function writeHeader(out: Buffer, kind: BatchKind, total: number): void {
  out.fill(0, 0, HEADER_BYTES);
  out.writeUInt32LE(MAGIC, 0);
  out.writeUInt16LE(CODEC_VERSION, 4);
  out[6] = KINDS.indexOf(kind);
  out.writeUInt32LE(total, 8);
}

/** (Re)computes the checksum after header or columns were written; `encodeBatch` has done it already. */
export function sealBatch(encoded: Buffer): Buffer {
  encoded.writeUInt32LE(crc32(encoded.subarray(16)), 12);
  return encoded;
}

/** Encodes any batch into a buffer of its own. Source identity strings are cached per object by the caller if that matters. */
export function encodeBatch(batch: Batch): Buffer {
  if (batch.kind === 'lines' || batch.kind === 'events') return encodeLines(batch);
  const body = Buffer.from(JSON.stringify(batch), 'utf8');
  const at = layout(0, 0, body.length, 0, 0);
  const out = Buffer.allocUnsafeSlow(at.total);
  writeHeader(out, batch.kind, at.total);
  out.writeUInt32LE(body.length, 64);
  out.fill(0, at.source);
  body.copy(out, at.source);
  return sealBatch(out);
}

const bytesOf = (a: Float64Array | Uint32Array | Uint8Array): Uint8Array =>
  new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
const sourceJson = new WeakMap<Source, Buffer>();

function encodeLines(batch: LinesBatch): Buffer {
  let source = sourceJson.get(batch.source);
  if (!source) sourceJson.set(batch.source, (source = Buffer.from(JSON.stringify(batch.source), 'utf8')));
  const dropped = Buffer.from(JSON.stringify(batch.dropped), 'utf8');
  const n = batch.count;
  const at = layout(n, batch.joins.length, source.length, dropped.length, batch.messages.length);
  const out = Buffer.allocUnsafeSlow(at.total);
  writeHeader(out, batch.kind, at.total);
  out.write(batch.fid, 16, 16, 'hex');
  out.writeUInt32LE(batch.gen, 32);
  out.writeUInt32LE(n, 36);
  out.writeDoubleLE(batch.start, 40);
  out.writeDoubleLE(batch.end, 48);
  out.writeDoubleLE(batch.collectedAt, 56);
  out.writeUInt32LE(source.length, 64);
  out.writeUInt32LE(dropped.length, 68);
  out.writeUInt32LE(batch.joins.length, 72);
  out.writeUInt32LE(batch.messages.length, 76);
  out.set(bytesOf(batch.times.subarray(0, n)), at.times);
  out.set(bytesOf(batch.offsets.subarray(0, n)), at.offsets);
  out.fill(0, at.ends + 4 * n, at.source);
  out.set(bytesOf(batch.ends.subarray(0, n)), at.ends);
  out.set(batch.flags.subarray(0, n), at.flags);
  out.set(batch.levels.subarray(0, n), at.levels);
  out.set(bytesOf(batch.joins), at.joins);
  out.fill(0, at.source + source.length, at.dropped);
  source.copy(out, at.source);
  out.fill(0, at.dropped + dropped.length, at.messages);
  dropped.copy(out, at.dropped);
  out.set(batch.messages, at.messages);
  out.fill(0, at.messages + batch.messages.length, at.total);
  return sealBatch(out);
}

/** The key that orders deliveries: the fid of lines and events, `host:<host>` for the rest. Reads the header only. */
export function batchKey(encoded: Buffer): string {
  const kind = KINDS[encoded[6]];
  if (kind === 'lines' || kind === 'events') return encoded.toString('hex', 16, 32);
  return `${kind}`;
}

/** Length of the batch that starts at `offset`, or null when fewer than a header's bytes are there or it is no batch. */
export function frameLength(bytes: Uint8Array, offset = 0): number | null {
  if (bytes.length - offset < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return null;
  const total = view.getUint32(8, true);
  return total >= HEADER_BYTES ? total : null;
}

function refuse(why: string, hint?: string): never {
  throw new FleetlogError('bad_batch', `cannot decode batch: ${why}`, { hint });
}

/**
 * Decodes one batch. Columns are views of `encoded` (copied first when it is not 8-byte aligned or backed by shared memory that
 * the caller did not align). Throws `bad_batch` for anything that is not exactly one intact batch; hostile bytes never read
 * outside it. `trusted` skips the checksum and the column checks for bytes this process wrote itself.
 */
export function decodeBatch(encoded: Buffer, trusted = false): Batch {
  if (encoded.length < HEADER_BYTES) refuse('shorter than its header');
  if (encoded.readUInt32LE(0) !== MAGIC) refuse('no batch magic');
  const version = encoded.readUInt16LE(4);
  if (version !== CODEC_VERSION)
    refuse(`version ${version}`, `this build reads version ${CODEC_VERSION}; upgrade the older side last`);
  const kind = KINDS[encoded[6]];
  if (!kind) refuse(`unknown kind ${encoded[6]}`);
  if (encoded.readUInt32LE(8) !== encoded.length) refuse('length differs from its header');
  if (!trusted && crc32(encoded.subarray(16)) !== encoded.readUInt32LE(12)) refuse('checksum differs');
  const bytes = encoded.byteOffset % 8 === 0 ? encoded : Buffer.from(Uint8Array.prototype.slice.call(encoded).buffer);
  const count = bytes.readUInt32LE(36);
  const sourceBytes = bytes.readUInt32LE(64);
  const droppedBytes = bytes.readUInt32LE(68);
  const joins = bytes.readUInt32LE(72);
  const messageBytes = bytes.readUInt32LE(76);
  const at = layout(count, joins, sourceBytes, droppedBytes, messageBytes);
  if (at.total !== bytes.length) refuse('sections do not fill it');
  const source = parseJson(bytes, at.source, sourceBytes);
  if (kind === 'status' || kind === 'samples') {
    if ((source as { kind?: unknown }).kind !== kind) refuse('document of another kind');
    return source as unknown as StatusBatch | SamplesBatch;
  }
  const base = bytes.byteOffset;
  const memory = bytes.buffer;
  const batch: LinesBatch = {
    kind,
    source: source as unknown as Source,
    fid: bytes.toString('hex', 16, 32),
    gen: bytes.readUInt32LE(32),
    start: bytes.readDoubleLE(40),
    end: bytes.readDoubleLE(48),
    collectedAt: bytes.readDoubleLE(56),
    count,
    times: new Float64Array(memory, base + at.times, count),
    offsets: new Float64Array(memory, base + at.offsets, count),
    ends: new Uint32Array(memory, base + at.ends, count),
    flags: new Uint8Array(memory, base + at.flags, count),
    levels: new Uint8Array(memory, base + at.levels, count),
    joins: new Uint32Array(memory, base + at.joins, joins),
    dropped: parseJson(bytes, at.dropped, droppedBytes) as LinesBatch['dropped'],
    messages: new Uint8Array(memory, base + at.messages, messageBytes),
  };
  if (!trusted) checkLines(batch);
  return batch;
}

function parseJson(bytes: Buffer, at: number, length: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', at, at + length));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new FleetlogError('bad_batch', 'cannot decode batch: its JSON is broken', { cause });
  }
  return refuse('its JSON is no object');
}

const SOURCE_STRINGS = [
  'host',
  'container',
  'containerName',
  'image',
  'version',
  'app',
  'env',
  'instance',
  'path',
  'reader',
] as const;

function checkLines(batch: LinesBatch): void {
  const s = batch.source as unknown as Record<string, unknown>;
  for (const key of SOURCE_STRINGS) if (typeof s[key] !== 'string') refuse(`source.${key} is no string`);
  const { start, end, count } = batch;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    refuse('its byte interval is wrong');
  if (batch.gen > 0x7fffffff) refuse('gen has more than 31 bits');
  let previousEnd = 0;
  let previousOffset = start - 1;
  for (let i = 0; i < count; i++) {
    const offset = batch.offsets[i];
    if (!(offset > previousOffset && offset < Math.max(end, start + 1)) || !Number.isSafeInteger(offset))
      refuse(`offset of record ${i}`);
    previousOffset = offset;
    if (batch.ends[i] < previousEnd) refuse(`end of record ${i}`);
    previousEnd = batch.ends[i];
    if (!Number.isSafeInteger(batch.times[i]) || batch.times[i] < 0) refuse(`time of record ${i}`);
    if (batch.levels[i] > 6 && batch.levels[i] !== 255) refuse(`level of record ${i}`);
  }
  if (previousEnd !== batch.messages.length) refuse('messages do not fill their section');
  if (batch.joins.length % 2) refuse('joins are not pairs');
  for (let j = 0; j < batch.joins.length; j += 2) if (batch.joins[j] >= count) refuse('a join names no record');
}
