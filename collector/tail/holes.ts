import type { ByteSource } from './byte-source.ts';

const ZEROES = Buffer.alloc(1 << 20);

/** First byte in `b[start, end)` that is not NUL, or `end`. */
export function skipZeroes(b: Buffer, start: number, end: number): number {
  let p = start;
  while (p < end) {
    const n = Math.min(ZEROES.length, end - p);
    if (b.compare(ZEROES, 0, n, p, p + n) !== 0) break;
    p += n;
  }
  while (p < end && b[p] === 0) p++;
  return p;
}

/** Sizes of a file on disk, for `dataStart`. */
export interface Allocation {
  size: number;
  /** Bytes the filesystem has given it. */
  allocated: number;
}

/**
 * Where data begins again in a file that is NULs from 0 to `from` at least. Node has no SEEK_DATA, so this reasons: data is found from
 * the end backwards, and when what lies there is all the filesystem has given the file, everything before is a hole. Null when
 * that proves nothing (then the NULs are read).
 */
export async function dataStart(
  source: ByteSource,
  scratch: Buffer,
  at: number,
  length: number,
  from: number,
  { size, allocated }: Allocation,
): Promise<number | null> {
  const BLOCK = 4_096;
  if (size - from < 16 * length || allocated > size / 2) return null;
  let start = size;
  while (start > from) {
    const begin = Math.max(from, Math.floor((start - 1) / length) * length);
    const n = await source.read(scratch, at, start - begin, begin);
    if (n < start - begin) return null;
    if (skipZeroes(scratch, at, at + n) === at + n) break;
    start = begin;
    // More data than was given, counted in blocks: compressed, or shared; nothing is proved.
    if (size - start > allocated + length + BLOCK) return null;
  }
  // The last piece may begin with NULs of the hole.
  if (start < size) {
    const n = await source.read(scratch, at, Math.min(length, size - start), start);
    start += skipZeroes(scratch, at, at + n) - at;
  }
  const data = Math.ceil(size / BLOCK) * BLOCK - Math.floor(start / BLOCK) * BLOCK;
  return allocated >= data - BLOCK && allocated <= data ? start : null;
}
