import { crc32 } from 'node:zlib';

/**
 * Bloom filter of the token hashes of a block, in lines of 64 bytes: all bits of a token lie in one line, so that a test
 * reads 64 bytes from disk (split block bloom filter as in Parquet's format, with 6 bits a token). The last 4 bytes of a line
 * are a checksum: a filter with a lost bit would hide lines, so a damaged one hides nothing.
 * 10 bits a token give about 1 % false positives, 3–4 % of the block's raw bytes before compression of anything.
 */
export const BLOOM_LINE = 64;
const LINE_BITS = (BLOOM_LINE - 4) * 8;
const BITS_PER_TOKEN = 10;
const PROBES = 6;

export function bloomLines(tokens: number): number {
  return tokens === 0 ? 0 : Math.ceil((tokens * BITS_PER_TOKEN) / LINE_BITS);
}

/** The line of a token in a filter of `lines` lines: the hash's upper bits, scaled. */
export function bloomLine(hash: number, lines: number): number {
  return Math.floor(((hash >>> 0) / 2 ** 32) * lines);
}

function second(hash: number): number {
  let h = Math.imul(hash, 0x9e3779b1);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca77);
  return (h ^ (h >>> 13)) >>> 0;
}

/** Bit `i` of a token in its line. */
function probe(bits: number): number {
  return ((bits & 0xffff) * LINE_BITS) >>> 16;
}

export function bloomAdd(filter: Uint8Array, lines: number, hash: number): void {
  const at = bloomLine(hash, lines) * BLOOM_LINE;
  let bits = second(hash);
  const step = (bits >>> 16) | 1;
  for (let i = 0; i < PROBES; i++) {
    const bit = probe(bits);
    filter[at + (bit >>> 3)] |= 1 << (bit & 7);
    bits = (bits + step) | 0;
  }
}

/** Puts the checksums into a filter that is complete. */
export function sealBloom(filter: Buffer): void {
  for (let at = 0; at < filter.length; at += BLOOM_LINE)
    filter.writeUInt32LE(crc32(filter.subarray(at, at + BLOOM_LINE - 4)), at + BLOOM_LINE - 4);
}

/** Whether a token may be in the block; `line` is the filter's line for its hash. */
export function bloomMay(line: Buffer, hash: number): boolean {
  let bits = second(hash);
  const step = (bits >>> 16) | 1;
  for (let i = 0; i < PROBES; i++) {
    const bit = probe(bits);
    if (!(line[bit >>> 3] & (1 << (bit & 7)))) return !isIntact(line);
    bits = (bits + step) | 0;
  }
  return true;
}

/** Whether a token may be in the block of this whole filter. */
export function bloomHolds(filter: Buffer, hash: number): boolean {
  const own = hash >>> 0 || 1;
  const lines = filter.length / BLOOM_LINE;
  if (lines === 0) return false;
  const at = bloomLine(own, lines) * BLOOM_LINE;
  return bloomMay(filter.subarray(at, at + BLOOM_LINE), own);
}

function isIntact(line: Buffer): boolean {
  return crc32(line.subarray(0, BLOOM_LINE - 4)) === line.readUInt32LE(BLOOM_LINE - 4);
}
