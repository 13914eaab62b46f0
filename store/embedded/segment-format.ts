import { crc32 } from 'node:zlib';
import { FleetlogError } from '../../model/errors.ts';
import type { Source } from '../../model/source.ts';

/**
 * Segment version 1 (docs/format.md): an immutable file of records of one retention class and one UTC day.
 *
 *     0 'FLSG'  u16 version  u16 0  u64 0      then the sections of the blocks, one after the other:
 *     rows, patterns, text (zstd frames with checksum) and bloom lines; codec dictionary; footer; tail
 *     tail, 32 bytes: u64 footer at   u32 footer bytes   u32 crc32 of footer   u32 crc32 of the tail so far   u16 version
 *                     u16 0  u32 0  'FLSG'
 *
 * The footer is a JSON document (sources, fids, sizes) and the columns of three tables: blocks, runs and minute counts.
 */
export const SEGMENT_VERSION = 1;
export const SEGMENT_HEADER = 16;
export const SEGMENT_TAIL = 32;
const MAGIC = 'FLSG';

/** Most records of a block: bounds what a block of empty lines costs in memory. */
export const BLOCK_RECORDS = 1 << 16;

export interface FooterHead {
  class: string;
  /** Days since the epoch, UTC. */
  day: number;
  codec: number;
  dictionary: { at: number; stored: number };
  sources: Source[];
  fids: string[];
  blocks: number;
  runs: number;
  counts: number;
}

type Column = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Per block. `cells` is the union of its records' cells, `exotic` 1 when text folds into ASCII from outside it. */
export interface BlockTable {
  first: Float64Array<ArrayBuffer>;
  last: Float64Array<ArrayBuffer>;
  /** Where its rows section begins; patterns, text and bloom follow it in that order. */
  at: Float64Array<ArrayBuffer>;
  records: Uint32Array<ArrayBuffer>;
  rawBytes: Uint32Array<ArrayBuffer>;
  rows: Uint32Array<ArrayBuffer>;
  rowsRaw: Uint32Array<ArrayBuffer>;
  patterns: Uint32Array<ArrayBuffer>;
  patternsRaw: Uint32Array<ArrayBuffer>;
  text: Uint32Array<ArrayBuffer>;
  bloom: Uint32Array<ArrayBuffer>;
  runsFrom: Uint32Array<ArrayBuffer>;
  cells: Uint32Array<ArrayBuffer>;
  kind: Uint32Array<ArrayBuffer>;
}

/** Bits of a block's `kind`. */
export const TEXT_KIND = {
  /** Some byte is ≥ 0x80. */
  WIDE: 1,
  /** Some character folds into an ASCII one (full-width letters and digits, K, İ, ſ). */
  EXOTIC: 2,
} as const;

/** Per run: consecutive records of one source, fid and gen within a block. */
export interface RunTable {
  source: Uint32Array<ArrayBuffer>;
  fid: Uint32Array<ArrayBuffer>;
  gen: Uint32Array<ArrayBuffer>;
  count: Uint32Array<ArrayBuffer>;
  cells: Uint32Array<ArrayBuffer>;
  first: Float64Array<ArrayBuffer>;
  last: Float64Array<ArrayBuffer>;
  lowest: Float64Array<ArrayBuffer>;
  highest: Float64Array<ArrayBuffer>;
}

/** Records per source, minute (since the epoch) and cell, sorted by source, then minute. */
export interface CountTable {
  source: Uint32Array<ArrayBuffer>;
  minute: Uint32Array<ArrayBuffer>;
  cell: Uint32Array<ArrayBuffer>;
  count: Uint32Array<ArrayBuffer>;
}

export interface Footer {
  head: FooterHead;
  blocks: BlockTable;
  runs: RunTable;
  counts: CountTable;
}

export const BLOCK_WIDE = ['first', 'last', 'at'] as const;
export const BLOCK_NARROW = [
  'records',
  'rawBytes',
  'rows',
  'rowsRaw',
  'patterns',
  'patternsRaw',
  'text',
  'bloom',
  'runsFrom',
  'cells',
  'kind',
] as const;
export const RUN_WIDE = ['first', 'last', 'lowest', 'highest'] as const;
export const RUN_NARROW = ['source', 'fid', 'gen', 'count', 'cells'] as const;
export const COUNT_NARROW = ['source', 'minute', 'cell', 'count'] as const;

