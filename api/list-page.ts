import { createHash } from 'node:crypto';
import { FleetlogError } from '../model/errors.ts';
import type { ApiNote } from './contract.ts';

export const DEFAULT_LIMIT = 200;

/** `limit` of a request, or the default. Throws `limit_too_large`. */
export function resolveLimit(limit: number | undefined, maxRows: number): number {
  if (limit === undefined) return Math.min(DEFAULT_LIMIT, maxRows);
  if (limit > maxRows)
    throw new FleetlogError('limit_too_large', undefined, {
      hint: `at most ${maxRows} (query.maxRows); go on with \`next\``,
    });
  return limit;
}

/**
 * One page of a list that was made whole, ordered by `key`. The cursor names the last key, so that entries that come or go
 * between pages move nothing; `filters` are what may not change from page to page.
 */
export function pageOf<T>(
  items: T[],
  key: (item: T) => string,
  request: { limit?: number; cursor?: string; maxRows: number; filters: unknown },
): { items: T[]; next: string | null; notes: ApiNote[] } {
  const limit = resolveLimit(request.limit, request.maxRows);
  const hash = createHash('sha256').update(JSON.stringify(request.filters)).digest('base64url').slice(0, 16);
  const after = request.cursor === undefined ? null : readCursor(request.cursor, hash);
  const keyed = items
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const rest = after === null ? keyed : keyed.filter((entry) => entry.key > after);
  const page = rest.slice(0, limit);
  const more = rest.length > limit;
  return {
    items: page.map((entry) => entry.item),
    next: more ? Buffer.from(JSON.stringify([hash, page[limit - 1].key])).toString('base64url') : null,
    notes: more ? [{ code: 'limit_reached', limit }] : [],
  };
}

function readCursor(text: string, hash: string): string {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    parts = null;
  }
  if (!Array.isArray(parts) || typeof parts[0] !== 'string' || typeof parts[1] !== 'string')
    throw new FleetlogError('bad_cursor', undefined, { hint: 'send `next` of the page before, unchanged' });
  if (parts[0] !== hash)
    throw new FleetlogError('cursor_mismatch', undefined, { hint: 'filters must stay the same from page to page' });
  return parts[1];
}
