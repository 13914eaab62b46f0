import { isWordBefore } from '../../model/query/syntax.ts';
import { lowerText, tokenize, tokenSpans } from '../../model/query/tokenize.ts';
import { RUN, SEPARATOR, wordClass } from '../../model/unicode-words.ts';

/** A clause of the query DSL. */
export type Clause = Record<string, unknown>;

/** What the clauses of one search share: runtime fields that look into messages. */
export interface Needs {
  /** The runtime field that is true for messages which contain the needle (`lowerText` of what is looked for). */
  contains(needle: string): string;
}

export const MATCH_ALL: Clause = { match_all: {} };
export const MATCH_NONE: Clause = { match_none: {} };

export const filter = (clauses: Clause[]): Clause =>
  clauses.length === 1 ? clauses[0] : { bool: { filter: clauses } };
export const either = (clauses: Clause[]): Clause =>
  clauses.length === 1 ? clauses[0] : { bool: { should: clauses, minimum_should_match: 1 } };
export const without = (clause: Clause): Clause => ({ bool: { must_not: [clause] } });
export const term = (field: string, value: unknown): Clause => ({ term: { [field]: value } });

/** Longest word of the cluster's `whitespace` analyser, UTF-16 units. */
const LONGEST_WORD = 255;

/**
 * Tokens adjacent and in order. They come as words for the node's own `whitespace` analyser: analysed by that of each index, a phrase
 * would build the tokenizer of every index for every thread, 16 MB of heap an index.
 */
function adjacent(tokens: string[]): Clause {
  if (tokens.length === 1) return term('message', tokens[0]);
  if (tokens.every((token) => token.length <= LONGEST_WORD))
    return { match_phrase: { message: { query: tokens.join(' '), analyzer: 'whitespace' } } };
  return {
    span_near: { clauses: tokens.map((token) => ({ span_term: { message: token } })), slop: 0, in_order: true },
  };
}

export interface TextClause {
  clause: Clause;
  /** Every match of the text matches the clause; false where the clause matches more. */
  exact: boolean;
}

/**
 * A phrase; `wide` asks for a clause that is cheap whatever the prefix is and may match more. One token by prefix is always exact;
 * behind others it is an interval of all terms with that prefix, which the cluster refuses when they are too many.
 */
export function phraseClause(text: string, byPrefix: boolean, wide: boolean, needs: Needs): TextClause {
  const source = text.toWellFormed();
  const tokens = tokenize(source);
  if (tokens.length === 0) return { clause: substringClause(source, needs), exact: true };
  // `order-*` asks for the word before the dash, not for words that begin with it.
  if (!byPrefix || !isWordBefore(source, source.length)) return { clause: adjacent(tokens), exact: true };
  const last = tokens[tokens.length - 1];
  const prefix: Clause = { prefix: { message: { value: last } } };
  if (tokens.length === 1) return { clause: prefix, exact: true };
  if (wide) return { clause: filter([adjacent(tokens.slice(0, -1)), prefix]), exact: false };
  const words = tokens.slice(0, -1).map((token) => ({ match: { query: token, analyzer: 'keyword' } }));
  const ending = { prefix: { prefix: last, analyzer: 'keyword' } };
  const intervals = [...words, ending];
  return {
    clause: { intervals: { message: { all_of: { intervals, ordered: true, max_gaps: 0 } } } },
    exact: true,
  };
}

/** A literal substring, case-insensitive: candidates by tokens, then a look into each message. */
export function substringClause(text: string, needs: Needs): Clause {
  const source = text.toWellFormed();
  const needle = lowerText(source);
  if (needle === '') return MATCH_ALL;
  const look = term(needs.contains(needle), true);
  const candidates = substringCandidates(source);
  return candidates === null ? look : filter([candidates, look]);
}

/** What every message with that text in it has by its tokens, in any case; null when nothing can be promised. */
export function substringCandidates(text: string): Clause | null {
  // Half-width Katakana composes with what stands beside it.
  if (/[\uff65-\uff9f]/.test(text)) return null;
  const clauses: Clause[] = [];
  let closed: string[] = [];
  const flush = (): void => {
    if (closed.length > 0) clauses.push(adjacent(closed));
    closed = [];
  };
  for (const { token, start, end } of tokenSpans(text)) {
    const raw = text.slice(start, end);
    const single = wordClass(text.codePointAt(start) as number) !== RUN;
    const stable = isStable(raw);
    const openLeft = !single && start === 0;
    const openRight = !single && end === text.length;
    if (stable && !openLeft && !openRight) {
      closed.push(token);
      continue;
    }
    flush();
    if (!stable) continue;
    const known = openRight ? withoutComposing(token) : token;
    if (known === '') continue;
    if (openLeft)
      clauses.push({ wildcard: { message: { value: `*${escapeWildcard(known)}${openRight ? '*' : ''}` } } });
    else clauses.push({ prefix: { message: { value: known } } });
  }
  flush();
  if (clauses.length === 0) return null;
  // Where the tokenizer cut a run, tokens tell nothing.
  return either([filter(clauses), term('cut', true)]);
}

/** Each character's cases are word characters of the table, so that the tokenizer sees one run whichever case a message has. */
function isStable(run: string): boolean {
  for (const char of run) {
    if (char < '\x80') continue;
    for (const form of [char.toUpperCase(), char.toLowerCase()])
      for (const part of form) if (wordClass(part.codePointAt(0) as number) === SEPARATOR) return false;
  }
  return true;
}

/** A kana that a half-width sound mark behind it would change is no part of what is known. */
function withoutComposing(token: string): string {
  return /[ウヽワヰヱヲカキクケコサシスセソタチツテトハヒフヘホ]$/.test(token) ? token.slice(0, -1) : token;
}

export function escapeWildcard(text: string): string {
  return text.replace(/[\\*?]/g, '\\$&');
}
