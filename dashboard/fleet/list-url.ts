import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useLocation, useSearch } from 'wouter';

/** All a link to a list holds. */
export interface ListUrl {
  /** What is typed into the filter. */
  filter: string;
  /** Pressed chips; rows of any of them are shown, none means all. */
  picks: readonly string[];
  sort: string;
  desc: boolean;
  /** Key of the open row. */
  open: string | null;
  /** What a row stands for. */
  by: string;
}

/** What a list offers; the first of `sorts` and `groups` is the default. */
export interface ListOffers {
  picks: readonly string[];
  /** Columns, with whether the large values come first when one is chosen. */
  sorts: readonly { id: string; desc: boolean }[];
  groups: readonly string[];
}

/** Search part of an address → state; what is missing or unknown is the default. */
export function readListUrl(search: string, offers: ListOffers): ListUrl {
  const got = new URLSearchParams(search);
  const sort = offers.sorts.find(({ id }) => id === got.get('sort')) ?? offers.sorts[0];
  const direction = got.get('dir');
  return {
    filter: got.get('q') ?? '',
    picks: [...new Set(got.getAll('show'))].filter((one) => offers.picks.includes(one)),
    sort: sort.id,
    desc: direction === null ? sort.desc : direction === 'desc',
    open: got.get('open'),
    by: offers.groups.find((one) => one === got.get('by')) ?? offers.groups[0],
  };
}

/** State → the shortest address: defaults are left out. */
export function writeListUrl(state: ListUrl, offers: ListOffers): string {
  const made = new URLSearchParams();
  if (state.filter !== '') made.set('q', state.filter);
  for (const pick of state.picks) made.append('show', pick);
  if (state.sort !== offers.sorts[0].id) made.set('sort', state.sort);
  if (state.desc !== offers.sorts.find(({ id }) => id === state.sort)?.desc)
    made.set('dir', state.desc ? 'desc' : 'asc');
  if (state.by !== offers.groups[0]) made.set('by', state.by);
  if (state.open !== null) made.set('open', state.open);
  const text = made.toString();
  return text === '' ? '' : `?${text}`;
}

export type ChangeList = (change: Partial<ListUrl>, how: 'push' | 'replace') => void;

/** What was typed reaches the address after a pause: browsers refuse an address that changes with every key. */
const LINK_MS = 300;

/**
 * The list's state as the address holds it; `offers` is the same object each time. What is typed follows after a pause, or before the next
 * change: an address that is gone back to has what stood in the field.
 */
export function useListUrl(offers: ListOffers): [ListUrl, ChangeList, (typed: string) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const url = useMemo(() => readListUrl(search, offers), [search, offers]);
  const typing = useRef<{ text: string; timer: number } | null>(null);
  const write = useCallback<ChangeList>(
    (part, how) => {
      // From the address as it is now: two changes in a row must not undo each other.
      const next = { ...readListUrl(window.location.search, offers), ...part };
      navigate(path + writeListUrl(next, offers), { replace: how === 'replace' });
    },
    [navigate, path, offers],
  );
  const settle = useCallback(() => {
    if (typing.current === null) return;
    const { text, timer } = typing.current;
    window.clearTimeout(timer);
    typing.current = null;
    write({ filter: text }, 'replace');
  }, [write]);
  const change = useCallback<ChangeList>(
    (part, how) => {
      settle();
      write(part, how);
    },
    [settle, write],
  );
  const type = useCallback(
    (text: string) => {
      window.clearTimeout(typing.current?.timer);
      typing.current = { text, timer: window.setTimeout(settle, LINK_MS) };
    },
    [settle],
  );
  useEffect(() => () => window.clearTimeout(typing.current?.timer), []);
  return [url, change, type];
}
