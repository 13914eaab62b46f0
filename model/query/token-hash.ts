import { codePointAtByte, utf8Length } from '../unicode-utf8.ts';
import { RUN, SEPARATOR, SINGLE, wordClass } from '../unicode-words.ts';
import { foldToken, TOKEN_LIMIT } from './tokenize.ts';

const SEED = 0x2f0b_4c47;
const PRIME = 0x0100_0193;
/** What `table` holds for bytes that are no ASCII word character. */
const BREAK = 0;
const WIDE = 1;
const ESCAPE = 2;

/** Per byte: the folded ASCII word byte, or one of the marks above (all below the word bytes). */
const table = new Uint8Array(256).fill(WIDE, 0x80);
for (let byte = 0x30; byte <= 0x39; byte++) table[byte] = byte;
for (let byte = 0x61; byte <= 0x7a; byte++) table[byte] = table[byte - 0x20] = byte;
table[0x5f] = 0x5f;
table[0x5c] = ESCAPE;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Stands in a block's bloom for "some message here holds a backslash": values of fields may then be written with escapes
 * (JSON's `\u4e2d`), so a plan on field values must not skip the block. No token can be a lone backslash.
 */
export const ESCAPE_TOKEN = '\\';

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32-bit unsigned hash of a folded token (FNV-1a over UTF-16 units, murmur3's finalizer). */
export function tokenHash(token: string): number {
  let hash = SEED;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), PRIME);
  return finish(hash);
}

function hashCodePoint(code: number): number {
  if (code < 0x1_0000) return finish(Math.imul(SEED ^ code, PRIME));
  const high = Math.imul(SEED ^ (0xd800 + ((code - 0x1_0000) >> 10)), PRIME);
  return finish(Math.imul(high ^ (0xdc00 + ((code - 0x1_0000) & 0x3ff)), PRIME));
}

function wideClass(bytes: Uint8Array, at: number, end: number): number {
  const code = codePointAtByte(bytes, at, end);
  return code < 0 ? SEPARATOR : wordClass(code);
}

/** A run with non-ASCII word characters: cut and fold as the tokenizer does. Returns where the run ends. */
function emitMixedRun(bytes: Uint8Array, start: number, end: number, emit: (hash32: number) => void): number {
  let at = start;
  let from = start;
  let count = 0;
  const flush = (): void => {
    const token = foldToken(decoder.decode(bytes.subarray(from, at)));
    emit(tokenHash(token));
    // RE2 folds ſ to s, the tokenizer does not: a case-insensitive regexp plans on ASCII letters and must find this block.
    if (token.includes('ſ')) emit(tokenHash(token.replaceAll('ſ', 's')));
  };
  while (at < end) {
    const code = codePointAtByte(bytes, at, end);
    if (code < 0 || wordClass(code) !== RUN) break;
    if (count === TOKEN_LIMIT) {
      flush();
      from = at;
      count = 0;
    }
    count++;
    at += utf8Length(code);
  }
  if (count > 0) flush();
  return at;
}

/**
 * The hashes of every token of `tokenize(decodeUtf8(bytes[start, end)))`, repeats included, in one pass over the bytes, for blooms.
 * Besides those: `tokenHash(ESCAPE_TOKEN)` when the bytes hold a backslash, and tokens with `ſ` once more with `s` (see `bloomPlan`).
 */
export function eachTokenHash(bytes: Uint8Array, start: number, end: number, emit: (hash32: number) => void): void {
  let escaped = false;
  let at = start;
  while (at < end) {
    let mark = table[bytes[at]];
    if (mark > ESCAPE) {
      const from = at;
      let hash = SEED;
      do {
        hash = Math.imul(hash ^ mark, PRIME);
        mark = ++at < end ? table[bytes[at]] : BREAK;
      } while (mark > ESCAPE);
      const goesOn = mark === WIDE && wideClass(bytes, at, end) === RUN;
      if (goesOn || at - from > TOKEN_LIMIT) at = emitMixedRun(bytes, from, end, emit);
      else emit(finish(hash));
    } else if (mark === WIDE) {
      const code = codePointAtByte(bytes, at, end);
      const kind = code < 0 ? SEPARATOR : wordClass(code);
      if (kind === RUN) at = emitMixedRun(bytes, at, end, emit);
      else {
        if (kind === SINGLE) emit(hashCodePoint(code));
        at += code < 0 ? 1 : utf8Length(code);
      }
    } else {
      if (mark === ESCAPE) escaped = true;
      at++;
    }
  }
  if (escaped) emit(tokenHash(ESCAPE_TOKEN));
}
