import { levelOrdinal } from './level.ts';
import { levelWord } from './level-words.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTERS: Readonly<Record<string, number>> = {
  F: levelOrdinal('fatal'),
  E: levelOrdinal('error'),
  W: levelOrdinal('warn'),
  I: levelOrdinal('info'),
  D: levelOrdinal('debug'),
};
/** Syslog severities, as GELF writes them. */
const SYSLOG = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'].map((level) =>
  levelOrdinal(level),
);
/** Keys of a JSON line's top object that may tell its level. */
export const JSON_LEVEL_KEYS: ReadonlySet<string> = new Set([
  'level',
  'lvl',
  'severity',
  'levelname',
  'loglevel',
  'log_level',
  'log.level',
  '@l',
  'priority',
  'level_name',
  's',
]);

/**
 * The level of a JSON line whose `{` stands at `at`: the first key of its top object that names one (texts; pino's and bunyan's
 * 10–60; syslog's 0–7; MongoDB's `s`). 0 when there is none, -1 when the text does not look like JSON.
 */
export function detectJsonLevel(bytes: Uint8Array, at: number, end: number): number {
  let i = skipSpace(bytes, at + 1, end);
  if (i < end && bytes[i] === 0x7d) return 0;
  if (i >= end || bytes[i] !== QUOTE) return -1;
  let depth = 1;
  while (i < end) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      const close = stringEnd(bytes, i, end);
      if (close < 0) return 0;
      const colon = skipSpace(bytes, close + 1, end);
      if (
        depth === 1 &&
        colon < end &&
        bytes[colon] === 0x3a &&
        close - i <= 12 &&
        JSON_LEVEL_KEYS.has(ascii(bytes, i + 1, close))
      ) {
        const level = valueLevel(bytes, skipSpace(bytes, colon + 1, end), end, close - i === 2);
        if (level > 0) return level;
      }
      i = close;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return 0;
    i++;
  }
  return 0;
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (bytes[i] === 0x20 || (bytes[i] >= 0x09 && bytes[i] <= 0x0d))) i++;
  return i;
}

function stringEnd(bytes: Uint8Array, open: number, end: number): number {
  for (let i = open + 1; i < end; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === QUOTE) return i;
  }
  return -1;
}

function ascii(bytes: Uint8Array, from: number, end: number): string {
  let text = '';
  for (let i = from; i < end; i++) {
    const byte = bytes[i];
    text += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
  }
  return text;
}

/** `single`: only a single letter counts (MongoDB's `"s":"W"`); elsewhere a word or a number. */
function valueLevel(bytes: Uint8Array, at: number, end: number, single: boolean): number {
  if (at < end && bytes[at] === QUOTE) {
    const close = stringEnd(bytes, at, end);
    if (close < 0) return 0;
    if (close - at === 2) return LETTERS[String.fromCharCode(bytes[at + 1])] ?? 0;
    return single ? 0 : levelWord(bytes, at + 1, close);
  }
  let i = at;
  let number = 0;
  while (i < end && i < at + 3 && bytes[i] >= 0x30 && bytes[i] <= 0x39) number = number * 10 + bytes[i++] - 0x30;
  if (single || i === at || i >= end || !(bytes[i] === 0x2c || bytes[i] === 0x7d || bytes[i] === 0x20)) return 0;
  if (number < SYSLOG.length) return SYSLOG[number];
  return number >= 10 && number <= 60 ? Math.floor(number / 10) : 0;
}
