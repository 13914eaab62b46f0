/**
 * What of a message is variable, by masking rules `pm-1` (docs/query.md, "Patterns"). Everything here looks at bytes only and keeps no
 * state between messages.
 */
export const OTHER = 0;
export const SPACE = 1;
export const QUOTE = 2;
export const WIDE = 3;
/** ASCII letters and digits are the kinds from DIGIT on. */
export const DIGIT = 4;
export const HEX = 5;
export const LETTER = 6;

export const kinds = new Uint8Array(256).fill(WIDE, 0x80);
kinds.fill(DIGIT, 0x30, 0x3a);
kinds.fill(LETTER, 0x41, 0x5b).fill(LETTER, 0x61, 0x7b);
kinds.fill(HEX, 0x41, 0x47).fill(HEX, 0x61, 0x67);
kinds[0x20] = kinds[0x09] = kinds[0x0d] = kinds[0x0b] = kinds[0x0c] = SPACE;
kinds[0x22] = kinds[0x27] = QUOTE;

/** What a mask stands for; indices of MASKS. */
export const N = 0;
export const X = 1;
export const ID = 2;
export const UUID = 3;
export const IP = 4;
export const TIME = 5;
export const DOUBLE = 6;
export const SINGLE = 7;
export const BLANK = 8;
export const INVALID = 9;
export const MASKS: readonly Uint8Array[] = [
  '<n>',
  '<hex>',
  '<id>',
  '<uuid>',
  '<ip>',
  '<time>',
  '"<s>"',
  "'<s>'",
  ' ',
  '\ufffd',
].map((text) => new TextEncoder().encode(text));

/** A run of letters and digits: [run, head) stays, [head, tail) is `mask` (none below 0), [tail, end) stays (a unit). */
export interface Run {
  mask: number;
  head: number;
  tail: number;
  end: number;
}

/** Longest quoted text looked ahead for, so that an unclosed quote costs no more than that. */
const QUOTE_BYTES = 1_024;

export function isAlnum(byte: number): boolean {
  return kinds[byte] >= DIGIT;
}

export function isHexRun(bytes: Uint8Array, from: number, end: number): boolean {
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
  while (i < end && isAlnum(bytes[i])) i++;
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
  return at + 36 < end && isAlnum(bytes[at + 36]) ? 0 : at + 36;
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
  if (i < end && isAlnum(bytes[i])) return 0;
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
  return i < end && isAlnum(bytes[i]) ? 0 : i;
}

/** Where the quoted text that opens at `at` is closed, or 0. A single quote must stand between non-words on both sides. */
export function quoteEnd(bytes: Uint8Array, at: number, end: number): number {
  const mark = bytes[at];
  const stop = Math.min(end, at + QUOTE_BYTES);
  for (let i = at + 1; i < stop; i++) {
    if (bytes[i] === 0x5c) i++;
    else if (bytes[i] === mark && (mark === 0x22 || i + 1 >= end || !isAlnum(bytes[i + 1]))) return i;
  }
  return 0;
}

/** Reads the run of ASCII letters and digits at `at` and says what of it is variable. */
export function readRun(bytes: Uint8Array, at: number, end: number, result: Run): void {
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
    fill(result, -1, at, at, i);
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
export function fill(result: Run, mask: number, from: number, tail: number, end: number): void {
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
function readNumber(bytes: Uint8Array, at: number, runEnd: number, end: number, result: Run): void {
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