/** The tables' columns in file order: 8-byte ones first, so that all are aligned. */
function shape(
  head: Pick<FooterHead, 'blocks' | 'runs' | 'counts'>,
): [table: keyof Footer, name: string, wide: boolean, n: number][] {
  return [
    ...BLOCK_WIDE.map((name) => ['blocks', name, true, head.blocks] as [keyof Footer, string, boolean, number]),
    ...RUN_WIDE.map((name) => ['runs', name, true, head.runs] as [keyof Footer, string, boolean, number]),
    ...BLOCK_NARROW.map((name) => ['blocks', name, false, head.blocks] as [keyof Footer, string, boolean, number]),
    ...RUN_NARROW.map((name) => ['runs', name, false, head.runs] as [keyof Footer, string, boolean, number]),
    ...COUNT_NARROW.map((name) => ['counts', name, false, head.counts] as [keyof Footer, string, boolean, number]),
  ];
}

export function segmentHeader(): Buffer {
  const out = Buffer.alloc(SEGMENT_HEADER);
  out.write(MAGIC, 0);
  out.writeUInt16LE(SEGMENT_VERSION, 4);
  return out;
}

/** Footer and tail of a segment whose footer begins at `at`. */
export function encodeFooter(footer: Footer, at: number): Buffer {
  const json = Buffer.from(JSON.stringify(footer.head));
  const padded = (8 + json.length + 7) & ~7;
  const columns = shape(footer.head);
  const size = columns.reduce((sum, [, , wide, n]) => sum + n * (wide ? 8 : 4), padded);
  const out = Buffer.alloc(size + SEGMENT_TAIL);
  out.writeUInt32LE(json.length, 0);
  json.copy(out, 8);
  let to = padded;
  for (const [table, name, wide, n] of columns) {
    const column = (footer[table] as unknown as Record<string, Column>)[name];
    out.set(new Uint8Array(column.buffer, column.byteOffset, n * (wide ? 8 : 4)), to);
    to += n * (wide ? 8 : 4);
  }
  out.writeBigUInt64LE(BigInt(at), size);
  out.writeUInt32LE(size, size + 8);
  out.writeUInt32LE(crc32(out.subarray(0, size)), size + 12);
  out.writeUInt32LE(crc32(out.subarray(size, size + 16)), size + 16);
  out.writeUInt16LE(SEGMENT_VERSION, size + 20);
  out.write(MAGIC, size + 28);
  return out;
}

const damaged = (why: string): FleetlogError => new FleetlogError('corrupt', `cannot read segment: ${why}`);

/** Where the footer lies, from a file's last 32 bytes. Throws `corrupt`, or `format_newer` for a later version. */
export function readTail(tail: Buffer): { at: number; bytes: number; crc: number } {
  if (tail.length !== SEGMENT_TAIL || tail.toString('latin1', 28) !== MAGIC) throw damaged('it does not end as one');
  const version = tail.readUInt16LE(20);
  if (version > SEGMENT_VERSION)
    throw new FleetlogError('format_newer', `cannot read segment: version ${version}`, {
      hint: 'start the newer Fleetlog that wrote it',
    });
  if (crc32(tail.subarray(0, 16)) !== tail.readUInt32LE(16)) throw damaged('checksum of its tail differs');
  return { at: Number(tail.readBigUInt64LE(0)), bytes: tail.readUInt32LE(8), crc: tail.readUInt32LE(12) };
}

/** Decodes a footer; its tables are views of `bytes` (copied first when not 8-byte aligned). Throws `corrupt`. */
export function decodeFooter(bytes: Buffer, crc: number): Footer {
  if (crc32(bytes) !== crc) throw damaged('checksum of its footer differs');
  const own = bytes.byteOffset % 8 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  const jsonBytes = own.readUInt32LE(0);
  const head = JSON.parse(own.toString('utf8', 8, 8 + jsonBytes)) as FooterHead;
  const footer = { head, blocks: {}, runs: {}, counts: {} } as unknown as Footer;
  let at = (8 + jsonBytes + 7) & ~7;
  for (const [table, name, wide, n] of shape(head)) {
    const column = new (wide ? Float64Array : Uint32Array)(own.buffer as ArrayBuffer, own.byteOffset + at, n);
    (footer[table] as unknown as Record<string, Column>)[name] = column;
    at += n * (wide ? 8 : 4);
  }
  if (at !== own.length) throw damaged('its footer has another size');
  return footer;
}

/** Path of a segment in the store's directory. */
export function segmentFile(dir: string, id: number): string {
  return `${dir}/segment-${String(id).padStart(10, '0')}.fls`;
}

/** The id in a segment's file name, or null. */
export function segmentId(name: string): number | null {
  const found = /^segment-(\d{10})\.fls$/.exec(name);
  return found ? Number(found[1]) : null;
}
