import { codePointAtByte, invalidLength, utf8Length } from './unicode-utf8.ts';

/**
 * Masking rules `pm-1` (docs/decisions/pattern-masking.md): a message's first line to its template, byte by byte, without state between
 * messages. A change of any rule is a new version and a new column, never an edit.
 */
export const PATTERN_VERSION = 'pm-1';
/** Bytes of a template; what is beyond says little and would let one line cost a megabyte. */
export const TEMPLATE_BYTES = 4_096;

/** Longest quoted text and longest value looked ahead for, so that an unclosed quote costs no more than that. */
const QUOTE_BYTES = 1_024;
const OTHER = 0;
const DIGIT = 1;
const HEX = 2;
const LETTER = 3;
const SPACE = 4;
const QUOTE = 5;
const WIDE = 6;

const kinds = new Uint8Array(256).fill(WIDE, 0x80);
kinds.fill(DIGIT, 0x30, 0x3a);
kinds.fill(LETTER, 0x41, 0x5b).fill(LETTER, 0x61, 0x7b);
kinds.fill(HEX, 0x41, 0x47).fill(HEX, 0x61, 0x67);
kinds[0x20] = kinds[0x09] = kinds[0x0d] = kinds[0x0b] = kinds[0x0c] = SPACE;
kinds[0x22] = kinds[0x27] = QUOTE;

const encoder = new TextEncoder();
const [N, X, ID, UUID, IP, TIME, DOUBLE, SINGLE] = [
  '<n>',
  '<hex>',
  '<id>',
  '<uuid>',
  '<ip>',
  '<time>',
  '"<s>"',
  "'<s>'",
].map((text) => encoder.encode(text));
const REPLACEMENT = encoder.encode('\ufffd');
/** Keys of JSON lines whose text is the message or says what kind of line it is: masked inside, not as a whole. */
const TELLING_KEYS = new Set(
  'msg message event error err level lvl severity logger logger_name log type caller method'.split(' ').map(keyHash),
);

function keyHash(key: string): number {
  return hashBytes(encoder.encode(key), 0, key.length);
}

function hashBytes(bytes: Uint8Array, from: number, end: number): number {
  let hash = end - from;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x0100_0193);
  return hash;
}

function isAlnum(kind: number): boolean {
  return kind >= DIGIT && kind <= LETTER;
}

function isHexRun(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const kind = kinds[bytes[i]];
    if (kind !== DIGIT && kind !== HEX) return false;
  }
  return true;
}

function isDigits(bytes: Uint8Array, from: number, count: number, end: number): boolean {
  if (from + count > end) return false;
  for (let i = from; i < from + count; i++) if (kinds[bytes[i]] !== DIGIT) return false;
  return true;
}

function alnumEnd(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && isAlnum(kinds[bytes[i]])) i++;
  return i;
}

/** End of `8-4-4-4-12` hex digits at `at`, or 0. */
function uuidEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 36 > end) return 0;
  for (let i = 0; i < 36; i++) {
    const dash = i === 8 || i === 13 || i === 18 || i === 23;
    const byte = bytes[at + i];
    if (dash ? byte !== 0x2d : kinds[byte] !== DIGIT && kinds[byte] !== HEX) return 0;
  }
  return at + 36 < end && isAlnum(kinds[bytes[at + 36]]) ? 0 : at + 36;
}

/** End of an IPv6 address at `at`, or 0: hex groups with `::` or seven colons, and a digit somewhere. */
function ipv6End(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  let colons = 0;
  let digits = 0;
  let double = false;
  for (; i < end && i < at + 46; i++) {
    const kind = kinds[bytes[i]];
    if (bytes[i] === 0x3a) {
      colons++;
      if (i > at && bytes[i - 1] === 0x3a) double = true;
    } else if (kind === DIGIT) digits++;
    else if (kind !== HEX && bytes[i] !== 0x2e) break;
  }
  while (i > at && (bytes[i - 1] === 0x2e || (bytes[i - 1] === 0x3a && bytes[i - 2] !== 0x3a))) {
    if (bytes[i - 1] === 0x3a) colons--;
    i--;
  }
  if (i < end && isAlnum(kinds[bytes[i]])) return 0;
  return digits > 0 && ((double && colons >= 2) || colons === 7) ? i : 0;
}

