import fs from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import type { FileState } from '../checkpoint/file-state.ts';
import type { ByteSource } from './byte-source.ts';
import { HEAD_BYTES, lineHash } from './identity.ts';

/** Hash of the first whole line of what `source` gives, or null when it has none yet (or begins with a hole). */
export async function headOf(source: ByteSource): Promise<number | null> {
  const bytes = Buffer.alloc(HEAD_BYTES + 1);
  source.stat();
  return headIn(bytes, await source.read(bytes, 0, bytes.length, 0));
}

/** The same of an open plain file, at once. */
export function headOfFile(fd: number): number | null {
  const bytes = Buffer.alloc(HEAD_BYTES + 1);
  return headIn(bytes, fs.readSync(fd, bytes, 0, bytes.length, 0));
}

/** Compressed bytes that give a head for certain, what docker writes into the header included; they unpack to 8 MiB at most. */
const GZIP_BYTES = 8_192;

/** The same of an open compressed file; throws when its beginning cannot be unpacked. */
export function headOfGzip(fd: number): number | null {
  const packed = Buffer.alloc(GZIP_BYTES);
  const n = fs.readSync(fd, packed, 0, packed.length, 0);
  const bytes = gunzipSync(packed.subarray(0, n), { finishFlush: constants.Z_SYNC_FLUSH });
  return headIn(bytes, Math.min(bytes.length, HEAD_BYTES + 1));
}

function headIn(bytes: Buffer, n: number): number | null {
  const newline = bytes.subarray(0, n).indexOf(10);
  if (n === 0 || bytes[0] === 0 || (newline < 0 && n <= HEAD_BYTES)) return null;
  return lineHash(bytes, 0, newline < 0 ? HEAD_BYTES : newline);
}

/** Whether the bytes before the acknowledged offset stand there in the open plain file too. */
export function tailMatches(fd: number, offset: number, tail: Buffer): boolean {
  if (tail.length === 0 || offset < tail.length) return false;
  const there = Buffer.alloc(tail.length);
  return fs.readSync(fd, there, 0, tail.length, offset - tail.length) === tail.length && there.equals(tail);
}

/** What a compressed file holds of a known one. */
export interface Match {
  state: FileState;
  /**
   * `complete`: all in it was read. `current`: the generation being read, and perhaps more of it. `copy`: the same, but the original
   * still has its name, so it is read only once the original is seen to be cut.
   */
  how: 'complete' | 'current' | 'copy';
}

/**
 * The state whose lines a compressed sibling repeats, by first line and size (`size` is modulo 2^32, as gzip keeps it). Content
 * alone is never identity: the candidates are files of this target.
 */
export function matchCompressed(
  candidates: FileState[],
  head: number,
  size: number,
  isOnDisk: (state: FileState) => boolean,
): Match | null {
  for (const state of candidates) {
    for (const { gen, head: known, end } of state.gens) {
      if (known !== head) continue;
      // What an ended generation had beyond its end was declared lost with it.
      if (end >= 0 && end % 2 ** 32 <= size) return { state, how: 'complete' };
      if (end >= 0) continue;
      if (isOnDisk(state)) return { state, how: 'copy' };
      // Nothing of a generation just begun is acknowledged yet.
      const offset = gen === state.gen ? state.offset : 0;
      if (offset % 2 ** 32 === size && state.intents.length === 0) return { state, how: 'complete' };
      if (offset <= size || offset >= 2 ** 32) return { state, how: 'current' };
    }
  }
  return null;
}
