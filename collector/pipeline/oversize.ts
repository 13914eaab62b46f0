import { createHash, type Hash } from 'node:crypto';

/** Length and hash of a line whose head alone is kept. */
export interface Oversize {
  total: number;
  hash: Hash;
}

export function startOversize(): Oversize {
  return { total: 0, hash: createHash('sha1') };
}

export function feedOversize(over: Oversize, bytes: Uint8Array): void {
  over.total += bytes.length;
  over.hash.update(bytes);
}

/** Text put behind the head; `total` and the hash are of the whole line. */
export function oversizeText(over: Oversize): Buffer {
  return Buffer.from(` …[truncated: ${over.total} bytes, sha1 ${over.hash.digest('hex')}]`);
}

/** Most bytes `oversizeText` takes. */
export const OVERSIZE_TEXT_BYTES = 96;

/** Where to cut `b[start, end)` so that no UTF-8 character is split. */
export function characterEnd(b: Uint8Array, start: number, end: number): number {
  let p = end;
  // A character has at most three continuation bytes.
  while (p > start && p > end - 4 && (b[p - 1] & 0xc0) === 0x80) p--;
  if (p === start || b[p - 1] < 0xc0) return end;
  const lead = b[p - 1];
  const needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return end - (p - 1) < needed ? p - 1 : end;
}
