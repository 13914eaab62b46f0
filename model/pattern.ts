import { createPieces, cutPieces } from './pattern-mask.ts';
import { MASKS } from './pattern-runs.ts';

export { PATTERN_VERSION } from './pattern-mask.ts';

/** Writes the 64-bit pattern of bytes[start, end) to out[at] (high) and out[at + 1] (low). */
export type PatternHash = (bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number) => void;

function avalanche(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

/** A hasher with its own scratch memory: a template is cut into pieces, hashed and forgotten within one call. */
export function createPatternHash(): PatternHash {
  const pieces = createPieces();
  return (bytes, start, end, out, at) => {
    const used = cutPieces(bytes, start, end, pieces);
    let high = 0x9e37_79b9 | 0;
    let low = 0x243f_6a88;
    for (let k = 0; k < used; k += 2) {
      const piece = pieces[k];
      const source = piece < 0 ? MASKS[-1 - piece] : bytes;
      const stop = piece < 0 ? source.length : pieces[k + 1];
      for (let i = piece < 0 ? 0 : piece; i < stop; i++) {
        const byte = source[i];
        high = Math.imul(high ^ byte, 0x0100_0193);
        low = (Math.imul(low, 0x2c1b_3c6d) + byte) | 0;
      }
    }
    out[at] = avalanche(high ^ (low >>> 15));
    out[at + 1] = avalanche(low);
  };
}

/**
 * The pattern of a message: a 64-bit hash of its template (`maskMessage`), by rules pm-1. Equal templates have equal hashes, and others
 * in practice never. First line only, at most TEMPLATE_BYTES of template.
 */
export const patternHash: PatternHash = createPatternHash();

/** The template whose hash `patternHash` gives: `订单12345失败` → `订单<n>失败`. */
export function maskMessage(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const pieces = createPieces();
  const used = cutPieces(bytes, 0, bytes.length, pieces);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let template = '';
  for (let k = 0; k < used; k += 2) {
    const piece = pieces[k];
    template += decoder.decode(piece < 0 ? MASKS[-1 - piece] : bytes.subarray(piece, pieces[k + 1]));
  }
  return template;
}

/** The pattern of a text as 16 hex digits, as stores and the API show it. */
export function patternOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint32Array(2);
  createPatternHash()(bytes, 0, bytes.length, out, 0);
  return [...out].map((word) => word.toString(16).padStart(8, '0')).join('');
}
