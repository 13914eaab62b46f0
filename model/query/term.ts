import { readClause } from './field-clause.ts';
import { quotedEnd, readQuoted, readRegexp } from './literal.ts';
import { patternAsked } from './pattern-asked.ts';
import { compileRegexp } from './regexp.ts';
import { fieldNameLength, isSpace, isWordAt, isWordBefore, operatorAt, refuse } from './syntax.ts';
import { hasToken } from './tokenize.ts';
import { type Query, RECORD_FIELDS, type Span } from './tree.ts';

/** A query text with its flattened twin, and parentheses that words have opened as text and not closed yet. */
export interface Scanner {
  readonly text: string;
  readonly flat: string;
  openInText: number;
  /** Places of `(` that open groups although a word stands right before them. */
  readonly groups: ReadonlySet<number>;
}

export interface Term {
  query: Query;
  end: number;
  /** Set when the clause may be pasted text that only looks like `field:value`. */
  guessed?: { field: string; span: Span };
}

/** Parentheses with an operator directly inside: `支付（超时 OR 失败）` is meant as a group, `call(a, b)` is text. */
export function groupPlaces(text: string, flat: string): Set<number> {
  const groups = new Set<number>();
  const open: number[] = [];
  for (let i = 0; i < flat.length; i++) {
    if (flat[i] === '(') open.push(i);
    else if (flat[i] === ')') open.pop();
    else if (flat[i] === '"') {
      const end = quotedEnd(text, i);
      if (end === 0) break;
      i = end - 1;
    } else if (open.length > 0 && isSpace(flat[i]) && operatorAt(flat, i + 1) !== null)
      groups.add(open[open.length - 1]);
  }
  return groups;
}

/** Reads one term (no operator, no group) at `at`, where no space stands. Throws `bad_query`. */
export function readTerm(scanner: Scanner, at: number): Term {
  const { text, flat } = scanner;
  if (flat[at] === '"') return readPhrase(text, flat, at);
  if (flat[at] === '~' && flat[at + 1] === '"') {
    const { text: needle, end } = readQuoted(text, at + 1);
    return { query: { type: 'substring', text: needle, span: { start: at, end } }, end };
  }
  const regexp = readRegexp(text, flat, at);
  if (regexp !== null) {
    compileRegexp(regexp.text, at + 1);
    return { query: { type: 'regexp', pattern: regexp.text, span: { start: at, end: regexp.end } }, end: regexp.end };
  }
  return readField(text, flat, at) ?? readWord(scanner, at);
}

function readPhrase(text: string, flat: string, at: number): Term {
  const phrase = readQuoted(text, at);
  const prefix = flat[phrase.end] === '*' && isWordBefore(phrase.text, phrase.text.length);
  const end = prefix ? phrase.end + 1 : phrase.end;
  return { query: { type: 'phrase', text: phrase.text, prefix, quoted: true, span: { start: at, end } }, end };
}

function readField(text: string, flat: string, at: number): Term | null {
  if (flat[at] === '@' && flat[at + 1] === '"') {
    const name = readQuoted(text, at + 1);
    const next = flat[name.end + 1];
    if (flat[name.end] !== ':' || next === undefined || isSpace(next) || next === ')') return null;
    const clause = readClause(text, flat, name.text, at, name.end + 1);
    return { query: clause.query, end: clause.end };
  }
  const length = fieldNameLength(flat, at);
  if (length === 0) return null;
  const field = flat.slice(at, at + length);
  const clause = readClause(text, flat, field, at, at + length + 1);
  const span = { start: at, end: clause.end };
  // Only punctuation behind the colon (`foo:,`) is text: no value anybody searches for.
  if (clause.plain && !hasToken(flat.slice(at + length + 1, clause.end))) return null;
  const { query } = clause;
  const known = RECORD_FIELDS.some((name) => name === field);
  const guessed = clause.plain && !known && !(query.type === 'field' && patternAsked(field, query.test) !== null);
  return { query: clause.query, end: clause.end, ...(guessed ? { guessed: { field, span } } : {}) };
}

/**
 * Where a word ends: at a space, a quote, a group or a `)` that no word opened. Other parentheses inside words are text:
 * `at a.b(C.java:7)`.
 */
function wordEnd(scanner: Scanner, at: number): number {
  const { flat } = scanner;
  let end = at;
  for (; end < flat.length; end++) {
    const char = flat[end];
    if (isSpace(char) || char === '"' || (char === '(' && scanner.groups.has(end))) break;
    if (char === '(') scanner.openInText++;
    else if (char === ')' && scanner.openInText-- === 0) {
      scanner.openInText = 0;
      break;
    }
  }
  return end;
}

function readWord(scanner: Scanner, at: number): Term {
  const opened = scanner.openInText;
  const end = wordEnd(scanner, at);
  const word = scanner.flat.slice(at, end);
  const body = word.replace(/\*+$/, '');
  const span = { start: at, end };
  if (body === '' && word !== '') return { query: { type: 'all' }, end };
  const star = innerStar(body);
  if (star >= 0) {
    const hint = `Write ~"…" to find text inside a word, or a regular expression: /${body.replaceAll('*', '.*')}/.`;
    refuse('"*" is only allowed at the end of a word', at + star, at + star + 1, hint);
  }
  const prefix = body !== word && isWordBefore(body, body.length);
  const quoted = opened > 0 || scanner.openInText > 0 || !standsAlone(word, body);
  return { query: { type: 'phrase', text: body, prefix, quoted, span }, end };
}

/** True when the word is read as itself wherever a term may stand; others can only be written again in quotes. */
function standsAlone(word: string, body: string): boolean {
  if (body !== word && !isWordBefore(body, body.length)) return false;
  if (/^\((?!\))/.test(word) || operatorAt(word, 0) !== null || isNegation(word, word, 0)) return false;
  if (['', ' x/', ' ]x/'].some((more) => readRegexp(word + more, word + more, 0) !== null)) return false;
  return readField(word, word, 0) === null;
}

/** True when the `-` at `at` negates what follows; dashes between words, arrows and `--flags` are text. */
export function isNegation(text: string, flat: string, at: number): boolean {
  const before = flat[at - 1];
  if (flat[at] !== '-' || (before !== undefined && !isSpace(before) && before !== '(' && before !== '-')) return false;
  const next = flat[at + 1];
  if (next === '"') return true;
  if (next === '(') return flat[at + 2] !== ')';
  if (next === '/') return readRegexp(text, flat, at + 1) !== null;
  if (next === '*') return /^\*+(?=\s|\)|$)/.test(flat.slice(at + 1));
  if (next === '~' || next === '@') return flat[at + 2] === '"' || isWordAt(flat, at + 2);
  return isWordAt(flat, at + 1);
}

/** Place of a star that touches a token: somebody meant a wildcard. */
function innerStar(body: string): number {
  for (let i = body.indexOf('*'); i >= 0; i = body.indexOf('*', i + 1)) {
    if (isWordBefore(body, i) || isWordAt(body, i + 1)) return i;
  }
  return -1;
}
