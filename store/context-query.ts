import { and, fieldEquals, not } from '../model/query/build.ts';
import type { Query } from '../model/query/tree.ts';
import type { LogRecord } from '../model/record.ts';
import type { ContextRequest } from './log-store.ts';

/** Lines of a container's other files this far away (µs) are no context any more. */
export const FAR_FROM_ANCHOR = 7 * 24 * 3_600_000_000;

/** What scope `app` or `host` covers, seen from the anchor. */
export function neighbourhoodOf({ query, scope }: ContextRequest, { source }: LogRecord): Query {
  return scope === 'app'
    ? and(query, fieldEquals('app', source.app), fieldEquals('env', source.env))
    : and(query, fieldEquals('host', source.host));
}

/** Everything the container (or plain file) wrote, lifecycle events apart from lines. */
export function familyOf(request: ContextRequest, anchor: LogRecord): Query {
  const { host, container, path } = anchor.source;
  const event = fieldEquals('stream', 'event');
  return and(
    request.query,
    fieldEquals('host', host),
    container ? fieldEquals('container', container) : fieldEquals('path', path),
    anchor.stream === 'event' ? event : not(event),
  );
}
