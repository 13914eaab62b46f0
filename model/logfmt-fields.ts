import { RUN, wordClass } from './unicode-words.ts';

/** Ends of an unquoted value, besides spaces: closing brackets, quotes and the punctuation of Chinese and Japanese text. */
const STOP = /[\s"'()[\]{}<>，。；：、！？）】」』》]/;
/** The same for ASCII: asked for every character of every value. */
const STOPS = Uint8Array.from({ length: 0x80 }, (_, unit) => (STOP.test(String.fromCharCode(unit)) ? 1 : 0));
/** A comma, semicolon or bar ends a value only before a space, the end or another `key=`. */
const LIST_STOP = /[,;|](?=\s|$|[A-Za-z_][\w.@-]*=)/y;
const BALANCED: Readonly<Record<string, string>> = { '[': ']', '{': '}', '(': ')' };
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"|'([^'\n]*)'(?=$|[\s,;|)\]}])/y;
const LONGEST_QUOTED = 8_192;

function isKeyUnit(unit: number): boolean {
  const digit = unit >= 0x30 && unit <= 0x39;
  const letter = (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
  return digit || letter || unit === 0x5f || unit === 0x2e || unit === 0x40 || unit === 0x2d;
}

/** A key begins a line or follows a space, an opening bracket, a separator, or Chinese text and punctuation. */
function isBoundary(text: string, at: number): boolean {
  if (at === 0) return true;
  const unit = text.charCodeAt(at - 1);
  if (unit >= 0x80) return unit < 0xd800 || unit > 0xdfff ? wordClass(unit) !== RUN : true;
  return unit <= 0x20 || ',;|([{<>'.includes(text[at - 1]);
}

/**
 * Calls `take` for every `key=value` of the text, wherever it stands. Keys are `[A-Za-z_][\w.@-]*` at a token boundary; values are
 * quoted with `"` (backslash escapes) or `'`, or reach to a space, a closing bracket or such. Empty values are no fields.
 */
export function readLogfmtFields(text: string, take: (key: string, value: string) => boolean): void {
  for (let sign = text.indexOf('='); sign >= 0; ) {
    let start = sign;
    while (start > 0 && isKeyUnit(text.charCodeAt(start - 1))) start--;
    let end = sign + 1;
    if (start < sign && /[A-Za-z_]/.test(text[start]) && isBoundary(text, start)) {
      const value = readValue(text, sign + 1);
      if (value !== null) {
        end = value.end;
        if (value.text !== '' && !take(text.slice(start, sign), value.text)) return;
      }
    }
    sign = text.indexOf('=', end);
  }
}

function readValue(text: string, at: number): { text: string; end: number } | null {
  const first = text[at];
  if (first === undefined || first === '=') return null;
  if (first === '"' || first === "'") return readQuoted(text, at);
  let end = at;
  const close = BALANCED[first];
  if (close !== undefined) {
    const found = text.indexOf(close, at);
    if (found < 0 || text.slice(at, found).includes('\n')) return null;
    end = found + 1;
  }
  for (; end < text.length; end++) {
    const unit = text.charCodeAt(end);
    if (unit < 0x80 ? STOPS[unit] === 1 : STOP.test(text[end])) break;
    if (unit !== 0x2c && unit !== 0x3b && unit !== 0x7c) continue;
    LIST_STOP.lastIndex = end;
    if (LIST_STOP.test(text)) break;
  }
  return { text: text.slice(at, end), end };
}

function readQuoted(text: string, at: number): { text: string; end: number } | null {
  // A sticky match on a slice: an unclosed quote must not walk the rest of a long message for every key.
  const window = text.slice(at, at + LONGEST_QUOTED);
  QUOTED.lastIndex = 0;
  const match = QUOTED.exec(window);
  if (match === null) return null;
  const value = match[1] === undefined ? match[2] : decodeEscapes(match[1]);
  return { text: value, end: at + match[0].length };
}

function decodeEscapes(raw: string): string {
  if (!raw.includes('\\')) return raw;
  return raw.replace(/\\([\s\S])/g, (_, char: string) =>
    char === 'n' ? '\n' : char === 't' ? '\t' : char === 'r' ? '\r' : char,
  );
}
