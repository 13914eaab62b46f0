import { detectJsonLevel } from './detect-json-level.ts';
import { levelOrdinal } from './level.ts';
import { isStamp, isWeakWord, isWordByte, levelWord } from './level-words.ts';

/** How far into the first line a level is looked for: behind stamps, thread and logger, before the prose. */
const WINDOW = 200;
/** JSON encoders put the level anywhere among the keys. */
const JSON_WINDOW = 4_096;

const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const LT = 0x3c;
const GT = 0x3e;
const EQUALS = 0x3d;
const BAR = 0x7c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ESCAPE = 0x1b;
const NEWLINE = 0x0a;

const NONE = 0;
const WARN = levelOrdinal('warn');
const ERROR = levelOrdinal('error');
const FATAL = levelOrdinal('fatal');
const INFO = levelOrdinal('info');
const DEBUG = levelOrdinal('debug');

/** Syslog severities 0–7. */
const SYSLOG = [FATAL, FATAL, FATAL, ERROR, WARN, INFO, INFO, DEBUG];

/** Names after which `=` gives the level. */
export const LEVEL_KEYS: ReadonlySet<string> = new Set(
  'level lvl severity loglevel log_level levelname log.level priority'.split(' '),
);

/**
 * The level of a message, 0 (none) to 6 (fatal), from the first 200 bytes of its first line: a JSON or logfmt level, a bracketed or
 * upper-case level word, glog, syslog and runtime forms. The first that stands there counts. Words in prose (`error while…`) and
 * counts (`errors=0`) give none.
 */
export function detectLevel(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === ESCAPE)) {
    at = bytes[at] === ESCAPE ? colourEnd(bytes, at, end) : at + 1;
  }
  if (at >= end) return NONE;
  if (bytes[at] === 0x7b) {
    const level = detectJsonLevel(bytes, at, Math.min(end, at + JSON_WINDOW));
    if (level >= 0) return level;
  }
  const stop = Math.min(end, at + WINDOW);
  const first = atStart(bytes, at, stop);
  return first > NONE ? first : scan(bytes, at, stop);
}

function colourEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at + 1;
  if (i < end && bytes[i] === OPEN) i++;
  while (i < end && bytes[i] < 0x40 && bytes[i] !== NEWLINE) i++;
  return Math.min(end, i + 1);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Forms that count only where the line begins: `<3>`, `E1121 10:24`, `error: …`, `PHP Warning: …`, `TypeError: …`, a panic. */
function atStart(bytes: Uint8Array, at: number, stop: number): number {
  const byte = bytes[at];
  if (byte === LT && isDigit(bytes[at + 1])) {
    let i = at + 1;
    let priority = 0;
    while (i < stop && i < at + 4 && isDigit(bytes[i])) priority = priority * 10 + bytes[i++] - 0x30;
    return i < stop && bytes[i] === GT && priority <= 191 ? SYSLOG[priority & 7] : NONE;
  }
  const letter = letterLevel(byte);
  if (
    letter > NONE &&
    at + 5 < stop &&
    isDigit(bytes[at + 1]) &&
    isDigit(bytes[at + 4]) &&
    bytes[at + 5] === SPACE &&
    isStamp(bytes, at + 1, at + 5)
  ) {
    return letter;
  }
  if (byte === OPEN && at + 3 < stop && bytes[at + 2] === SPACE && isDigit(bytes[at + 3]))
    return letterLevel(bytes[at + 1]);
  return startWord(bytes, at, stop);
}

function letterLevel(byte: number): number {
  switch (byte) {
    case 0x46: // F
    case 0x43: // C
      return FATAL;
    case 0x45: // E
      return ERROR;
    case 0x57: // W
      return WARN;
    case 0x49: // I
      return INFO;
    case 0x44: // D
      return DEBUG;
    default:
      return NONE;
  }
}

function text(bytes: Uint8Array, from: number, end: number): string {
  let out = '';
  for (let i = from; i < end; i++) out += String.fromCharCode(bytes[i]);
  return out;
}

/** The first word of a line when a colon closes it, and the openings of traces. */
function startWord(bytes: Uint8Array, at: number, stop: number): number {
  const byte = bytes[at] | 0x20;
  if (byte < 0x61 || byte > 0x7a) return NONE;
  let i = at;
  while (i < stop && i < at + 120 && (isWordByte(bytes[i]) || bytes[i] === 0x2e || bytes[i] === 0x24)) i++;
  const closed = i < stop && bytes[i] === COLON;
  if (closed && i - at <= 12) {
    const level = levelWord(bytes, at, i);
    if (level > NONE && (i + 1 === stop || bytes[i + 1] === SPACE || bytes[i + 1] === TAB)) return level;
    if (byte === 0x70 && text(bytes, at, i) === 'panic') return FATAL;
  }
  if (i - at === 9 && bytes[at] === 0x54 && text(bytes, at, Math.min(stop, at + 16)) === 'Traceback (most ')
    return ERROR;
  if (i - at === 9 && bytes[at] === 0x45 && text(bytes, at, Math.min(stop, at + 20)) === 'Exception in thread ')
    return ERROR;
  if (i - at === 3 && bytes[at] === 0x50 && text(bytes, at, i) === 'PHP')
    return phpLevel(text(bytes, i, Math.min(stop, i + 14)));
  const named = (i - at > 5 && endsWith(bytes, at, i, 'Error')) || (i - at > 9 && endsWith(bytes, at, i, 'Exception'));
  return named && (closed || i === stop) ? ERROR : NONE;
}

function phpLevel(rest: string): number {
  if (/^ (?:Fatal|Parse) error:/.test(rest)) return rest[1] === 'F' ? FATAL : ERROR;
  return rest.startsWith(' Warning:') ? WARN : /^ (?:Notice|Deprecated)/.test(rest) ? INFO : NONE;
}

