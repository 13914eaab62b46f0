import { compileMatch } from '../../model/query/match.ts';
import { type Need, regexpNeeds } from '../../model/query/regexp-needs.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import { fieldClause } from './translate-fields.ts';
import {
  type Clause,
  either,
  filter,
  MATCH_ALL,
  MATCH_NONE,
  type Needs,
  phraseClause,
  substringCandidates,
  substringClause,
  without,
} from './translate-text.ts';

/** A query as the cluster is asked. No text of a user is ever read as query syntax there. */
export interface Translation {
  /** Matches every record the query matches; the same records when `verify` is null. */
  clause: Clause;
  runtime: Record<string, unknown>;
  /** Tells which of what the clause finds really match; null when all do. */
  verify: ((record: LogRecord) => boolean) | null;
  /** True when messages are looked into one by one: such a search reads as much as its range holds. */
  slow: boolean;
}

/** What the clause of a node promises: all that match and perhaps more, or only what matches and perhaps less. */
type Side = 'all' | 'only';

/** Java's lower case of a whole text, made equal to `lowerText`. */
const CONTAINS = [
  'def r = params._source.rest;',
  'def m = r != null && r.text != null ? r.text : params._source.message;',
  "emit(m.replace('İ', 'i').replace('Σ', 'σ').toLowerCase(Locale.ROOT).contains(params.n));",
].join(' ');

/**
 * Compiles a query tree. `wide` gives prefixes behind other words a clause that every cluster takes and that is verified afterwards;
 * without it they are exact, but refused by the cluster when too many terms begin so.
 */
export function translate(query: Query, wide = false): Translation {
  const runtime: Record<string, unknown> = {};
  const needles = new Map<string, string>();
  let exact = true;
  const needs: Needs = {
    contains(needle) {
      let name = needles.get(needle);
      if (name === undefined) {
        name = `contains_${needles.size}`;
        needles.set(needle, name);
        runtime[name] = { type: 'boolean', script: { source: CONTAINS, params: { n: needle } } };
      }
      return name;
    },
  };

  function compile(node: Query, side: Side): Clause {
    switch (node.type) {
      case 'all':
        return MATCH_ALL;
      case 'and':
        return node.items.length === 0 ? MATCH_ALL : filter(node.items.map((item) => compile(item, side)));
      case 'or':
        return node.items.length === 0 ? MATCH_NONE : either(node.items.map((item) => compile(item, side)));
      case 'not':
        return without(compile(node.item, side === 'all' ? 'only' : 'all'));
      case 'phrase': {
        const text = phraseClause(node.text, node.prefix, wide, needs);
        if (text.exact) return text.clause;
        exact = false;
        return side === 'all' ? text.clause : MATCH_NONE;
      }
      case 'substring':
        return substringClause(node.text, needs);
      case 'regexp':
        exact = false;
        return side === 'all' ? regexpCandidates(regexpNeeds(node.pattern)) : MATCH_NONE;
      case 'field':
        return fieldClause(node.field, node.test);
    }
  }

  const clause = compile(query, 'all');
  // Checks the patterns as well: a wrong one is `bad_query`, wherever it stands.
  const match = exact ? null : compileMatch(query);
  return { clause, runtime, verify: match, slow: needles.size > 0 || !exact };
}

/** What every message must have by its tokens to match. `ſ` counts as `s` there, and no prefilter knows that. */
function regexpCandidates(need: Need): Clause {
  switch (need.type) {
    case 'any':
      return MATCH_ALL;
    case 'literal':
      return literalCandidates(need.text);
    case 'and':
      return filter(need.items.map(regexpCandidates));
    case 'or':
      return either(need.items.map(regexpCandidates));
  }
}

function literalCandidates(text: string): Clause {
  const candidates = substringCandidates(text);
  if (candidates === null) return MATCH_ALL;
  return text.includes('s') ? either([candidates, LONG_S]) : candidates;
}

const LONG_S: Clause = { wildcard: { message: { value: '*ſ*' } } };
