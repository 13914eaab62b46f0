import { createHash } from 'node:crypto';
import type { RecordKey } from '../../model/position.ts';

const SECOND_US = 1_000_000;

/**
 * The document's id: a position gives always the same, whatever its bytes are, so that a line is stored once. Time first, so that new
 * ids stand beside each other in the term dictionary (half the cost of random ones). 18 bytes as 24 characters:
 * seconds (4), a hash of fid and gen (7), offset (7).
 */
export function documentId(key: RecordKey, fileHash: Buffer): string {
  const out = Buffer.allocUnsafe(18);
  out.writeUInt32BE(Math.floor(key.time / SECOND_US) >>> 0, 0);
  fileHash.copy(out, 4, 0, 7);
  // Seven bytes: positions of events are microseconds, more than 48 bits hold.
  out.writeUIntBE(Math.floor(key.offset / 2 ** 24), 11, 4);
  out.writeUIntBE(key.offset % 2 ** 24, 15, 3);
  return out.toString('base64url');
}

/** The part of ids that all lines of one generation of a file share. */
export function fileHash(fid: string, gen: number): Buffer {
  return createHash('sha256').update(`${fid} ${gen}`).digest().subarray(0, 7);
}
