import type { UseQueryResult } from '@tanstack/react-query';
import { type RefObject, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { type Client, useClient } from '../client/client.tsx';
import { useKeys } from '../shell/keys.ts';
import { type ChangeList, type ListOffers, type ListUrl, useListUrl } from './list-url.ts';
import { useFleetList } from './use-list.ts';

/** What a page with a list above all others needs: what is asked for, the answer, and whether rows must stay where they are. */
export interface ListState<T> {
  url: ListUrl;
  change: ChangeList;
  /** What stands in the field above the list. */
  filter: string;
  /** What the rows are filtered by: the same, as soon as there is time for it. */
  wanted: string;
  field: RefObject<HTMLInputElement | null>;
  asked: UseQueryResult<T[]>;
  /** µs of the answer: ages are those of it, so rows are drawn anew when it comes, not with every key. */
  now: number;
  /** Somebody points at a row, or has the focus in one. */
  held: boolean;
  /** Changes with what the reader asked for: the order may then change under the pointer. */
  basis: string;
  onFilter(text: string): void;
  onHold(held: boolean): void;
  /** Takes the order of now, also under the pointer. */
  onOrder(): void;
  onOpen(key: string | null): void;
  onSort(sort: string, desc: boolean): void;
  /** Another filter than what is typed, with what else changes. */
  show(part: Partial<ListUrl> & { filter: string }): void;
}

/** `offers` is the same object each time. */
export function useListPage<T>(
  name: string,
  offers: ListOffers,
  ask: (client: Client) => (signal: AbortSignal) => Promise<T[]>,
): ListState<T> {
  const client = useClient();
  const [url, change, type] = useListUrl(offers);
  const [filter, setFilter] = useState(url.filter);
  useEffect(() => setFilter(url.filter), [url.filter]);
  const [held, onHold] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const asked = useFleetList(name, ask(client));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock is read when an answer comes
  const now = useMemo(() => client.nowUs(), [client, asked.dataUpdatedAt]);
  const wanted = useDeferredValue(filter);
  const [again, setAgain] = useState(0);
  const basis = JSON.stringify([wanted, url.picks, url.by, url.sort, url.desc, again]);
  const onFilter = useCallback(
    (text: string) => {
      setFilter(text);
      type(text);
    },
    [type],
  );
  const onOpen = useCallback((key: string | null) => change({ open: key }, 'replace'), [change]);
  const onSort = useCallback((sort: string, desc: boolean) => change({ sort, desc }, 'push'), [change]);
  const show = useCallback<ListState<T>['show']>(
    (part) => {
      setFilter(part.filter);
      change(part, 'push');
    },
    [change],
  );
  useKeys({
    '/': () => field.current?.focus(),
    r: () => void asked.refetch(),
  });
  const onOrder = () => setAgain(again + 1);
  return {
    url,
    change,
    filter,
    wanted,
    field,
    asked,
    now,
    held,
    basis,
    onFilter,
    onHold,
    onOrder,
    onOpen,
    onSort,
    show,
  };
}
