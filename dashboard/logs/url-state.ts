import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';
import { DEFAULT_RANGE, type RangeText } from '../format/range.ts';
import type { Zone } from '../format/time.ts';

export type Order = 'desc' | 'asc';
export type Scope = 'source' | 'app' | 'host';
export type Tab = 'lines' | 'patterns' | 'explain';
export const GROUPS = ['level', 'app', 'env', 'host'] as const;
/** What the histogram's bars are made of. */
export type Group = (typeof GROUPS)[number];
/** Columns between level and message when the link names none. */
export const DEFAULT_COLUMNS: readonly string[] = ['instance', 'host'];

/** All a link to the Logs page holds. */
export interface LogsUrl {
  query: string;
  range: RangeText;
  /** Part of the histogram that rows and facets follow; ISO times. */
  brush: RangeText | null;
  /** Null: the reader's own preference. */
  zone: Zone | null;
  order: Order;
  wrap: boolean;
  live: boolean;
  /** Id of the open line. */
  open: string | null;
  /** Id of the context drawer's anchor. */
  context: string | null;
  scope: Scope;
  /** What is looked for inside the drawer. */
  find: string;
  tab: Tab;
  by: Group;
  /** The period before is drawn behind the bars. */
  compare: boolean;
  /** Columns between level and message, in order: identity or fields of lines. */
  columns: readonly string[];
  /** Fields of lines with a filter section of their own. */
  facets: readonly string[];
  /** JSON lines stand indented in the rows. */
  pretty: boolean;
  /** Neighbours that differ in numbers only are one row with a count. */
  repeats: boolean;
  /** The ordinary time a spike is compared with; ISO times. */
  baseline: RangeText | null;
}

/** Search part of an address → state; what is missing or unknown is the default. */
export function readLogsUrl(search: string): LogsUrl {
  const got = new URLSearchParams(search);
  const brushFrom = got.get('brushFrom');
  const brushTo = got.get('brushTo');
  const zone = got.get('zone');
  const scope = got.get('scope');
  const tab = got.get('tab');
  const by = got.get('by');
  const baseFrom = got.get('baseFrom');
  const baseTo = got.get('baseTo');
  return {
    query: got.get('query') ?? '',
    range: { from: got.get('from') ?? DEFAULT_RANGE.from, to: got.get('to') ?? DEFAULT_RANGE.to },
    brush: brushFrom !== null && brushTo !== null ? { from: brushFrom, to: brushTo } : null,
    zone: zone === 'utc' || zone === 'local' ? zone : null,
    order: got.get('order') === 'asc' ? 'asc' : 'desc',
    wrap: got.get('wrap') === '1',
    live: got.get('live') === '1',
    open: got.get('open'),
    context: got.get('context'),
    scope: scope === 'app' || scope === 'host' ? scope : 'source',
    find: got.get('find') ?? '',
    tab: tab === 'patterns' || tab === 'explain' ? tab : 'lines',
    by: GROUPS.find((one) => one === by) ?? 'level',
    compare: got.get('compare') === '1',
    columns: got.has('col') ? unique(got.getAll('col')) : DEFAULT_COLUMNS,
    facets: unique(got.getAll('facet')),
    pretty: got.get('pretty') === '1',
    repeats: got.get('repeats') === '1',
    baseline: baseFrom !== null && baseTo !== null ? { from: baseFrom, to: baseTo } : null,
  };
}

/** State → the shortest address: defaults are left out. */
export function writeLogsUrl(state: LogsUrl): string {
  const made = new URLSearchParams();
  if (state.query !== '') made.set('query', state.query);
  if (state.range.from !== DEFAULT_RANGE.from || state.range.to !== DEFAULT_RANGE.to) {
    made.set('from', state.range.from);
    made.set('to', state.range.to);
  }
  if (state.brush !== null) {
    made.set('brushFrom', state.brush.from);
    made.set('brushTo', state.brush.to);
  }
  if (state.zone !== null) made.set('zone', state.zone);
  if (state.order === 'asc') made.set('order', 'asc');
  if (state.wrap) made.set('wrap', '1');
  if (state.live) made.set('live', '1');
  if (state.open !== null) made.set('open', state.open);
  if (state.context !== null) {
    made.set('context', state.context);
    if (state.scope !== 'source') made.set('scope', state.scope);
    if (state.find !== '') made.set('find', state.find);
  }
  if (state.tab !== 'lines') made.set('tab', state.tab);
  if (state.by !== 'level') made.set('by', state.by);
  if (state.compare) made.set('compare', '1');
  if (state.columns.join('\n') !== DEFAULT_COLUMNS.join('\n'))
    for (const column of state.columns.length === 0 ? [''] : state.columns) made.append('col', column);
  for (const field of state.facets) made.append('facet', field);
  if (state.pretty) made.set('pretty', '1');
  if (state.repeats) made.set('repeats', '1');
  if (state.baseline !== null) {
    made.set('baseFrom', state.baseline.from);
    made.set('baseTo', state.baseline.to);
  }
  const text = made.toString();
  return text === '' ? '/logs' : `/logs?${text}`;
}

/** Each name once, none empty; `col=` alone says that there is no column. */
function unique(names: string[]): string[] {
  return [...new Set(names.filter((name) => name !== ''))].slice(0, 30);
}

export type ChangeUrl = (change: Partial<LogsUrl>, how?: 'push' | 'replace') => void;

/** The state of the address bar and how to change it: running pushes, looking at something replaces. */
export function useLogsUrl(): [LogsUrl, ChangeUrl] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const state = useMemo(() => readLogsUrl(search), [search]);
  const change = useCallback<ChangeUrl>(
    (part, how = 'push') => {
      // Read anew: two changes may come before the next render.
      const next = { ...readLogsUrl(window.location.search), ...part };
      const address = writeLogsUrl(next);
      const same = address === `${window.location.pathname}${window.location.search}`;
      navigate(address, { replace: how === 'replace' || same });
    },
    [navigate],
  );
  return [state, change];
}
