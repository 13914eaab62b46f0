import { isCode } from '../errors.ts';
import { quote, regexpLiteral } from './literal.ts';
import { parseScalar } from './scalar.ts';
import { fieldNameLength, flatten, operatorAt } from './syntax.ts';
import { isNegation, readTerm } from './term.ts';
import { hasToken } from './tokenize.ts';
import type { FieldTest, PhraseQuery, Query } from './tree.ts';

/** The query as text that `parseQuery` reads back to the same tree (spans aside). `all` is the empty text. */
export function printQuery(query: Query): string {
  return query.type === 'all' ? '' : print(query, 'or');
}

/** Binding of the place a node is printed in: `or` takes anything bare, `and` puts ors in parentheses, `term` both. */
type Place = 'or' | 'and' | 'term';

function print(query: Query, place: Place): string {
  switch (query.type) {
    case 'all':
      return '*';
    case 'and':
      return list(query.items, ' ', '*', place === 'term', 'and');
    case 'or':
      return printAlternatives(query.items) ?? list(query.items, ' OR ', '-*', place !== 'or', 'and');
    case 'not':
      return negate(print(query.item, 'term'));
    case 'phrase':
      return printPhrase(query);
    case 'substring':
      return `~${quote(query.text)}`;
    case 'regexp':
      return regexpLiteral(query.pattern);
    case 'field':
      return printField(query.field, query.test);
  }
}

function list(items: Query[], separator: string, none: string, wrap: boolean, place: Place): string {
  if (items.length === 0) return none;
  if (items.length === 1) return print(items[0], wrap ? 'term' : place);
  const text = items.map((item) => print(item, place)).join(separator);
  return wrap ? `(${text})` : text;
}

function negate(text: string): string {
  return isNegation(`-${text}`, `-${text}`, 0) ? `-${text}` : `NOT ${text}`;
}

/** `field:(a OR b)` for an or of tests on one field. */
function printAlternatives(items: Query[]): string | null {
  const [first] = items;
  if (items.length < 2 || first.type !== 'field') return null;
  const values: string[] = [];
  for (const item of items) {
    if (item.type !== 'field' || item.field !== first.field) return null;
    values.push(printTest(item.field, item.test));
  }
  return `${fieldName(first.field)}:(${values.join(' OR ')})`;
}

function printPhrase(query: PhraseQuery): string {
  const bare = query.prefix ? `${query.text}*` : query.text;
  if (!query.quoted && isBareWord(bare, query)) return bare;
  return quote(query.text) + (query.prefix ? '*' : '');
}

/** True when the text, standing alone, is read as that very word. */
function isBareWord(text: string, query: PhraseQuery): boolean {
  const flat = flatten(text);
  if (text === '' || flat !== text || /[\s"]/.test(text)) return false;
  try {
    const { query: read, end } = readTerm({ text, flat, openInText: 0, groups: new Set() }, 0);
    if (end !== text.length || read.type !== 'phrase' || read.quoted) return false;
    return read.text === query.text && read.prefix === query.prefix;
  } catch (error) {
    if (isCode(error, 'bad_query')) return false;
    throw error;
  }
}

function printField(field: string, test: FieldTest): string {
  const name = fieldName(field);
  const clause = `${name}:${printTest(field, test)}`;
  if (name !== field || (test.op !== 'equals' && test.op !== 'glob')) return clause;
  const parts = test.op === 'equals' ? [test.value] : test.parts;
  // `a:/x`, `ab:cd:ef` and `x:-` would be read as text: the value goes into quotes.
  if (fieldNameLength(clause, 0) === name.length && parts.some(hasToken)) return clause;
  return `${name}:${parts.map((part) => (part === '' && parts.length > 1 ? '' : quote(part))).join('*')}`;
}

function fieldName(name: string): string {
  return fieldNameLength(`${name}:x`, 0) === name.length && name !== '' ? name : `@${quote(name)}`;
}

function printTest(field: string, test: FieldTest): string {
  switch (test.op) {
    case 'exists':
      return '*';
    case 'equals':
      return piece(test.value) || '""';
    case 'glob':
      return test.parts.map(piece).join('*');
    case 'compare': {
      const same = field === 'level' ? test.text !== '' : parseScalar(test.text) === test.value;
      return test.sign + (same ? test.text : String(test.value));
    }
  }
}

/** A literal of a value: bare where it reads back as itself, else quoted. */
function piece(text: string): string {
  const plain = /^[\p{L}\p{N}_.@/][\p{L}\p{N}_.@/+:,;%&?#=\-[\]{}|]*$/u.test(text) && operatorAt(text, 0) === null;
  return text === '' || plain ? text : quote(text);
}
