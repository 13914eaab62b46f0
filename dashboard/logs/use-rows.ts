import { CancelledError, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { LogsAnswer } from '../../api/contract.ts';
import { type Client, useClient } from '../client/client.tsx';
import { RETRY } from '../client/query-client.ts';
import type { Range } from '../format/range.ts';
import { microseconds } from '../format/time.ts';
import { type Run, runKey, span } from './data.ts';
import type { ItemOptions } from './items.ts';
import { createRowPages, type RowPages, type RowsSnapshot, type Way } from './row-pages.ts';
import type { Order } from './url-state.ts';

/** Where a list begins: at the newest (or oldest) line, at the line a link names, or at the other end of the range. */
export type Start = { line: string } | 'end' | null;

export interface Rows extends RowsSnapshot {
  /** Shown while the next run is read. */
  old: boolean;
  /** Nothing came and nothing is being read: it was stopped. */
  stopped: boolean;
  pages: RowPages;
  loadMore(way: Way): void;
}

/** Lines of a run. The former ones stay until the first of the next are there. */
export function useRows(run: Run, range: Range, order: Order, start: Start, options: ItemOptions): Rows {
  const client = useClient();
  const queries = useQueryClient();
  const startKey = start === null || start === 'end' ? start : start.line;
  const first = useRef(options);
  first.current = options;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another run is another list; the options follow by `show`
  const made = useMemo(() => {
    const key = ['rows', ...runKey(run), range.from, range.to, order, startKey];
    const cut = start === null || start === 'end' ? Promise.resolve(null) : anchorTime(client, start.line, range);
    const read = (way: Way, cursor: string | null, limit: number): Promise<LogsAnswer> =>
      queries.fetchQuery({
        queryKey: [...key, way, cursor],
        ...RETRY,
        // Pages know what they keep; a second copy would hold on to it.
        staleTime: 0,
        gcTime: 0,
        queryFn: async ({ signal }) => {
          const common = { query: run.query, limit, order: way === 'down' ? order : other(order) };
          if (cursor !== null) return client.logs({ ...common, cursor }, signal);
          const at = await cut;
          return client.logs({ ...common, ...span(at === null ? range : half(range, at, order, way)) }, signal);
        },
      });
    const begin =
      start === 'end' ? ({ up: true, start: 'up' } as const) : { up: start !== null, start: 'down' as const };
    return { key, pages: createRowPages(read, begin, first.current) };
  }, [client, queries, run, range.from, range.to, order, startKey]);

  const { pages } = made;
  const now = useSyncExternalStore(pages.subscribe, pages.snapshot);
  const way = start === 'end' ? 'up' : 'down';
  const last = useRef(made);
  useEffect(() => {
    // Nobody waits for the former run any more.
    if (last.current !== made) void queries.cancelQueries({ queryKey: last.current.key });
    last.current = made;
    if (pages.snapshot().answer === null) void pages.more(way);
  }, [made, pages, way, queries]);
  useEffect(() => pages.show(options), [pages, options]);

  const [kept, setKept] = useState<RowsSnapshot | null>(null);
  useEffect(() => {
    if (now.answer !== null) setKept(now);
  }, [now]);
  const waiting = now.answer === null && now.error === null;
  const shown = waiting && kept !== null ? kept : now;
  return {
    ...shown,
    error: now.error instanceof CancelledError ? null : now.error,
    loading: now.loading,
    old: waiting && kept !== null,
    stopped: now.answer === null && now.error instanceof CancelledError,
    pages,
    loadMore: (direction) => void pages.more(direction),
  };
}

const other = (order: Order): Order => (order === 'desc' ? 'asc' : 'desc');

/** The anchor and what follows it on screen, or what stands above it. */
function half(range: Range, cut: number, order: Order, way: Way): Range {
  const older = order === 'desc' ? way === 'down' : way === 'up';
  const edge = order === 'desc' ? cut + 1 : cut;
  return older
    ? { from: range.from, to: Math.max(range.from + 1, edge) }
    : { from: Math.min(edge, range.to - 1), to: range.to };
}

/** A line that is no longer there, or lies outside the range, is no start. */
async function anchorTime(client: Client, id: string, range: Range): Promise<number | null> {
  try {
    const time = microseconds((await client.context({ id, before: 0, after: 0 })).anchor.time);
    return time >= range.from && time < range.to ? time : null;
  } catch {
    return null;
  }
}
