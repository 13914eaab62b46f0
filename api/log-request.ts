import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { isCode } from '../model/errors.ts';
import { and } from '../model/query/build.ts';
import { withoutEvents } from '../model/query/defaults.ts';
import { mendQuery, parseQuery } from '../model/query/parse.ts';
import type { Query } from '../model/query/tree.ts';
import type { Principal } from './auth/principal.ts';
import { type Filters, filterQueries } from './filters.ts';
import { scopeQuery } from './scope.ts';
import { parseRange, type Range } from './times.ts';

/** Longer texts are no line somebody pasted. */
const MENDABLE = 2_000;

/** What a log route was asked, resolved. */
export interface LogRequest {
  text: string;
  /** The text's tree alone. */
  parsed: Query;
  hints: ReturnType<typeof parseQuery>['hints'];
  /** Text, filters, and what a plain search leaves out; the same for every caller. */
  asked: Query;
  /** `asked` under the caller's scope: what stores get. */
  tree: Query;
}

export function resolveQuery(request: Filters & { query?: string }, principal: Principal): LogRequest {
  const text = request.query ?? '';
  const { query: parsed, hints } = parse(text);
  const asked = and(withoutEvents(parsed), ...filterQueries(request));
  return { text, parsed, hints, asked, tree: and(scopeQuery(principal), asked) };
}

export function resolveRange(request: { from?: string; to?: string }, clock: Clock, config: Config): Range {
  return parseRange(request, clock.nowUs(), config.query);
}

/** A text that cannot be read as a query can still be searched for as it stands. */
function parse(text: string): ReturnType<typeof parseQuery> {
  try {
    return parseQuery(text);
  } catch (error) {
    if (isCode(error, 'bad_query') && text.length <= MENDABLE)
      throw Object.assign(error, { action: { label: 'search as text', query: mendQuery(text) } });
    throw error;
  }
}
