import {
  BLANK,
  DIGIT,
  DOUBLE,
  fill,
  HEX,
  INVALID,
  isAlnum,
  isHexRun,
  kinds,
  MASKS,
  N,
  OTHER,
  quoteEnd,
  type Run,
  readRun,
  SINGLE,
  SPACE,
  WIDE,
} from './pattern-runs.ts';
import { codePointAtByte, invalidLength, utf8Length } from './unicode-utf8.ts';

/** A change of any rule is a new version and a new column, never an edit. */
export const PATTERN_VERSION = 'pm-1';
/** Bytes of a template; what is beyond says little and would let one line cost a megabyte. */
export const TEMPLATE_BYTES = 4_096;

/** Keys of JSON lines whose text is the message or says what kind of line it is: masked inside, not as a whole. */
const TELLING_KEYS = new Set(
  'msg message event error err level lvl severity logger logger_name log type caller method'.split(' ').map(keyHash),
);

function keyHash(key: string): number {
  return hashBytes(new TextEncoder().encode(key), 0, key.length);
}

function hashBytes(bytes: Uint8Array, from: number, end: number): number {
  let hash = end - from;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x0100_0193);
  return hash;
}

/**
 * A template as pieces, so that it can be hashed or written without copying the message first: pairs (from, end) of bytes that stay, or
 * (-1 - mask, 0). A piece is a byte at least, so a template of TEMPLATE_BYTES fits.
 */
export type Pieces = Int32Array;

export function createPieces(): Pieces {
  return new Int32Array(2 * TEMPLATE_BYTES + 2);
}

interface Sheet {
  pieces: Pieces;
  /** Used slots of `pieces`, and bytes they stand for. */
  used: number;
  bytes: number;
}

/** Cuts the template of the first line of bytes[start, end) into `pieces`; returns the number of slots used. */
export function cutPieces(bytes: Uint8Array, start: number, end: number, pieces: Pieces): number {
  let at = start;
  while (at < end && (kinds[bytes[at]] === SPACE || bytes[at] === 0x0a)) at++;
  const first = at;
  const json = opensJson(bytes, at, end);
  const sheet: Sheet = { pieces, used: 0, bytes: 0 };
  const run: Run = { mask: -1, head: 0, tail: 0, end: 0 };
  /** What stays and is not yet in a piece begins here. */
  let kept = at;
  /** Up to here quotes are literal: inside the text of a telling key. */
  let plainUntil = -1;
  let telling = false;
  while (at < end && sheet.bytes + at - kept < TEMPLATE_BYTES) {
    const byte = bytes[at];
    const kind = kinds[byte];
    if (kind >= HEX) {
      const from = at;
      do at++;
      while (at < end && kinds[bytes[at]] >= HEX);
      const next = at < end ? bytes[at] : SPACE;
      if (kinds[next] === DIGIT || ((next === 0x2d || next === 0x3a) && mayBeAddress(bytes, from, at, next))) {
        readRun(bytes, from, end, run);
        if (run.mask >= 0) kept = mask(sheet, bytes, kept, run);
        at = run.end;
      }
    } else if (kind === OTHER) {
      if (byte === 0x0a) break;
      if (byte === 0x2d && isSign(bytes, at, end, kept)) {
        keep(sheet, bytes, kept, at);
        kept = ++at;
      } else if (byte === 0x1b && at + 1 < end && bytes[at + 1] === 0x5b) {
        keep(sheet, bytes, kept, at);
        kept = at = escapeEnd(bytes, at, end);
      } else at++;
    } else if (kind === DIGIT) {
      let stop = at + 1;
      while (stop < end && kinds[bytes[stop]] === DIGIT) stop++;
      if (isPlainEnd(stop < end ? bytes[stop] : SPACE)) fill(run, N, at, stop, stop);
      else readRun(bytes, at, end, run);
      kept = mask(sheet, bytes, kept, run);
      at = run.end;
    } else if (kind === SPACE) {
      const from = at;
      do at++;
      while (at < end && kinds[bytes[at]] === SPACE);
      if (at >= end || bytes[at] === 0x0a) {
        at = from;
        break;
      }
      if (at - from > 1 || byte !== 0x20) {
        keep(sheet, bytes, kept, from);
        put(sheet, BLANK);
        kept = at;
      }
    } else if (kind === WIDE) {
      const code = codePointAtByte(bytes, at, end);
      if (code >= 0) at += utf8Length(code);
      else {
        keep(sheet, bytes, kept, at);
        put(sheet, INVALID);
        at += invalidLength(bytes, at, end);
        kept = at;
      }
    } else {
      const inWord = byte === 0x27 && at > first && isAlnum(bytes[at - 1]);
      const close = at <= plainUntil || inWord ? 0 : quoteEnd(bytes, at, end);
      if (close === 0) at++;
      else if (json && byte === 0x22 && (telling || isKey(bytes, close, end))) {
        telling = isKey(bytes, close, end) && TELLING_KEYS.has(hashBytes(bytes, at + 1, close));
        plainUntil = close;
        at++;
      } else {
        fill(run, byte === 0x22 ? DOUBLE : SINGLE, at, close + 1, close + 1);
        kept = mask(sheet, bytes, kept, run);
        at = close + 1;
      }
    }
  }
  keep(sheet, bytes, kept, Math.max(at, kept));
  return sheet.used;
}

