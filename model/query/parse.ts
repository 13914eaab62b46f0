import { and, fieldEquals, not, or } from './build.ts';
import { quote } from './literal.ts';
import { printQuery } from './print.ts';
import { flatten, operatorAt, refuse, skipSpace } from './syntax.ts';
import { groupPlaces, isNegation, readTerm, type Scanner } from './term.ts';
import type { Query, Span } from './tree.ts';

/** Longest query text in UTF-16 units, deepest nesting, and most nodes: a query is read, hashed and run for every caller. */
export const QUERY_LIMITS = { chars: 16_384, depth: 64, nodes: 1_000 } as const;

export interface ParsedQuery {
  query: Query;
  hints: QueryHint[];
}

/** Something the parser is not sure of. `search_as_text`: a pasted `cost:1300ms` was read as a field. */
export interface QueryHint {
  code: 'search_as_text';
  span: Span;
  field: string;
  /** The whole query with that clause quoted as text. */
  query: string;
}

interface Reader extends Scanner {
  at: number;
  depth: number;
  nodes: number;
  hints: QueryHint[];
}

/**
 * Reads a query text (docs/query.md) into a tree. Empty text is `all`. Throws `bad_query` with position and hint;
 * `mendQuery` gives the text search to offer then.
 */
export function parseQuery(text: string): ParsedQuery {
  if (text.length > QUERY_LIMITS.chars) {
    const hint = 'Search for a part of it; one line or one phrase finds the record.';
    refuse(`it is longer than ${QUERY_LIMITS.chars} characters`, QUERY_LIMITS.chars, text.length, hint);
  }
  const source = text.toWellFormed();
  const flat = flatten(source);
  const scanner: Scanner = { text: source, flat, openInText: 0, groups: groupPlaces(source, flat) };
  const reader: Reader = { ...scanner, at: skipSpace(flat, 0), depth: 0, nodes: 0, hints: [] };
  if (reader.at === source.length) return { query: { type: 'all' }, hints: [] };
  const query = readOr(reader);
  if (reader.at < source.length) {
    refuse('a ")" closes nothing', reader.at, reader.at + 1, 'Remove it, or quote the text it belongs to.');
  }
  return { query, hints: reader.hints };
}

function count(reader: Reader, start: number): void {
  if (++reader.nodes <= QUERY_LIMITS.nodes) return;
  refuse(
    `it has more than ${QUERY_LIMITS.nodes} terms`,
    start,
    reader.text.length,
    'Quote long text to search it as one phrase.',
  );
}

function readOr(reader: Reader): Query {
  const items = [readAnd(reader)];
  while (operatorAt(reader.flat, reader.at) === 'OR') {
    const start = reader.at;
    reader.at = skipSpace(reader.flat, start + 2);
    if (atEnd(reader)) missing('OR', 'right', start);
    items.push(readAnd(reader));
  }
  return or(...items);
}

function readAnd(reader: Reader): Query {
  const items: Query[] = [];
  while (!atEnd(reader)) {
    const start = reader.at;
    const operator = operatorAt(reader.flat, start);
    if (operator === 'OR' && items.length > 0) break;
    if (operator === 'OR' || (operator === 'AND' && items.length === 0)) missing(operator, 'left', start);
    if (operator === 'AND') {
      reader.at = skipSpace(reader.flat, start + 3);
      if (atEnd(reader)) missing('AND', 'right', start);
      const next = operatorAt(reader.flat, reader.at);
      if (next === 'AND' || next === 'OR') missing('AND', 'right', start);
    }
    items.push(readUnary(reader));
    reader.at = skipSpace(reader.flat, reader.at);
  }
  return and(...items);
}

/** End of the text, or a `)` that closes a group rather than text. */
function atEnd(reader: Reader): boolean {
  return reader.at >= reader.flat.length || (reader.flat[reader.at] === ')' && reader.openInText === 0);
}

function missing(operator: string, side: 'left' | 'right', start: number): never {
  const hint = `Put a term there, or quote the word to search for it: "${operator}".`;
  refuse(`${operator} has nothing on its ${side}`, start, start + operator.length, hint);
}

function readUnary(reader: Reader): Query {
  const start = reader.at;
  const word = operatorAt(reader.flat, start) === 'NOT';
  if (!word && !isNegation(reader.text, reader.flat, start)) return readItem(reader);
  reader.at = word ? skipSpace(reader.flat, start + 3) : start + 1;
  const operator = operatorAt(reader.flat, reader.at);
  if (atEnd(reader) || operator === 'AND' || operator === 'OR') missing('NOT', 'right', start);
  return not(deeper(reader, start, readUnary));
}

function deeper(reader: Reader, start: number, read: (reader: Reader) => Query): Query {
  count(reader, start);
  if (++reader.depth > QUERY_LIMITS.depth) {
    const hint = 'Flatten it: a OR b OR c needs no parentheses.';
    refuse(`it is nested deeper than ${QUERY_LIMITS.depth}`, start, reader.at, hint);
  }
  const query = read(reader);
  reader.depth--;
  return query;
}

function readItem(reader: Reader): Query {
  const start = reader.at;
  if (reader.flat[start] === '(' && reader.flat[start + 1] !== ')') return deeper(reader, start, readGroup);
  count(reader, start);
  const term = readTerm(reader, start);
  reader.at = term.end;
  if (term.guessed !== undefined) {
    const { field, span } = term.guessed;
    const { text } = reader;
    const mended = text.slice(0, span.start) + quote(text.slice(span.start, span.end)) + text.slice(span.end);
    reader.hints.push({ code: 'search_as_text', span, field, query: mended });
  }
  return term.query;
}

function readGroup(reader: Reader): Query {
  const start = reader.at;
  const { openInText } = reader;
  reader.openInText = 0;
  reader.at = skipSpace(reader.flat, start + 1);
  if (reader.flat[reader.at] === ')') {
    refuse('a group holds nothing', start, reader.at + 1, 'Put a term into it, or remove it.');
  }
  const query = readOr(reader);
  if (reader.flat[reader.at] !== ')') {
    refuse('a "(" is opened and not closed', start, reader.text.length, 'Close it with ), or quote the text.');
  }
  reader.at++;
  reader.openInText = openInText;
  return query;
}

/** Longest text `mendQuery` takes over whole; beyond it the first line is enough to find the record. */
const MEND_CHARS = 4_096;

/** A text search for the whole input, to offer when it cannot be read as a query: its first line when it is very long. */
export function mendQuery(text: string): string {
  const whole = text.toWellFormed().trim();
  if (whole === '') return '';
  const kept = whole.length <= MEND_CHARS ? whole : whole.split('\n', 1)[0].slice(0, MEND_CHARS).trim();
  return quoteText(kept.toWellFormed());
}

/** The text as a phrase: a query that finds it, whatever it holds. */
export function quoteText(text: string): string {
  return quote(text.toWellFormed());
}

/** The clause that keeps lines with this value of a field, as a person would write it: `app:shop`, `-level:*` for none. */
export function clauseText(field: string, value: string): string {
  return printQuery(fieldEquals(field, value));
}
