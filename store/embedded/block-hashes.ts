import { patternHash } from '../../model/pattern.ts';
import { eachTokenHash } from '../../model/query/token-hash.ts';
import { BLOCK_RECORDS } from './segment-format.ts';
import { kernel } from './thread-kernel.ts';
import { createTokenSet } from './token-set.ts';

/** What a block's text is read for byte by byte. */
export interface BlockHashes {
  /** Bits of TEXT_KIND. */
  kind: number;
  bloom: Buffer;
}

/**
 * The bloom filter and kind of a block of messages that end at `ends`, and their patterns, two words each, when `patterns` is given.
 * Same results as `createTokenSet` and `patternHash`, which read blocks that the kernel's memory does not hold.
 */
export function hashBlock(text: Uint8Array, ends: Uint32Array, count: number, patterns?: Uint32Array): BlockHashes {
  if (text.length > kernel.textLimit || count > BLOCK_RECORDS) return hashPlainly(text, ends, count, patterns);
  kernel.load(text, ends, count);
  if (patterns) kernel.readPatterns(patterns);
  const { kind, left } = kernel.readTokens();
  for (const i of left) eachTokenHash(text, i === 0 ? 0 : ends[i - 1], ends[i], kernel.insert);
  return { kind, bloom: kernel.bloom() };
}

/** The patterns alone, two words a message. */
export function blockPatterns(text: Uint8Array, ends: Uint32Array, count: number): Uint32Array {
  const patterns = new Uint32Array(2 * count);
  if (text.length > kernel.textLimit || count > BLOCK_RECORDS) hashPatterns(text, ends, count, patterns);
  else {
    kernel.load(text, ends, count);
    kernel.readPatterns(patterns);
  }
  return patterns;
}

function hashPlainly(text: Uint8Array, ends: Uint32Array, count: number, patterns?: Uint32Array): BlockHashes {
  if (patterns) hashPatterns(text, ends, count, patterns);
  const tokens = createTokenSet();
  const kind = tokens.read(text, ends, count);
  return { kind, bloom: tokens.bloom() };
}

function hashPatterns(text: Uint8Array, ends: Uint32Array, count: number, patterns: Uint32Array): void {
  for (let n = 0, from = 0; n < count; from = ends[n++]) patternHash(text, from, ends[n], patterns, 2 * n);
}
