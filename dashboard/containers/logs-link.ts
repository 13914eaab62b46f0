import type { ApiContainer } from '../../api/contract.ts';
import { isoTime, microseconds } from '../format/time.ts';
import type { WriteClause } from '../logs/query-edit.ts';

/** Before and after the end of a container that its link shows, µs: what led to it, and its events, which come a moment later. */
const BEFORE_US = 15 * 60e6;
const AFTER_US = 60e6;
/** The Logs page shows the last hour by itself. */
const USUAL_US = 3600e6;
/** Of a container's id: as many as `container:` needs. */
const ID_DIGITS = 12;

/** The Logs page with the lines of one container: around its end when it is dead, around its last line when it has been silent. */
export function logsLink(one: ApiContainer, write: WriteClause, nowUs: number): string {
  const clauses = [write('app', one.app), write('env', one.env), write('instance', one.instance)];
  // A name or number is used again by the next one; the id is not.
  if (one.container !== '') clauses.push(write('container', one.container.slice(0, ID_DIGITS)));
  else clauses.push(write('host', one.host));
  const search = new URLSearchParams({ query: clauses.join(' ') });
  const range = rangeOf(one, nowUs);
  if (range !== null) {
    search.set('from', isoTime(range.from));
    search.set('to', isoTime(range.to));
  }
  return `/logs?${search}`;
}

function rangeOf(one: ApiContainer, nowUs: number): { from: number; to: number } | null {
  const last = one.lastLineAt === null ? null : microseconds(one.lastLineAt);
  const dead = one.state === 'exited' || one.state === 'removed';
  const end = dead && one.finishedAt !== null ? microseconds(one.finishedAt) : null;
  if (end === null) {
    if (last === null || (!dead && nowUs - last < USUAL_US)) return null;
    return { from: last - BEFORE_US, to: last + AFTER_US };
  }
  // Who was silent long before it ended shows its last lines too.
  const first = last === null ? end : Math.min(end, last);
  return { from: first - BEFORE_US, to: Math.max(end, last ?? end) + AFTER_US };
}
