import { createHash } from 'node:crypto';
import { FleetlogError } from '../model/errors.ts';
import type { RecordKey } from '../model/position.ts';
import type { Query } from '../model/query/tree.ts';
import type { Range } from './times.ts';

const VERSION = 1;

/** Where a page ended. It holds no permissions: those are compiled afresh from whoever sends it back. */
export interface Cursor extends Range {
  /** Of the user's tree. */
  hash: string;
  order: 'asc' | 'desc';
  /** Last key of the page; null when time ran out before anything was found. */
  after: RecordKey | null;
}

/** Equal for queries that mean the same however they were spelt; spans and quotes do not count. */
export function treeHash(tree: Query): string {
  const text = JSON.stringify(tree, (key, value: unknown) => (key === 'span' || key === 'quoted' ? undefined : value));
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

export function encodeCursor({ hash, order, from, to, after }: Cursor): string {
  const key = after ? [after.time, after.fid, after.gen, after.offset] : [];
  return Buffer.from(JSON.stringify([VERSION, hash, order, from, to, ...key])).toString('base64url');
}

/** Throws `bad_cursor` for anything `encodeCursor` cannot have made, `cursor_mismatch` for one of another query or order. */
export function decodeCursor(text: string, expected: { hash: string; order?: 'asc' | 'desc' }): Cursor {
  const cursor = read(text);
  if (!cursor) throw new FleetlogError('bad_cursor', undefined, { hint: 'send `next` of the page before, unchanged' });
  if (cursor.hash !== expected.hash || (expected.order !== undefined && cursor.order !== expected.order)) {
    throw new FleetlogError('cursor_mismatch', undefined, {
      hint: 'query, filters and order must stay the same from page to page; begin again without a cursor',
    });
  }
  return cursor;
}

const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function read(text: string): Cursor | null {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || parts[0] !== VERSION || (parts.length !== 5 && parts.length !== 9)) return null;
  const [, hash, order, from, to, time, fid, gen, offset] = parts as unknown[];
  if (typeof hash !== 'string' || (order !== 'asc' && order !== 'desc')) return null;
  if (!whole(from) || !whole(to) || from >= to) return null;
  if (parts.length === 5) return { hash, order, from, to, after: null };
  if (!whole(time) || typeof fid !== 'string' || !/^[0-9a-f]{32}$/.test(fid)) return null;
  if (!whole(gen) || gen > 0x7fffffff || !whole(offset)) return null;
  return { hash, order, from, to, after: { time, fid, gen, offset } };
}
