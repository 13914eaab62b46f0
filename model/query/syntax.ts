import { FleetlogError } from '../errors.ts';
import { SEPARATOR, wordClass } from '../unicode-words.ts';

/** What a Chinese keyboard gives for ASCII punctuation; outside quotes they mean the same. Each is one UTF-16 unit. */
const WIDE: Readonly<Record<string, string>> = {
  '：': ':',
  '（': '(',
  '）': ')',
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '＊': '*',
  '－': '-',
  '＞': '>',
  '＜': '<',
  '＝': '=',
  '～': '~',
  '\u3000': ' ',
};

/** The text with full-width punctuation as ASCII, unit for unit, so that offsets stay. Only what is outside quotes may be read from it. */
export function flatten(text: string): string {
  return text.replace(/[：（）“”‘’＊－＞＜＝～\u3000]/g, (char) => WIDE[char]);
}

export function isSpace(char: string): boolean {
  return char === ' ' || /\s/.test(char);
}

/** True when a token starts or goes on at this place. */
export function isWordAt(text: string, at: number): boolean {
  return at < text.length && wordClass(text.codePointAt(at) as number) !== SEPARATOR;
}

/** True when a token ends right before this place. */
export function isWordBefore(text: string, at: number): boolean {
  if (at < 1) return false;
  const low = text.charCodeAt(at - 1);
  const pair = low >= 0xdc00 && low <= 0xdfff && at > 1;
  return wordClass(text.codePointAt(pair ? at - 2 : at - 1) as number) !== SEPARATOR;
}

/** AND, OR or NOT at this place as an operator, upper case only and standing alone; else null. */
export function operatorAt(flat: string, at: number): 'AND' | 'OR' | 'NOT' | null {
  const word = flat.startsWith('AND', at)
    ? 'AND'
    : flat.startsWith('OR', at)
      ? 'OR'
      : flat.startsWith('NOT', at)
        ? 'NOT'
        : null;
  if (word === null) return null;
  const next = flat[at + word.length];
  return next === undefined || isSpace(next) || next === '(' || next === ')' || next === '"' ? word : null;
}

/** Where the whitespace at `at` ends. */
export function skipSpace(flat: string, at: number): number {
  let i = at;
  while (i < flat.length && isSpace(flat[i])) i++;
  return i;
}

const FIELD = /[A-Za-z_@][\w.@-]*:/y;
/** MAC and IPv6 addresses: groups of hex digits between colons. */
const HEX_GROUPS = /[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])/y;

/**
 * Length of a field name at `at` (its colon follows), or 0 when what stands there is text with a colon in it: `Error: x`,
 * `http://…`, `std::string`, `C:\dir`, a MAC or IPv6 address.
 */
export function fieldNameLength(flat: string, at: number): number {
  FIELD.lastIndex = at;
  const match = FIELD.exec(flat);
  if (match === null) return 0;
  const length = match[0].length - 1;
  const rest = at + length + 1;
  const next = flat[rest];
  if (next === undefined || isSpace(next) || next === ':' || next === ')' || flat.startsWith('//', rest)) return 0;
  if (length === 1 && (next === '\\' || next === '/')) return 0;
  HEX_GROUPS.lastIndex = at;
  return HEX_GROUPS.test(flat) ? 0 : length;
}

/** Refuses a query: `what` follows "cannot read the query:"; the span is in UTF-16 units of the text. */
export function refuse(what: string, start: number, end: number, hint: string): never {
  throw new FleetlogError('bad_query', `cannot read the query: ${what}`, { hint, position: { start, end } });
}
