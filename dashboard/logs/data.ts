import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ApiRecord, FacetsAnswer, LogsAnswer } from '../../api/contract.ts';
import { type Client, useClient } from '../client/client.tsx';
import type { Range } from '../format/range.ts';
import { isoTime, microseconds } from '../format/time.ts';
import { pickInterval } from './histogram-model.ts';
import { withoutField } from './query-edit.ts';
import { readQueryText } from './query-text.ts';
import type { Order } from './url-state.ts';

/** One run of the page: a query over a resolved range. A new `at` is a new run even when all else is equal. */
export interface Run {
  query: string;
  range: Range;
  at: number;
}

export const FACET_FIELDS = ['level', 'app', 'env', 'host', 'instance'] as const;
export type FacetField = (typeof FACET_FIELDS)[number];
const FACET_SIZE = 200;
const PAGE_ROWS = 200;

/** `down` follows the order on screen by cursor; `up` reads the other way from where a link began. */
type PageParam = { way: 'down' | 'up'; cursor?: string };
export interface LogPage extends LogsAnswer {
  way: 'down' | 'up';
}

const runKey = (run: Run) => [run.query, run.range.from, run.range.to, run.at] as const;
const span = (range: Range) => ({ from: isoTime(range.from), to: isoTime(range.to) });

/**
 * Rows of a run, page by page by cursor. With `anchor` (the line a link names) the first page starts at that line and newer ones can be
 * read upwards; an anchor that is no longer there is ignored.
 */
export function useRows(run: Run, range: Range, order: Order, anchor: string | null, enabled: boolean) {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: ['rows', ...runKey(run), range.from, range.to, order, anchor],
    enabled,
    initialPageParam: { way: 'down' } as PageParam,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => readPage(client, { run, range, order, anchor }, pageParam, signal),
    getNextPageParam: (page: LogPage, pages: LogPage[]): PageParam | undefined => {
      const last = pages.findLast((one) => one.way === 'down') ?? page;
      return last.next === null ? undefined : { way: 'down', cursor: last.next };
    },
    getPreviousPageParam: (_: LogPage, pages: LogPage[]): PageParam | undefined => {
      if (anchor === null) return undefined;
      const first = pages.find((one) => one.way === 'up');
      if (first === undefined) return { way: 'up' };
      return first.next === null ? undefined : { way: 'up', cursor: first.next };
    },
  });
}

async function readPage(
  client: Client,
  what: { run: Run; range: Range; order: Order; anchor: string | null },
  param: PageParam,
  signal: AbortSignal,
): Promise<LogPage> {
  const { run, range, order } = what;
  const down = param.way === 'down';
  const way = down ? order : order === 'desc' ? 'asc' : 'desc';
  const common = { query: run.query, limit: PAGE_ROWS, order: way } as const;
  if (param.cursor !== undefined)
    return { ...(await client.logs({ ...common, cursor: param.cursor }, signal)), way: param.way };
  const cut = what.anchor === null ? null : await anchorTime(client, what.anchor, range, signal);
  const part = cut === null ? range : halfRange(range, cut, order, down);
  return { ...(await client.logs({ ...common, ...span(part) }, signal)), way: param.way };
}

/** The anchor and what follows it on screen, or what stands above it. */
function halfRange(range: Range, cut: number, order: Order, down: boolean): Range {
  const older = order === 'desc' ? down : !down;
  const edge = order === 'desc' ? cut + 1 : cut;
  return older
    ? { from: range.from, to: Math.max(range.from + 1, edge) }
    : { from: Math.min(edge, range.to - 1), to: range.to };
}

async function anchorTime(client: Client, id: string, range: Range, signal: AbortSignal): Promise<number | null> {
  try {
    const time = microseconds((await client.context({ id, before: 0, after: 0 }, signal)).anchor.time);
    return time >= range.from && time < range.to ? time : null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}

/** Rows of all pages in screen order, and the answer that speaks for the whole (its notes, gaps, watermark). */
export function useJoined(pages: LogPage[] | undefined): {
  records: ApiRecord[];
  answer: LogsAnswer | null;
  tookMs: number;
  bytesRead: number;
} {
  return useMemo(() => {
    const list = pages ?? [];
    // Pages read upwards come first in the list already, newest page on top; their rows run the other way.
    const records = list.flatMap((page) => (page.way === 'up' ? page.records.toReversed() : page.records));
    return {
      records,
      answer: list.find((page) => page.way === 'down') ?? null,
      tookMs: list.reduce((sum, page) => sum + page.stats.tookMs, 0),
      bytesRead: list.reduce((sum, page) => sum + page.stats.bytesRead, 0),
    };
  }, [pages]);
}

export function useHistogram(run: Run, bars: number, enabled = true) {
  const client = useClient();
  const interval = pickInterval(run.range, bars);
  return useQuery({
    queryKey: ['histogram', ...runKey(run), interval],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => client.histogram({ query: run.query, ...span(run.range), interval, by: 'level' }, signal),
  });
}

export interface FacetView {
  values: Partial<Record<FacetField, FacetsAnswer['facets'][string]>>;
  old: boolean;
  error: unknown;
}

/** Values per field. A field the query already narrows is counted without its own clause, so that others can still be added. */
export function useFacets(run: Run, range: Range, enabled: boolean): FacetView {
  const client = useClient();
  const asks = useMemo(() => facetAsks(run.query), [run.query]);
  const answers = useQueries({
    queries: asks.map((ask) => ({
      queryKey: ['facets', ask.query, ask.fields, range.from, range.to, run.at],
      enabled,
      placeholderData: keepPreviousData,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        client.facets({ query: ask.query, ...span(range), fields: ask.fields, size: FACET_SIZE }, signal),
    })),
  });
  const values: FacetView['values'] = {};
  for (const [index, ask] of asks.entries()) {
    for (const field of ask.fields.split(',')) {
      const found = answers[index].data?.facets[field];
      if (found !== undefined) values[field as FacetField] = found;
    }
  }
  return {
    values,
    old: answers.some((answer) => answer.isPlaceholderData),
    error: answers.find((answer) => answer.error !== null)?.error ?? null,
  };
}

function facetAsks(query: string): { query: string; fields: string }[] {
  const { clauses, mixed } = readQueryText(query);
  const narrowed = mixed ? [] : FACET_FIELDS.filter((field) => clauses.some((clause) => clause.field === field));
  const rest = FACET_FIELDS.filter((field) => !narrowed.includes(field));
  const asks = narrowed.map((field) => ({ query: withoutField(query, field), fields: field as string }));
  return rest.length === 0 ? asks : [{ query, fields: rest.join(',') }, ...asks];
}