/** Adds bytes that stay, as many as fit and no part of a character. */
function keep(sheet: Sheet, bytes: Uint8Array, from: number, to: number): void {
  let stop = to;
  if (sheet.bytes + to - from > TEMPLATE_BYTES) {
    stop = from + TEMPLATE_BYTES - sheet.bytes;
    while (stop > from && (bytes[stop] & 0xc0) === 0x80) stop--;
    // Nothing may follow a cut.
    sheet.bytes = TEMPLATE_BYTES;
  } else sheet.bytes += stop - from;
  if (stop <= from) return;
  sheet.pieces[sheet.used++] = from;
  sheet.pieces[sheet.used++] = stop;
}

function put(sheet: Sheet, kind: number): void {
  const size = MASKS[kind].length;
  if (sheet.bytes + size > TEMPLATE_BYTES) {
    sheet.bytes = TEMPLATE_BYTES;
    return;
  }
  sheet.bytes += size;
  sheet.pieces[sheet.used++] = -1 - kind;
  sheet.pieces[sheet.used++] = 0;
}

/**
 * Adds what stays before a run, then its mask; returns where the next bytes that stay begin. `<n>, <n>` is one `<n>`: lists of any
 * length, and figures with thousands marks.
 */
function mask(sheet: Sheet, bytes: Uint8Array, kept: number, run: Run): number {
  const gap = run.head - kept;
  const list = gap > 0 && gap <= 2 && bytes[kept] === 0x2c && (gap === 1 || bytes[kept + 1] === 0x20);
  if (list && sheet.used > 0 && sheet.pieces[sheet.used - 2] === -1 - run.mask) return run.tail;
  keep(sheet, bytes, kept, run.head);
  put(sheet, run.mask);
  return run.tail;
}

/** True when a number that ends before this byte is a plain one: no decimals, unit, date, UUID or address goes on. */
function isPlainEnd(byte: number): boolean {
  return kinds[byte] < DIGIT && byte !== 0x2e && byte !== 0x2d && byte !== 0x2f && byte !== 0x3a;
}

/** A word of hex letters before `-` or `:` that may begin a UUID or an IPv6 address. */
function mayBeAddress(bytes: Uint8Array, from: number, end: number, next: number): boolean {
  if (next === 0x3a) return end - from <= 4 && isHexRun(bytes, from, end);
  return end - from === 8 && isHexRun(bytes, from, end);
}

/** A minus before a number that does not hang on a word or another mask: it belongs to the number. */
function isSign(bytes: Uint8Array, at: number, end: number, kept: number): boolean {
  if (at + 1 >= end || kinds[bytes[at + 1]] !== DIGIT) return false;
  if (at === kept) return false;
  const before = bytes[at - 1];
  return before !== 0x2d && before !== 0x3e && kinds[before] < WIDE;
}

function opensJson(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end || bytes[at] !== 0x7b) return false;
  let i = at + 1;
  while (i < end && kinds[bytes[i]] === SPACE) i++;
  return i < end && bytes[i] === 0x22;
}

function isKey(bytes: Uint8Array, close: number, end: number): boolean {
  let i = close + 1;
  while (i < end && kinds[bytes[i]] === SPACE) i++;
  return i < end && bytes[i] === 0x3a;
}

/** End of a terminal colour sequence: colours are no part of a message. */
function escapeEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at + 2;
  while (i < end && bytes[i] < 0x40 && bytes[i] !== 0x0a) i++;
  // A wide byte is no end of a sequence: eating it would cut a character.
  return i < end && bytes[i] < 0x80 && bytes[i] !== 0x0a ? i + 1 : i;
}