function endsWith(bytes: Uint8Array, from: number, end: number, word: string): boolean {
  const at = end - word.length;
  if (at < from || bytes[end - 1] !== word.charCodeAt(word.length - 1)) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

const BREAK = 0;
const WORD = 1;
const STARTS = 2;
/** Per byte: no part of a word, part of one, or the first letter of a level word or key. */
const BYTES = new Uint8Array(256);
for (let byte = 0; byte < 0x80; byte++) BYTES[byte] = isWordByte(byte) ? WORD : BREAK;
for (const letter of 'TDINWEFCSAPVLtdinwefcsapvl') BYTES[letter.charCodeAt(0)] = STARTS;

/** Words of the window, one after the other: the first that is a level by its case and its neighbours. */
function scan(bytes: Uint8Array, at: number, stop: number): number {
  let stampOnly = true;
  for (let i = at; i < stop; ) {
    const byte = bytes[i];
    if (byte === ESCAPE) {
      i = colourEnd(bytes, i, stop);
      continue;
    }
    const kind = BYTES[byte];
    if (kind === BREAK) {
      if (byte === NEWLINE) return NONE;
      i++;
      continue;
    }
    let end = i + 1;
    while (end < stop && BYTES[bytes[end]] !== BREAK) end++;
    if (kind === STARTS && end - i <= 11) {
      const level = wordLevel(bytes, at, i, end, stop, stampOnly);
      if (level >= NONE) return level;
    }
    if (stampOnly) stampOnly = isStamp(bytes, i, end);
    i = end;
  }
  return NONE;
}

/** Level of the word [i, end), or -1 when it says nothing. */
function wordLevel(bytes: Uint8Array, at: number, i: number, end: number, stop: number, stampOnly: boolean): number {
  const before = i > at ? bytes[i - 1] : SPACE;
  const past = end < stop && bytes[end] === ESCAPE ? colourEnd(bytes, end, stop) : end;
  const after = past < stop ? bytes[past] : SPACE;
  if (after === EQUALS && end + 1 < stop) return keyedLevel(bytes, at, i, end, stop, before);
  if (end - i === 1)
    return before === OPEN && after === CLOSE && letterLevel(bytes[i]) > NONE ? letterLevel(bytes[i]) : -1;
  const level = levelWord(bytes, i, end);
  if (level <= NONE) return -1;
  const bracketed = before === OPEN && after === CLOSE;
  if (!bracketed && after !== COLON && after !== BAR && isWeakWord(bytes, i, end)) return -1;
  if (bytes[i + 1] < 0x60 && bytes[end - 1] < 0x60) return opens(before) && closes(after, end - i) ? level : -1;
  return framed(bytes, at, i, past, stop, before, after, stampOnly) ? level : -1;
}

/** `level=warn`, `lvl="warn"`; -1 when the key is another or the value no level. */
function keyedLevel(bytes: Uint8Array, at: number, i: number, end: number, stop: number, before: number): number {
  const first = bytes[i] | 0x20;
  if (
    end - i < 3 ||
    (first !== 0x6c && first !== 0x73 && first !== 0x70) ||
    before === 0x2d ||
    before === 0x26 ||
    before === 0x3f
  )
    return -1;
  let from = i;
  if (before === 0x2e && endsWith(bytes, at, i - 1, 'log')) from = i - 4;
  if (!LEVEL_KEYS.has(text(bytes, from, end).toLowerCase())) return -1;
  const value = end + (bytes[end + 1] === 0x22 ? 2 : 1);
  let last = value;
  while (last < stop && isWordByte(bytes[last])) last++;
  const level = levelWord(bytes, value, last);
  return level > NONE ? level : -1;
}

/** What may stand before an upper-case level word. */
function opens(byte: number): boolean {
  switch (byte) {
    case SPACE:
    case TAB:
    case OPEN:
    case LT:
    case BAR:
    case COLON:
    case CLOSE:
    case 0x28: // (
    case 0x2d: // -
    case 0x2a: // *
    case 0x7b: // {
    case 0x6d: // the end of a colour
      return true;
    default:
      return byte >= 0x80;
  }
}

/** What may stand after one. `npm ERR!` is the only exclamation. */
function closes(byte: number, size: number): boolean {
  switch (byte) {
    case SPACE:
    case TAB:
    case CLOSE:
    case GT:
    case BAR:
    case COLON:
    case 0x29: // )
    case 0x2d: // -
    case 0x2a: // *
    case 0x2c: // ,
    case 0x2f: // /
    case 0x7d: // }
      return true;
    default:
      return (byte === 0x21 && size === 3) || byte >= 0x80;
  }
}

/** A word in any case counts in brackets, between bars or tabs, or with a colon behind nothing but a time stamp. */
function framed(
  bytes: Uint8Array,
  at: number,
  i: number,
  end: number,
  stop: number,
  before: number,
  after: number,
  stampOnly: boolean,
): boolean {
  if (before === OPEN || (before === COLON && after === CLOSE)) return after === CLOSE;
  if (before === LT) return after === GT;
  if (before === TAB) return after === TAB;
  if (stampOnly && after === COLON && end + 1 < stop && bytes[end + 1] === SPACE) return true;
  return leads(bytes, i, at) && follows(bytes, end, stop);
}

function leads(bytes: Uint8Array, i: number, at: number): boolean {
  let k = i - 1;
  while (k > at && bytes[k] === SPACE) k--;
  return k > at && bytes[k] === BAR;
}

function follows(bytes: Uint8Array, end: number, stop: number): boolean {
  let k = end;
  while (k < stop && bytes[k] === SPACE) k++;
  return k < stop && bytes[k] === BAR;
}
