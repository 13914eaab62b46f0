import { type Level, levelOrdinal } from './level.ts';

/** Names of levels as programs write them, in any case (docs/query.md lists them). */
const WORDS: Readonly<Record<Level, string>> = {
  trace: 'trace trce trc verbose vrb finest finer',
  debug: 'debug dbug dbg fine config',
  info: 'info information inf notice note system',
  warn: 'warn warning wrn',
  error: 'error err eror severe fail',
  fatal: 'fatal ftl critical crit alert emerg emergency panic pnc dpanic',
};

/** Common words besides: they need a colon behind them or brackets around them. */
const WEAK = new Set('note system fail alert panic fine finer finest config verbose emergency'.split(' '));

/** Hash of a lower-cased word to its level, in a table without probing: words that share a slot are caught by the test. */
const SLOTS = 1 << 12;
const table = new Uint8Array(SLOTS);
const names: (string | undefined)[] = new Array(SLOTS);
for (const [level, words] of Object.entries(WORDS)) {
  for (const word of words.split(' ')) {
    let hash = word.length;
    for (let i = 0; i < word.length; i++) hash = step(hash, word.charCodeAt(i));
    table[hash & (SLOTS - 1)] = levelOrdinal(level);
    names[hash & (SLOTS - 1)] = word;
  }
}

function step(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** All level words, for the documentation and tests. */
export const LEVEL_WORDS: readonly string[] = Object.values(WORDS).flatMap((words) => words.split(' '));

/** Ordinal of the level word in bytes [from, end), any case, or 0. */
export function levelWord(bytes: Uint8Array, from: number, end: number): number {
  const size = end - from;
  if (size < 3 || size > 11) return 0;
  let hash = size;
  for (let i = from; i < end; i++) hash = step(hash, bytes[i] | 0x20);
  const slot = hash & (SLOTS - 1);
  const name = names[slot];
  if (name === undefined || name.length !== size) return 0;
  for (let i = 0; i < size; i++) if ((bytes[from + i] | 0x20) !== name.charCodeAt(i)) return 0;
  return table[slot];
}

/** True for level words that are also ordinary words, such as `NOTE` and `FAIL`. */
export function isWeakWord(bytes: Uint8Array, from: number, end: number): boolean {
  let word = '';
  for (let i = from; i < end; i++) word += String.fromCharCode(bytes[i] | 0x20);
  return WEAK.has(word);
}

export function isWordByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f;
}

/** True when the word can be part of a time stamp: digits, or `T` and `Z` between them, or AM, PM and zone names. */
export function isStamp(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const byte = bytes[i];
    const digit = byte >= 0x30 && byte <= 0x39;
    if (!digit && byte !== 0x54 && byte !== 0x5a) return isZone(bytes, from, end);
  }
  return true;
}

/** Words of stamps besides numbers. */
export const MONTHS_AND_ZONES: ReadonlySet<string> = new Set(
  'jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun am pm utc gmt cst'.split(' '),
);

function isZone(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from > 3) return false;
  let word = '';
  for (let i = from; i < end; i++) word += String.fromCharCode(bytes[i] | 0x20);
  return MONTHS_AND_ZONES.has(word);
}
