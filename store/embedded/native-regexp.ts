import { compileRegexp } from '../../model/query/regexp.ts';

/** Characters that mean something in an expression. */
export const ESCAPED = /[\\^$.*+?()[\]{}|/-]/;

export interface NativeRegexp {
  /** The pattern as an expression over UTF-8 bytes (latin-1), or null where it cannot be exactly that. */
  native: RegExp | null;
  /** Records longer than this take the exact evaluator: bounds backtracking of `native`. */
  longest: number;
  /** The same as a fixed row of byte classes, where it is one. */
  fixed: Uint8Array[] | null;
  /** Lower-cased literals that every matching text contains. */
  literals: string[];
}

/** Backtracking over k unbounded repeats costs about n^(k+1) steps; n is cut so that it stays below some 10^7. */
const LONGEST = [1 << 20, 1 << 20, 3_000, 200];
/** Counted repeats multiply the size of the compiled expression. */
const MOST_REPEATS = 200;

/**
 * Translates the patterns people write most (ASCII literals and classes, simple repeats, alternatives) into an expression of the
 * runtime's own engine that gives the same answer on UTF-8 bytes of records without exotic characters; RE2 in JavaScript is
 * some twenty times slower. Anything else, and whatever could backtrack badly, is left to `compileRegexp`.
 */
export function nativeRegexp(pattern: string): NativeRegexp {
  const { literals } = compileRegexp(pattern);
  const reader: Reader = { pattern, at: 0, unbounded: 0, repeats: 1, hungry: 0 };
  const source = alternatives(reader, 0);
  const usable = source !== null && reader.at === pattern.length && reader.unbounded < LONGEST.length;
  const longest = LONGEST[reader.unbounded] ?? 0;
  if (!usable) return { native: null, fixed: null, longest, literals };
  return { native: new RegExp(source, 'i'), fixed: fixedClasses(source), longest, literals };
}

/** An ASCII class, an escaped or a plain character of an expression made here; and how often. */
const PLACE = /(\[[^^\]\\](?:[^\]\\]|\\.)*\]|\\[^b]|[^\\[\](){}|*+?.^$])(?:\{(\d+)\})?/y;
const MOST_PLACES = 200;

/** The classes a text must go through one by one, when the expression is nothing but such. */
function fixedClasses(source: string): Uint8Array[] | null {
  const classes: Uint8Array[] = [];
  for (let at = 0; at < source.length; at = PLACE.lastIndex) {
    PLACE.lastIndex = at;
    const found = PLACE.exec(source);
    if (!found || classes.length > MOST_PLACES) return null;
    const one = new RegExp(`^${found[1]}$`, 'i');
    const table = Uint8Array.from({ length: 256 }, (_, byte) => (one.test(String.fromCharCode(byte)) ? 1 : 0));
    for (let times = Number(found[2] ?? 1); times > 0; times--) classes.push(table);
  }
  return classes.length > 0 ? classes : null;
}

interface Reader {
  pattern: string;
  at: number;
  unbounded: number;
  repeats: number;
  /** Atoms seen that want at least one of any characters. */
  hungry: number;
}

const SHORT: Readonly<Record<string, string>> = {
  d: '[0-9]',
  w: '[0-9A-Za-z_]',
  s: '[\\t\\n\\f\\r ]',
  b: '\\b',
};

function alternatives(reader: Reader, depth: number): string | null {
  const branches: string[] = [];
  do {
    if (branches.length > 0) reader.at++;
    const branch = sequence(reader, depth);
    if (branch === null) return null;
    branches.push(branch);
  } while (reader.pattern[reader.at] === '|');
  return branches.join('|');
}

function sequence(reader: Reader, depth: number): string | null {
  const { pattern } = reader;
  let out = '';
  while (reader.at < pattern.length && pattern[reader.at] !== '|' && pattern[reader.at] !== ')') {
    const atom = readAtom(reader, depth);
    if (atom === null) return null;
    const repeat = readRepeat(reader);
    if (repeat === null) return null;
    // A byte is no character: what matches any of several bytes must be free to take them all, and two such atoms that each
    // want one would be content with two bytes of one character.
    if (atom.open && repeat !== '*' && (repeat !== '+' || reader.hungry++ > 0)) return null;
    if (atom.group && repeat !== '' && repeat !== '?') return null;
    if (atom.bare && repeat !== '') return null;
    out += atom.source + repeat;
  }
  return out;
}

interface Atom {
  source: string;
  /** May match a byte of a longer character. */
  open?: boolean;
  group?: boolean;
  /** Takes no repeat. */
  bare?: boolean;
}

function readAtom(reader: Reader, depth: number): Atom | null {
  const { pattern } = reader;
  const char = pattern[reader.at++];
  if (char === '\\') return readEscape(reader);
  if (char === '[') return readClass(reader);
  if (char === '(') {
    if (depth > 8) return null;
    if (pattern[reader.at] === '?') {
      if (!pattern.startsWith('?:', reader.at)) return null;
      reader.at += 2;
    }
    const before = reader.unbounded;
    const inner = alternatives(reader, depth + 1);
    if (inner === null || pattern[reader.at] !== ')') return null;
    reader.at++;
    const source = `(?:${inner})`;
    return reader.unbounded > before ? { source, group: true, bare: true } : { source, group: true };
  }
  if (char === '.') return { source: '[^\\n]', open: true };
  if (char === '^' || char === '$') return { source: char, bare: true };
  if ('*+?{}'.includes(char) || char < ' ' || char > '~') return null;
  return { source: ESCAPED.test(char) ? `\\${char}` : char };
}

function readEscape(reader: Reader): Atom | null {
  const char = reader.pattern[reader.at++];
  if (char === undefined) return null;
  if (Object.hasOwn(SHORT, char)) return { source: SHORT[char], bare: char === 'b' };
  return char > ' ' && char <= '~' && !/[A-Za-z0-9_]/.test(char)
    ? { source: ESCAPED.test(char) ? `\\${char}` : char }
    : null;
}

function readClass(reader: Reader): Atom | null {
  const match = /(\^?)((?:[ -Z^-~]|\\[dw\\\]^-])+)\]/y;
  match.lastIndex = reader.at;
  const found = match.exec(reader.pattern);
  if (!found || found[2].includes('[') || (found[1] === '' && found[2].startsWith('^'))) return null;
  // A negated class of RE2 takes line ends too, as ours does.
  reader.at += found[0].length;
  const source = `[${found[1]}${found[2].replace(/\\d/g, '0-9').replace(/\\w/g, '0-9A-Za-z_')}]`;
  try {
    new RegExp(source);
  } catch {
    return null;
  }
  return { source, open: found[1] === '^' };
}

/** A quantifier, `''` for none, null for one that is not taken over. */
function readRepeat(reader: Reader): string | null {
  const { pattern } = reader;
  const match = /[*+?]|\{(\d+)(,?)(\d*)\}/y;
  match.lastIndex = reader.at;
  const found = match.exec(pattern);
  if (!found) return pattern[reader.at] === '{' ? null : '';
  reader.at += found[0].length;
  if (found[0] === '*' || found[0] === '+' || (found[2] === ',' && found[3] === '')) reader.unbounded++;
  reader.repeats *= Math.max(1, Number(found[3] || found[1] || 1));
  if (reader.repeats > MOST_REPEATS) return null;
  // Lazy and greedy find the same records; a second quantifier is not taken over.
  if (pattern[reader.at] === '?') reader.at++;
  if (/[*+?{]/.test(pattern[reader.at] ?? '')) return null;
  return found[0];
}
