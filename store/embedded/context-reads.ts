import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import { FAR_FROM_ANCHOR, familyOf, neighbourhoodOf } from '../context-query.ts';
import type { ContextRequest, ContextResult } from '../log-store.ts';
import { makeRecords } from './merge-records.ts';
import type { RecordReads, TopRequest } from './record-reads.ts';

const HOUR_US = 3_600_000_000;
/** Half widths in which neighbours of a file are looked for, one after the other; the last takes all. */
const SPANS = [HOUR_US, 25 * HOUR_US, Number.POSITIVE_INFINITY];

/**
 * Records around one. Scope `source` goes by place in the file, which is how the program wrote them, and fills up from the
 * container's other files (rotated ones, other generations) by time; the other scopes go by time.
 */
export async function readContext(reads: RecordReads, request: ContextRequest): Promise<ContextResult | null> {
  const { key, query } = request;
  const anchor = await reads.get(key, query, request);
  if (!anchor) return null;
  return request.scope === 'source' ? aroundInSource(reads, request, anchor) : aroundInTime(reads, request, anchor);
}

async function aroundInTime(reads: RecordReads, request: ContextRequest, anchor: LogRecord): Promise<ContextResult> {
  const query = neighbourhoodOf(request, anchor);
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const side = (order: 'asc' | 'desc', limit: number): Promise<LogRecord[]> =>
    take(reads, { ...all, ...limits(request), query, order, limit, after: anchor });
  const [before, after] = await Promise.all([side('desc', request.before), side('asc', request.after)]);
  return { before: before.reverse(), anchor, after };
}

async function aroundInSource(reads: RecordReads, request: ContextRequest, anchor: LogRecord): Promise<ContextResult> {
  const query = familyOf(request, anchor);
  const [before, after] = await Promise.all([
    sideInSource(reads, request, anchor, query, 'desc', request.before),
    sideInSource(reads, request, anchor, query, 'asc', request.after),
  ]);
  return { before: before.reverse(), anchor, after };
}

/** Up to `limit` neighbours on one side, the nearest first. */
async function sideInSource(
  reads: RecordReads,
  request: ContextRequest,
  anchor: LogRecord,
  query: Query,
  order: 'asc' | 'desc',
  limit: number,
): Promise<LogRecord[]> {
  const { fid, gen, offset, time } = anchor;
  const place = order === 'desc' ? { from: 0, to: offset } : { from: offset + 1, to: Number.MAX_SAFE_INTEGER };
  let found: LogRecord[] = [];
  for (const half of SPANS) {
    const range = { from: Math.max(0, time - half), to: Math.min(Number.MAX_SAFE_INTEGER, time + half + 1) };
    const file = { fid, gen, ...place };
    found = await take(reads, { ...range, ...limits(request), query, order, limit, file, by: 'offset' });
    if (found.length >= limit) return found;
  }
  const edge = found[found.length - 1] ?? anchor;
  const rest = await take(reads, {
    from: order === 'desc' ? Math.max(0, edge.time - FAR_FROM_ANCHOR) : edge.time,
    to: order === 'desc' ? edge.time + 1 : edge.time + FAR_FROM_ANCHOR,
    ...limits(request),
    query,
    order,
    limit: limit - found.length,
    after: edge,
    notFile: { fid, gen },
  });
  return [...found, ...rest];
}

async function take(reads: RecordReads, request: TopRequest): Promise<LogRecord[]> {
  if (request.limit <= 0) return [];
  const { found } = await reads.top(request);
  return makeRecords(found, 0, found.length);
}

function limits(request: ContextRequest): { signal?: AbortSignal; timeoutMs?: number } {
  return { signal: request.signal, timeoutMs: request.timeoutMs };
}
