import { maskInto, TEMPLATE_BYTES } from './pattern-mask.ts';

export { PATTERN_VERSION } from './pattern-mask.ts';

/** Writes the 64-bit pattern of bytes[start, end) to out[at] (high) and out[at + 1] (low). */
export type PatternHash = (bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number) => void;

function avalanche(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

/** A hasher with its own scratch memory: a template is written, hashed and forgotten within one call. */
export function createPatternHash(): PatternHash {
  const template = new Uint8Array(TEMPLATE_BYTES + 8);
  const words = new DataView(template.buffer);
  return (bytes, start, end, out, at) => {
    const length = maskInto(bytes, start, end, template);
    template.fill(0, length, length + 4);
    let high = 0x9e37_79b9 ^ length;
    let low = 0x243f_6a88 ^ length;
    for (let i = 0; i < length; i += 4) {
      const word = words.getUint32(i, true);
      high = Math.imul(high ^ word, 0x9fb2_1c65);
      high ^= high >>> 15;
      low = Math.imul(low + word, 0x2c1b_3c6d) ^ (low >>> 13);
    }
    out[at] = avalanche(high);
    out[at + 1] = avalanche(low ^ Math.imul(high, 0x27d4_eb2f));
  };
}

/**
 * The pattern of a message: a 64-bit hash of its template (`maskMessage`), by rules pm-1. Equal templates have equal hashes, and others
 * in practice never. First line only, at most TEMPLATE_BYTES of template.
 */
export const patternHash: PatternHash = createPatternHash();

/** The template whose hash `patternHash` gives: `订单12345失败` → `订单<n>失败`. */
export function maskMessage(text: string): string {
  const template = new Uint8Array(TEMPLATE_BYTES);
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    template.subarray(0, maskInto(bytes, 0, bytes.length, template)),
  );
}

/** The pattern of a text as 16 hex digits, as stores and the API show it. */
export function patternOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint32Array(2);
  createPatternHash()(bytes, 0, bytes.length, out, 0);
  return [...out].map((word) => word.toString(16).padStart(8, '0')).join('');
}
