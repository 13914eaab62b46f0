import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import { FAR_FROM_ANCHOR, familyOf, neighbourhoodOf } from '../context-query.ts';
import type { ContextRequest, ContextResult } from '../log-store.ts';
import { type Limits, limitsOf, translated } from './reading.ts';
import type { RecordReads, TakeRequest } from './record-reads.ts';
import { type Clause, term, without } from './translate-text.ts';

const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };

/**
 * Records around one. Scope `source` goes by place in the file, which is how the program wrote them, and fills up from the
 * container's other files (rotated ones, other generations) by time; the other scopes go by time.
 */
export async function readContext(reads: RecordReads, request: ContextRequest): Promise<ContextResult | null> {
  const limits = limitsOf(request);
  const anchor = await reads.get(request.key, request.query, limits);
  if (!anchor) return null;
  if (request.scope === 'source') return aroundInFile(reads, request, anchor, limits);
  const query = neighbourhoodOf(request, anchor);
  const side = (order: 'asc' | 'desc', limit: number): Promise<LogRecord[]> =>
    take(reads, query, { ...ALWAYS, order, limit, after: anchor }, limits);
  const [before, after] = await Promise.all([side('desc', request.before), side('asc', request.after)]);
  return { before: before.reverse(), anchor, after };
}

async function aroundInFile(
  reads: RecordReads,
  request: ContextRequest,
  anchor: LogRecord,
  limits: Limits,
): Promise<ContextResult> {
  const query = familyOf(request, anchor);
  const { fid, gen, offset } = anchor;
  const file = [term('fid', fid), term('gen', gen)];

  /** Up to `limit` neighbours on one side, the nearest first. */
  async function side(order: 'asc' | 'desc', limit: number): Promise<LogRecord[]> {
    const place = { range: { offset: order === 'desc' ? { lt: offset } : { gt: offset } } };
    const found = await take(
      reads,
      query,
      { ...ALWAYS, order, limit, by: 'offset', clauses: [...file, place] },
      limits,
    );
    if (found.length >= limit) return found;
    const edge = found[found.length - 1] ?? anchor;
    const range =
      order === 'desc'
        ? { from: Math.max(0, edge.time - FAR_FROM_ANCHOR), to: edge.time + 1 }
        : { from: edge.time, to: edge.time + FAR_FROM_ANCHOR };
    const others = {
      ...range,
      order,
      limit: limit - found.length,
      after: edge,
      clauses: [without({ bool: { filter: file } })],
    };
    return [...found, ...(await take(reads, query, others, limits))];
  }

  const [before, after] = await Promise.all([side('desc', request.before), side('asc', request.after)]);
  return { before: before.reverse(), anchor, after };
}

type Side = Omit<TakeRequest, 'translation'> & { clauses?: Clause[] };

async function take(reads: RecordReads, query: Query, request: Side, limits: Limits): Promise<LogRecord[]> {
  if (request.limit <= 0) return [];
  return translated(query, async (translation) => (await reads.take({ ...request, translation }, limits)).records);
}