/** End of a date, with its time if one follows, whose four-digit year stands at `at`; 0 when there is none. */
function timeEnd(bytes: Uint8Array, at: number, end: number): number {
  const dash = bytes[at + 4];
  if ((dash !== 0x2d && dash !== 0x2f) || bytes[at + 7] !== dash) return 0;
  if (!isDigits(bytes, at + 5, 2, end) || !isDigits(bytes, at + 8, 2, end)) return 0;
  let i = at + 10;
  const clock = i + 9 <= end && (bytes[i] === 0x54 || bytes[i] === 0x20) && isDigits(bytes, i + 1, 2, end);
  if (
    clock &&
    bytes[i + 3] === 0x3a &&
    isDigits(bytes, i + 4, 2, end) &&
    bytes[i + 6] === 0x3a &&
    isDigits(bytes, i + 7, 2, end)
  ) {
    i += 9;
    if ((bytes[i] === 0x2e || bytes[i] === 0x2c) && i + 1 < end && kinds[bytes[i + 1]] === DIGIT) {
      i++;
      while (i < end && kinds[bytes[i]] === DIGIT) i++;
    }
    if (i < end && bytes[i] === 0x5a) i++;
    else if (i + 5 <= end && (bytes[i] === 0x2b || bytes[i] === 0x2d) && isDigits(bytes, i + 1, 2, end)) {
      if (isDigits(bytes, i + 3, 2, end)) i += 5;
      else if (bytes[i + 3] === 0x3a && isDigits(bytes, i + 4, 2, end)) i += 6;
    }
  }
  return i < end && isAlnum(kinds[bytes[i]]) ? 0 : i;
}

/** Where the quoted text that opens at `at` is closed, or 0. A single quote must stand between non-words on both sides. */
function quoteEnd(bytes: Uint8Array, at: number, end: number): number {
  const mark = bytes[at];
  const stop = Math.min(end, at + QUOTE_BYTES);
  for (let i = at + 1; i < stop; i++) {
    if (bytes[i] === 0x5c) i++;
    else if (bytes[i] === mark && (mark === 0x22 || i + 1 >= end || !isAlnum(kinds[bytes[i + 1]]))) return i;
  }
  return 0;
}

/** What a run of ASCII letters and digits turns into: [run, head) stays, [head, tail) is masked, [tail, end) stays (a unit). */
interface Masked {
  mask: Uint8Array | null;
  head: number;
  tail: number;
  end: number;
}

/**
 * Writes the template of the first line of bytes[start, end) to `out` (TEMPLATE_BYTES long at least) and returns its length. Invalid
 * UTF-8 becomes U+FFFD as in decoded text, so that a template can be made again from the text.
 */
export function maskInto(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let at = start;
  while (at < end && (kinds[bytes[at]] === SPACE || bytes[at] === 0x0a)) at++;
  const json = opensJson(bytes, at, end);
  let length = 0;
  /** Up to here quotes are literal: inside the text of a telling key. */
  let plainUntil = -1;
  let telling = false;
  const masked: Masked = { mask: null, head: 0, tail: 0, end: 0 };
  const put = (from: Uint8Array, first: number, last: number): void => {
    for (let i = first; i < last && length < TEMPLATE_BYTES; i++) out[length++] = from[i];
  };
  const putMask = (mask: Uint8Array): void => {
    const again = listStart(out, length, mask);
    if (again >= 0) length = again;
    else put(mask, 0, mask.length);
  };
  while (at < end && length < TEMPLATE_BYTES) {
    const byte = bytes[at];
    const kind = kinds[byte];
    if (kind === OTHER) {
      if (byte === 0x0a) break;
      if (byte === 0x1b && bytes[at + 1] === 0x5b) at = escapeEnd(bytes, at, end);
      else {
        if (byte !== 0x2d || !isSign(bytes, at, end, out, length)) out[length++] = byte;
        at++;
      }
    } else if (kind === SPACE) {
      while (at < end && kinds[bytes[at]] === SPACE) at++;
      if (length > 0) out[length++] = 0x20;
    } else if (kind === WIDE) {
      const code = codePointAtByte(bytes, at, end);
      const size = code < 0 ? invalidLength(bytes, at, end) : utf8Length(code);
      if (length + Math.max(size, REPLACEMENT.length) > TEMPLATE_BYTES) break;
      if (code < 0) put(REPLACEMENT, 0, REPLACEMENT.length);
      else put(bytes, at, at + size);
      at += size;
    } else if (kind === QUOTE) {
      const inWord = byte === 0x27 && at > start && isAlnum(kinds[bytes[at - 1]]);
      const close = at <= plainUntil || inWord ? 0 : quoteEnd(bytes, at, end);
      if (close === 0) out[length++] = bytes[at++];
      else if (json && byte === 0x22 && isKey(bytes, close, end)) {
        telling = TELLING_KEYS.has(hashBytes(bytes, at + 1, close));
        put(bytes, at, close + 1);
        at = close + 1;
      } else if (json && telling && byte === 0x22) {
        telling = false;
        plainUntil = close;
        out[length++] = byte;
        at++;
      } else {
        putMask(byte === 0x22 ? DOUBLE : SINGLE);
        at = close + 1;
      }
    } else {
      readRun(bytes, at, end, masked);
      put(bytes, at, masked.head);
      if (masked.mask !== null) putMask(masked.mask);
      put(bytes, masked.tail, masked.end);
      at = masked.end;
    }
  }
  while (length > 0 && out[length - 1] === 0x20) length--;
  return length;
}

