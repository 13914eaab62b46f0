import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import type { Scope } from './url-state.ts';

export const CONTEXT_STEP = 50;

interface ContextPage {
  records: ApiRecord[];
  /** Place of the anchor in the page, −1 when it is not in it. */
  anchor: number;
  /** Fewer lines came than were asked for: there are no more that way. */
  atStart: boolean;
  atEnd: boolean;
}
type Ask = { id: string; before: number; after: number };

export interface ContextLines {
  records: ApiRecord[];
  /** Index of the anchor in `records`, −1 before the first answer. */
  anchor: number;
}

/** The lines around one, unfiltered, in file order, 50 more at a time both ways. */
export function useContextLines(id: string, scope: Scope) {
  const client = useClient();
  const query = useInfiniteQuery({
    queryKey: ['context', id, scope],
    initialPageParam: { id, before: CONTEXT_STEP, after: CONTEXT_STEP } as Ask,
    queryFn: async ({ pageParam, signal }): Promise<ContextPage> => {
      const got = await client.context({ ...pageParam, scope }, signal);
      const first = pageParam.id === id && pageParam.before > 0 && pageParam.after > 0;
      return {
        records: first ? [...got.before, got.anchor, ...got.after] : [...got.before, ...got.after],
        anchor: first ? got.before.length : -1,
        atStart: pageParam.before > 0 && got.before.length < pageParam.before,
        atEnd: pageParam.after > 0 && got.after.length < pageParam.after,
      };
    },
    getPreviousPageParam: (page: ContextPage): Ask | undefined =>
      page.atStart || page.records.length === 0
        ? undefined
        : { id: page.records[0].id, before: CONTEXT_STEP, after: 0 },
    getNextPageParam: (page: ContextPage): Ask | undefined =>
      page.atEnd || page.records.length === 0
        ? undefined
        : { id: page.records.at(-1)!.id, before: 0, after: CONTEXT_STEP },
  });
  const lines = useMemo<ContextLines>(() => {
    const records: ApiRecord[] = [];
    let anchor = -1;
    for (const page of query.data?.pages ?? []) {
      if (page.anchor >= 0) anchor = records.length + page.anchor;
      records.push(...page.records);
    }
    return { records, anchor };
  }, [query.data]);
  return { query, lines };
}
