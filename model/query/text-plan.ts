import { VALUE_LIMIT } from '../fields.ts';
import { RUN, SEPARATOR, wordClass } from '../unicode-words.ts';
import { compileRecordField } from './match-fields.ts';
import { type Need, regexpNeeds } from './regexp-needs.ts';
import { ESCAPE_TOKEN, tokenHash } from './token-hash.ts';
import { tokenize, tokenSpans } from './tokenize.ts';
import type { FieldTest, Query } from './tree.ts';

/**
 * What the tokens of a message must satisfy for the query to match it. A block whose set of `eachTokenHash` values fails the plan
 * holds no match and is skipped; a block that passes may still hold none. `any` asks for nothing.
 */
export type BloomPlan =
  | { type: 'any' }
  | { type: 'token'; hash: number; token: string }
  | { type: 'and'; items: BloomPlan[] }
  | { type: 'or'; items: BloomPlan[] };

const ANY: BloomPlan = { type: 'any' };
/** More tokens than this prune no better and only cost look-ups. */
const MOST_TOKENS = 64;

/** The plan of a query: sound for every message (never skips a match), `any` where nothing can be promised. */
export function bloomPlan(query: Query): BloomPlan {
  switch (query.type) {
    case 'all':
    case 'not':
      return ANY;
    case 'and':
      return both(query.items.map(bloomPlan));
    case 'or':
      return either(query.items.map(bloomPlan));
    case 'phrase': {
      const tokens = tokenize(query.text);
      return every(query.prefix ? tokens.slice(0, -1) : tokens);
    }
    case 'substring':
      return every(closedTokens(query.text, false));
    case 'regexp':
      return regexpPlan(regexpNeeds(query.pattern));
    case 'field':
      return compileRecordField(query.field, query.test) === null ? fieldPlan(query.field, query.test) : ANY;
  }
}

/** Runs a plan against a set of token hashes. */
export function planPasses(plan: BloomPlan, has: (hash: number) => boolean): boolean {
  switch (plan.type) {
    case 'any':
      return true;
    case 'token':
      return has(plan.hash);
    case 'and':
      return plan.items.every((item) => planPasses(item, has));
    case 'or':
      return plan.items.some((item) => planPasses(item, has));
  }
}

function both(items: BloomPlan[]): BloomPlan {
  const needed = items
    .flatMap((item) => (item.type === 'and' ? item.items : [item]))
    .filter((item) => item.type !== 'any');
  return needed.length === 0 ? ANY : needed.length === 1 ? needed[0] : { type: 'and', items: needed };
}

function either(items: BloomPlan[]): BloomPlan {
  if (items.length === 0 || items.some((item) => item.type === 'any')) return ANY;
  return items.length === 1 ? items[0] : { type: 'or', items };
}

/** All of these tokens; the longest are kept when there are very many. */
function every(tokens: string[]): BloomPlan {
  const distinct = [...new Set(tokens)].sort((a, b) => b.length - a.length).slice(0, MOST_TOKENS);
  return both(distinct.map((token) => ({ type: 'token', hash: tokenHash(token), token })));
}

/**
 * Tokens that a message holding this text, in any case, must have: those of runs that separators (or Han and Hiragana) close on both
 * sides inside the text. `whole`: the text's ends are closed too. Left out are runs with letters whose upper case the table does
 * not know as a letter, and half-width Katakana, which compose across the text's end.
 */
function closedTokens(text: string, whole: boolean): string[] {
  const source = text.toWellFormed();
  if (/[\uff65-\uff9f]/.test(source)) return [];
  return tokenSpans(source)
    .filter(({ start, end, cut }) => {
      if (cut || !isStable(source.slice(start, end))) return false;
      const single = wordClass(source.codePointAt(start) as number) !== RUN;
      return single || whole || (start > 0 && end < source.length);
    })
    .map(({ token }) => token);
}

/** Each character's cases are word characters of the table, so that the tokenizer sees one run whichever case a message has. */
function isStable(run: string): boolean {
  for (const char of run) {
    if (char < '\x80') continue;
    for (const form of [char.toUpperCase(), char.toLowerCase()]) {
      for (const part of form) if (wordClass(part.codePointAt(0) as number) === SEPARATOR) return false;
    }
  }
  return true;
}

function regexpPlan(need: Need): BloomPlan {
  switch (need.type) {
    case 'any':
      return ANY;
    case 'literal':
      return every(closedTokens(need.text, false));
    case 'and':
      return both(need.items.map(regexpPlan));
    case 'or':
      return either(need.items.map(regexpPlan));
  }
}

/**
 * Key and value stand in the message as they are, between separators, unless it holds escapes: so the tokens, or the mark that
 * `eachTokenHash` leaves for a backslash.
 */
function fieldPlan(field: string, test: FieldTest): BloomPlan {
  if (test.op === 'equals' && test.value === '') return ANY;
  const needed = [...keyTokens(field), ...valueTokens(test)];
  if (needed.length === 0) return ANY;
  return either([every(needed), { type: 'token', hash: tokenHash(ESCAPE_TOKEN), token: ESCAPE_TOKEN }]);
}

function keyTokens(field: string): string[] {
  // A key may have been cut at KEY_LIMIT code points, and then its last token is open.
  return field.length < 100 ? closedTokens(field, true) : [];
}

function valueTokens(test: FieldTest): string[] {
  if (test.op === 'equals') return test.value.length < VALUE_LIMIT ? closedTokens(test.value, true) : [];
  if (test.op !== 'glob') return [];
  return test.parts.flatMap((part, i) => {
    // Only the start of the value closes a part: its end may have been cut at VALUE_LIMIT.
    const lead = i === 0 ? ' ' : '';
    return closedTokens(lead + part, false);
  });
}