function opensJson(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== 0x7b) return false;
  let i = at + 1;
  while (i < end && kinds[bytes[i]] === SPACE) i++;
  return bytes[i] === 0x22;
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
  return i < end && bytes[i] !== 0x0a ? i + 1 : i;
}

/** A minus before a number that does not hang on a word: it belongs to the number. */
function isSign(bytes: Uint8Array, at: number, end: number, out: Uint8Array, length: number): boolean {
  if (at + 1 >= end || kinds[bytes[at + 1]] !== DIGIT) return false;
  if (length === 0) return true;
  const before = out[length - 1];
  return before !== 0x2d && before !== 0x3e && before < 0x80 && !isAlnum(kinds[before]);
}

/** `<n>, <n>` is one `<n>`: lists of any length, and figures with thousands marks. Where the template goes back to, or -1. */
function listStart(out: Uint8Array, length: number, mask: Uint8Array): number {
  let at = length;
  if (at > 0 && out[at - 1] === 0x20) at--;
  if (at === 0 || out[at - 1] !== 0x2c) return -1;
  const from = --at - mask.length;
  if (from < 0) return -1;
  for (let i = 0; i < mask.length; i++) if (out[from + i] !== mask[i]) return -1;
  return at;
}

/** Reads the run of ASCII letters and digits at `at` and says what of it is variable. */
function readRun(bytes: Uint8Array, at: number, end: number, result: Masked): void {
  let digits = 0;
  let hex = true;
  let changes = 0;
  let i = at;
  let last = OTHER;
  for (; i < end; i++) {
    const kind = kinds[bytes[i]];
    if (kind === DIGIT) {
      digits++;
      if (last > DIGIT) changes++;
    } else if (kind === HEX || kind === LETTER) {
      if (kind === LETTER) hex = false;
      if (last === DIGIT) changes++;
    } else break;
    last = kind;
  }
  const size = i - at;
  const next = i < end ? bytes[i] : 0;
  const special = hex && (next === 0x2d || next === 0x3a) ? addressEnd(bytes, at, end, size, next) : 0;
  if (special > 0) {
    fill(result, next === 0x2d ? UUID : IP, at, special, special);
    return;
  }
  if (digits === 0) {
    fill(result, null, at, at, i);
    return;
  }
  if (digits === size) {
    readNumber(bytes, at, i, end, result);
    return;
  }
  if (bytes[at] === 0x30 && (bytes[at + 1] | 0x20) === 0x78 && size > 2 && isHexRun(bytes, at + 2, i)) {
    fill(result, X, at, i, i);
    return;
  }
  if (hex && size >= 8) {
    fill(result, X, at, i, i);
    return;
  }
  const digitFirst = kinds[bytes[at]] === DIGIT;
  if (changes === 1 && digitFirst && size - digits <= 3) {
    fill(result, N, at, at + digits, i);
    return;
  }
  if (changes === 1 && !digitFirst) {
    fill(result, N, i - digits, i, i);
    return;
  }
  if (changes === 2 && !digitFirst && digits <= 2) {
    let from = at;
    while (kinds[bytes[from]] !== DIGIT) from++;
    fill(result, N, from, from + digits, i);
    return;
  }
  fill(result, ID, at, i, i);
  return;
}

/** head is literal up to `from`, the mask stands for [from, tail), the rest up to `end` is literal. */
function fill(result: Masked, mask: Uint8Array | null, from: number, tail: number, end: number): void {
  result.mask = mask;
  result.head = from;
  result.tail = tail;
  result.end = end;
}

function addressEnd(bytes: Uint8Array, at: number, end: number, size: number, next: number): number {
  if (next === 0x2d) return size === 8 ? uuidEnd(bytes, at, end) : 0;
  return size <= 4 ? ipv6End(bytes, at, end) : 0;
}

/** A number with its decimals and unit, an IPv4 address or a date. [at, runEnd) are digits. */
function readNumber(bytes: Uint8Array, at: number, runEnd: number, end: number, result: Masked): void {
  const time = runEnd - at === 4 ? timeEnd(bytes, at, end) : 0;
  if (time > 0) {
    fill(result, TIME, at, time, time);
    return;
  }
  let groups = 1;
  let small = runEnd - at <= 3;
  let tail = runEnd;
  let stop = runEnd;
  while (stop === tail && tail + 1 < end && bytes[tail] === 0x2e && kinds[bytes[tail + 1]] === DIGIT) {
    let digits = tail + 1;
    while (digits < end && kinds[bytes[digits]] === DIGIT) digits++;
    const letters = alnumEnd(bytes, digits, end);
    if (letters - digits > 3 || (letters > digits && hasDigit(bytes, digits, letters))) break;
    if (digits - tail > 4) small = false;
    groups++;
    tail = digits;
    stop = letters;
  }
  fill(result, groups === 4 && small && stop === tail ? IP : N, at, tail, stop);
}

function hasDigit(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (kinds[bytes[i]] === DIGIT) return true;
  return false;
}
