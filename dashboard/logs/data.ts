import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { FacetsAnswer, HistogramAnswer } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import type { Range } from '../format/range.ts';
import { isoTime } from '../format/time.ts';
import { type EventMark, eventFilter, MARK_TYPES, readMarks } from './event-marks.ts';
import { periodBefore, pickInterval } from './histogram-model.ts';
import { withoutField } from './query-edit.ts';
import { readQueryText } from './query-text.ts';
import type { Group } from './url-state.ts';

/** One run of the page: a query over a resolved range. A new `at` is a new run even when all else is equal. */
export interface Run {
  query: string;
  range: Range;
  at: number;
}

export const FACET_FIELDS = ['level', 'app', 'env', 'host', 'instance', 'container'] as const;
const FACET_SIZE = 200;
/** Marks beyond this many are no marks any more but a pattern of its own. */
export const MOST_EVENTS = 1000;

export const runKey = (run: Run) => [run.query, run.range.from, run.range.to, run.at] as const;
export const span = (range: Range) => ({ from: isoTime(range.from), to: isoTime(range.to) });

export function useHistogram(run: Run, bars: number, by: Group = 'level', enabled = true) {
  const client = useClient();
  const interval = pickInterval(run.range, bars);
  return useQuery({
    queryKey: ['histogram', ...runKey(run), interval, by],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<{ answer: HistogramAnswer; by: Group }> => ({
      answer: await client.histogram({ query: run.query, ...span(run.range), interval, by }, signal),
      by,
    }),
  });
}

/** Lines of the period before, in the same bars. */
export function useGhost(run: Run, bars: number, enabled: boolean) {
  const client = useClient();
  const interval = pickInterval(run.range, bars);
  const range = periodBefore(run.range, interval);
  return useQuery({
    queryKey: ['histogram', 'before', ...runKey(run), interval],
    enabled,
    queryFn: ({ signal }) => client.histogram({ query: run.query, ...span(range), interval }, signal),
  });
}

/** What happened to the containers the query speaks of, in order of time. A page without them is still a page: errors give none. */
export function useMarks(run: Run, enabled = true): EventMark[] {
  const client = useClient();
  const filter = useMemo(() => eventFilter(run.query), [run.query]);
  const asked = useQuery({
    queryKey: ['events', filter, run.range.from, run.range.to, run.at],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await client.events({ ...filter, type: [...MARK_TYPES], ...span(run.range), limit: MOST_EVENTS }, signal)).items,
  });
  return useMemo(() => readMarks(asked.data ?? []), [asked.data]);
}

export interface FacetView {
  values: Record<string, FacetsAnswer['facets'][string] | undefined>;
  old: boolean;
  error: unknown;
}

/** Values per field. A field the query already narrows is counted without its own clause, so that others can still be added. */
export function useFacets(run: Run, range: Range, fields: readonly string[], enabled: boolean): FacetView {
  const client = useClient();
  const asks = useMemo(() => facetAsks(run.query, fields), [run.query, fields]);
  const answers = useQueries({
    queries: asks.map((ask) => ({
      queryKey: ['facets', ask.query, ask.fields, range.from, range.to, run.at],
      enabled,
      placeholderData: keepPreviousData,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        client.facets({ query: ask.query, ...span(range), fields: ask.fields.join(','), size: FACET_SIZE }, signal),
    })),
  });
  const values: FacetView['values'] = {};
  for (const [index, ask] of asks.entries())
    for (const field of ask.fields) values[field] = answers[index].data?.facets[field];
  return {
    values,
    old: answers.some((answer) => answer.isPlaceholderData),
    error: answers.find((answer) => answer.error !== null)?.error ?? null,
  };
}

/** Fields of lines are asked apart: counting them reads the lines, and the others need not wait for that. */
function facetAsks(query: string, fields: readonly string[]): { query: string; fields: string[] }[] {
  const { clauses, mixed } = readQueryText(query);
  const narrowed = mixed ? [] : fields.filter((field) => clauses.some((clause) => clause.field === field));
  const rest = fields.filter((field) => !narrowed.includes(field));
  const cheap = rest.filter((field) => (FACET_FIELDS as readonly string[]).includes(field));
  const found = rest.filter((field) => !cheap.includes(field));
  const asks = narrowed.map((field) => ({ query: withoutField(query, field), fields: [field] }));
  return [{ query, fields: cheap }, { query, fields: found }, ...asks].filter((ask) => ask.fields.length > 0);
}
