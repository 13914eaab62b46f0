import { type BloomPlan, planPasses } from '../../model/query/text-plan.ts';
import { eachTokenHash } from '../../model/query/token-hash.ts';
import { BLOOM_LINE, bloomAdd, bloomLines, sealBloom } from './bloom.ts';
import { TEXT_KIND } from './segment-format.ts';

/**
 * The distinct token hashes of a block, for its bloom: what `hashBlock` gives, in JavaScript, for blocks its kernel does not hold and for the
 * test that holds the kernel to it. ASCII messages, nearly all of them, are hashed here in one loop without a call per token; it must give what
 * `eachTokenHash` gives. Tokens of one or two ASCII characters are left out of those: they are in every block, and a third of all tokens.
 */
const SEED = 0x2f0b_4c47;
const PRIME = 0x0100_0193;
const SHORT = 2;
/** TOKEN_LIMIT of the tokenizer: longer runs are cut, which is left to it. */
const LONG = 255;

const WIDE = 1;
const ESCAPE = 2;
const folded = new Uint8Array(256).fill(WIDE, 0x80);
for (let byte = 0x30; byte <= 0x39; byte++) folded[byte] = byte;
for (let byte = 0x61; byte <= 0x7a; byte++) folded[byte] = folded[byte - 0x20] = byte;
folded[0x5f] = 0x5f;
folded[0x5c] = ESCAPE;

export interface TokenSet {
  /** Takes the tokens of all messages of a block; returns bits of TEXT_KIND. */
  read(text: Uint8Array, ends: Uint32Array, count: number): number;
  /** The bloom filter of what was read; empties the set. */
  bloom(): Buffer;
}

export function createTokenSet(): TokenSet {
  let slots = new Int32Array(1 << 17);
  let size = 0;

  function insert(hash: number): void {
    const h = hash | 0 || 1;
    const mask = slots.length - 1;
    let k = h & mask;
    for (let there = slots[k]; there !== h; there = slots[k]) {
      if (there === 0) {
        slots[k] = h;
        if (++size * 2 > mask) grow();
        return;
      }
      k = (k + 1) & mask;
    }
  }

  function grow(): void {
    const old = slots;
    slots = new Int32Array(old.length * 2);
    size = 0;
    for (const hash of old) if (hash !== 0) insert(hash);
  }

  /** Tokens of one ASCII message; false when a wide byte or a very long run makes it none of this loop's business. */
  function readAscii(text: Uint8Array, from: number, end: number): boolean {
    let escaped = false;
    for (let at = from; at < end; ) {
      let byte = folded[text[at++]];
      if (byte <= ESCAPE) {
        if (byte === WIDE) return false;
        if (byte === ESCAPE) escaped = true;
        continue;
      }
      const start = at;
      let h = Math.imul(SEED ^ byte, PRIME);
      while (at < end && (byte = folded[text[at]]) > ESCAPE) {
        h = Math.imul(h ^ byte, PRIME);
        at++;
      }
      const more = at - start;
      if (more < SHORT) continue;
      if (more >= LONG || (byte === WIDE && at < end)) return false;
      h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
      insert(h ^ (h >>> 16));
    }
    if (escaped) eachTokenHash(BACKSLASH, 0, 1, insert);
    return true;
  }

  return {
    read(text, ends, count) {
      let kind = 0;
      for (let i = 0, from = 0; i < count; i++) {
        const end = ends[i];
        if (!readAscii(text, from, end)) {
          eachTokenHash(text, from, end, insert);
          kind |= kindOf(text, from, end);
        }
        from = end;
      }
      return kind;
    },
    bloom() {
      const lines = bloomLines(size);
      const filter = Buffer.alloc(lines * BLOOM_LINE);
      for (let k = 0; k < slots.length; k++) if (slots[k] !== 0) bloomAdd(filter, lines, slots[k] >>> 0);
      sealBloom(filter);
      slots.fill(0);
      size = 0;
      return filter;
    },
  };
}

const BACKSLASH = Uint8Array.of(0x5c);

/** Bits of TEXT_KIND; the exotic characters are those of text-kind.ts. */
function kindOf(text: Uint8Array, from: number, end: number): number {
  let kind = 0;
  for (let i = from; i < end; i++) {
    const byte = text[i];
    if (byte < 0x80) continue;
    kind |= TEXT_KIND.WIDE;
    if (byte === 0xef && isWideForm(text[i + 1], text[i + 2])) return TEXT_KIND.WIDE | TEXT_KIND.EXOTIC;
    const second = text[i + 1];
    if (byte === 0xe2 && second === 0x84 && text[i + 2] === 0xaa) return TEXT_KIND.WIDE | TEXT_KIND.EXOTIC;
    if ((byte === 0xc4 && second === 0xb0) || (byte === 0xc5 && second === 0xbf))
      return TEXT_KIND.WIDE | TEXT_KIND.EXOTIC;
  }
  return kind;
}

function isWideForm(second: number, third: number): boolean {
  if (second === 0xbc) return (third >= 0x90 && third <= 0x99) || (third >= 0xa1 && third <= 0xba);
  return second === 0xbd && third >= 0x81 && third <= 0x9a;
}

/** Whether a block may satisfy a plan; `has` asks its bloom. */
export function bloomPasses(plan: BloomPlan, has: (hash: number) => boolean): boolean {
  if (plan.type === 'token') return isShort(plan.token) || has(plan.hash);
  if (plan.type === 'and') return plan.items.every((item) => bloomPasses(item, has));
  return plan.type === 'or' ? plan.items.some((item) => bloomPasses(item, has)) : planPasses(plan, has);
}

function isShort(token: string): boolean {
  return token.length <= SHORT && /^[0-9a-z_]*$/.test(token);
}
