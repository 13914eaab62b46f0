import { and, fieldEquals, not } from './build.ts';
import { fieldsIn } from './fields-in.ts';
import type { Query } from './tree.ts';

/** What a plain search means: lifecycle events are left out unless the query speaks of `stream` itself. */
export function withoutEvents(query: Query): Query {
  return fieldsIn(query).includes('stream') ? query : and(query, not(fieldEquals('stream', 'event')));
}
