import { levelOrdinal } from '../level.ts';
import { canonicalLevel, fieldEquals, fieldExists, fieldParts, NO_LEVEL_KEY, not, or } from './build.ts';
import { readQuoted } from './literal.ts';
import { parseScalar } from './scalar.ts';
import { isSpace, operatorAt, refuse, skipSpace } from './syntax.ts';
import type { Query } from './tree.ts';

/** What stands after `field:`. `plain`: written without quotes, sign or parentheses, so it may have been pasted text. */
export interface Clause {
  query: Query;
  end: number;
  plain: boolean;
}

const LEVEL_HINT = 'Levels are trace, debug, info, warn, error and fatal; level:none finds lines without one.';
const SCALAR_HINT = 'Compare with a number, a duration (500ms, 5s, 1m, 1h, 1d) or a size (10KB, 10MB, 1GiB).';

/** Where an unquoted value ends: at a space or a `)` that it did not open. */
export function bareEnd(flat: string, from: number): number {
  let depth = 0;
  let i = from;
  for (; i < flat.length; i++) {
    const char = flat[i];
    if (isSpace(char) || (char === ')' && depth-- === 0)) break;
    if (char === '(') depth++;
  }
  return i;
}

/**
 * Reads what stands after `field:` at `at`; null when nothing does. `start` is where the clause begins, for spans.
 * Throws `bad_query`.
 */
export function readClause(text: string, flat: string, field: string, start: number, at: number): Clause {
  const sign = flat.startsWith('>=', at) || flat.startsWith('<=', at) ? flat.slice(at, at + 2) : flat[at];
  if (sign === '(') return readAlternatives(text, flat, field, at);
  if (sign === '=') return readExact(text, flat, field, start, at + 1);
  if (sign === '>' || sign === '<' || sign === '>=' || sign === '<=') {
    return readComparison(flat, field, start, at + sign.length, sign);
  }
  return readGlob(text, flat, field, start, at);
}

function placed(query: Query, start: number, end: number): Query {
  if (query.type === 'field') return { ...query, span: { start, end } };
  return query.type === 'not' ? not(placed(query.item, start, end)) : query;
}

function checkLevel(field: string, value: string, start: number, end: number): void {
  if (field !== 'level' || value === '' || value.toLowerCase() === NO_LEVEL_KEY || canonicalLevel(value) !== null)
    return;
  refuse(`"${value}" is no level`, start, end, LEVEL_HINT);
}

function readExact(text: string, flat: string, field: string, start: number, at: number): Clause {
  const end = flat[at] === '"' ? 0 : bareEnd(flat, at);
  const value = end === 0 ? readQuoted(text, at) : { text: flat.slice(at, end), end };
  if (value.end === at)
    refuse(`${field}:= has no value`, start, at, 'Write the value directly behind it, without a space.');
  checkLevel(field, value.text, at, value.end);
  return { query: placed(fieldEquals(field, value.text), start, value.end), end: value.end, plain: false };
}

function readComparison(flat: string, field: string, start: number, at: number, sign: '>' | '>=' | '<' | '<='): Clause {
  const end = bareEnd(flat, at);
  const text = flat.slice(at, end);
  if (text === '')
    refuse(`${field}:${sign} has no value`, start, end, 'Write the value directly behind it, without a space.');
  const level = field === 'level' ? canonicalLevel(text) : null;
  const value = field === 'level' ? levelOrdinal(level) : parseScalar(text);
  if (value === null) refuse(`"${text}" is nothing to compare with`, at, end, SCALAR_HINT);
  if (field === 'level' && level === null) refuse(`"${text}" is no level`, at, end, LEVEL_HINT);
  const test = { op: 'compare', sign, value, text: level ?? text } as const;
  return { query: { type: 'field', field, test, span: { start, end } }, end, plain: false };
}

/** Pieces between stars: quoted, or bare up to a space, a star or a `)` of a group. */
function readGlob(text: string, flat: string, field: string, start: number, at: number): Clause {
  const parts: string[] = [];
  let quoted = false;
  let i = at;
  for (;;) {
    if (flat[i] === '"') quoted = true;
    const piece = flat[i] === '"' ? readQuoted(text, i) : barePiece(flat, i);
    parts.push(piece.text);
    i = piece.end;
    if (flat[i] !== '*') break;
    i++;
  }
  if (parts.length === 1) checkLevel(field, parts[0], at, i);
  const query = parts.every((part) => part === '') && parts.length > 1 ? fieldExists(field) : fieldParts(field, parts);
  return { query: placed(query, start, i), end: i, plain: !quoted && parts.some((part) => part !== '') };
}

function barePiece(flat: string, from: number): { text: string; end: number } {
  const star = flat.indexOf('*', from);
  const stop = bareEnd(flat, from);
  const end = star < 0 || star > stop ? stop : star;
  return { text: flat.slice(from, end), end };
}

function readAlternatives(text: string, flat: string, field: string, open: number): Clause {
  const items: Query[] = [];
  let at = skipSpace(flat, open + 1);
  while (at < flat.length && flat[at] !== ')') {
    const operator = operatorAt(flat, at);
    if (operator === 'OR' && items.length > 0) at = skipSpace(flat, at + 2);
    if (at >= flat.length || flat[at] === ')' || operatorAt(flat, at) !== null) {
      const hint = `Write ${field}:(a OR b), or repeat the field: ${field}:a AND ${field}:b.`;
      refuse(`only values and OR may stand in ${field}:( )`, at, Math.min(flat.length, at + 3), hint);
    }
    if (flat[at] === '(') refuse('a list of values holds another list', at, at + 1, 'Remove the inner parentheses.');
    const clause = readClause(text, flat, field, at, at);
    items.push(clause.query);
    at = skipSpace(flat, clause.end);
  }
  if (at >= flat.length)
    refuse('a "(" is opened and not closed', open, flat.length, 'Close it with ), or quote the text.');
  if (items.length === 0) refuse(`${field}:( ) holds no value`, open, at + 1, `Write ${field}:(a OR b).`);
  return { query: or(...items), end: at + 1, plain: false };
}
