import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { ApiError } from '../client/request.ts';
import {
  absolute,
  DEFAULT_RANGE,
  isMoving,
  type Range,
  type RangeText,
  resolveRange,
  shiftRange,
  widenRange,
} from '../format/range.ts';
import type { Zone } from '../format/time.ts';
import { useMedia } from '../shell/media.ts';
import { usePreferences } from '../shell/preferences.tsx';
import { useSlow } from '../shell/slow.ts';
import { type HitFinder, hitFinder } from '../text/hits.ts';
import { FACET_FIELDS, type Run } from './data.ts';
import { activeCount, type WriteClause } from './query-edit.ts';
import { type QueryMistake, type QueryParser, quotedClause, useQueryParser } from './query-parser.ts';
import { rememberQuery } from './recent.ts';
import { type ChangeUrl, type LogsUrl, useLogsUrl } from './url-state.ts';

/** All that the views of the Logs page share. */
export interface LogsPage {
  url: LogsUrl;
  change: ChangeUrl;
  run: Run;
  zone: Zone;
  nowUs: number;
  parser: QueryParser | null;
  write: WriteClause;
  finder: HitFinder;
  /** The line the page was opened with, until something else is run. */
  anchor: string | null;
  narrow: boolean;
  /** Room for the filter column. */
  wide: boolean;
  facetColumn: boolean;
  sheet: boolean;
  /** Filters are shown somewhere, so their counts are needed. */
  facets: boolean;
  activeFilters: number;
  /** For so long that a reader wonders: shown, and stopped by Esc. */
  running: boolean;
  /** The last search found no line. */
  empty: boolean;
  refused: QueryMistake | null;
  help: boolean;
  /** Fields seen in the lines so far, the most frequent first. */
  seen: string[];
  /** Lines of the result, null while unknown. */
  total: number | null;
  /** Lines kept in sight whatever is searched for. */
  pinned: ApiRecord[];
  exporting: boolean;
  runQuery(text: string): void;
  again(): void;
  stop(): void;
  apply(change: Partial<LogsUrl>): void;
  setRange(range: RangeText): void;
  shift(direction: -1 | 1): void;
  zoomOut(): void;
  zoomTo(range: Range): void;
  /** Goes back to before the last zoom; false when there was none. */
  undoZoom(): boolean;
  toggleZone(): void;
  setZone(zone: Zone): void;
  toggleWrap(): void;
  toggleFacets(): void;
  closeSheet(): void;
  setHelp(open: boolean): void;
  /** Closes help or sheet; true when there was one. */
  escape(): boolean;
  setRunning(running: boolean): void;
  setEmpty(empty: boolean): void;
  setRefused(error: unknown): void;
  setSeen(fields: string[]): void;
  setTotal(total: number | null): void;
  setExporting(open: boolean): void;
  togglePin(record: ApiRecord): void;
  clearPins(): void;
  openUrl(url: LogsUrl): void;
}

export function useLogsPage(): LogsPage {
  const client = useClient();
  const queries = useQueryClient();
  const preferences = usePreferences();
  const parser = useQueryParser();
  const [url, change] = useLogsUrl();
  const [runAt, setRunAt] = useState(() => client.nowUs());
  const [anchor, setAnchor] = useState(() => url.open ?? url.context);
  const [running, setRunning] = useState(false);
  const [empty, setEmpty] = useState(false);
  const [error, setRefused] = useState<unknown>(null);
  const [sheet, setSheet] = useState(false);
  const [help, setHelp] = useState(false);
  const [seen, setSeen] = useState<string[]>([]);
  const [total, setTotal] = useState<number | null>(null);
  const [pinned, setPinned] = useState<ApiRecord[]>([]);
  const [exporting, setExporting] = useState(false);
  const zooms = useRef(0);
  const narrow = useMedia('(max-width: 720px)');
  const wide = useMedia('(min-width: 1101px)');

  const zone = url.zone ?? preferences.zone;
  const range = useMemo(() => readRange(url.range, runAt, zone), [url.range, runAt, zone]);
  const run = useMemo<Run>(() => ({ query: url.query, range, at: runAt }), [url.query, range, runAt]);
  const finder = useMemo(() => hitFinder(parser?.read(url.query).query ?? null), [parser, url.query]);
  const refused = useMemo(() => asMistake(error), [error]);

  const fresh = useCallback(() => {
    setAnchor(null);
    setRunAt(client.nowUs());
  }, [client]);
  const apply = useCallback(
    (part: Partial<LogsUrl>) => {
      fresh();
      change({ open: null, context: null, ...part });
    },
    [change, fresh],
  );
  const move = (next: RangeText) => apply({ range: next, brush: null });
  const setZone = (next: Zone) => {
    preferences.set({ zone: next });
    if (url.zone !== null) change({ zone: null }, 'replace');
  };
  const facetColumn = wide && !preferences.folded;

  return {
    url,
    change,
    run,
    zone,
    nowUs: runAt,
    parser,
    write: parser?.writeClause ?? quotedClause,
    finder,
    anchor,
    narrow,
    wide,
    facetColumn,
    sheet,
    facets: facetColumn || sheet,
    activeFilters: activeCount(url.query, [...FACET_FIELDS, ...url.facets]),
    running: useSlow(running),
    empty,
    refused,
    help,
    seen,
    total,
    pinned,
    exporting,
    runQuery: useCallback(
      (query: string) => {
        rememberQuery(query);
        apply({ query });
      },
      [apply],
    ),
    again: fresh,
    stop: () => {
      for (const key of ['rows', 'histogram', 'facets', 'events', 'patterns', 'explain'])
        queries.cancelQueries({ queryKey: [key] });
    },
    apply,
    setRange: move,
    shift: (direction) => move(shiftRange(run.range, direction, client.nowUs())),
    zoomOut: () => move(widenRange(url.range, run.range, client.nowUs())),
    zoomTo: (to) => {
      zooms.current += 1;
      move(absolute(to));
    },
    undoZoom: () => {
      if (zooms.current === 0) return false;
      zooms.current -= 1;
      window.history.back();
      return true;
    },
    toggleZone: () => setZone(zone === 'utc' ? 'local' : 'utc'),
    setZone,
    toggleWrap: () => change({ wrap: !url.wrap }, 'replace'),
    toggleFacets: () => (wide ? preferences.set({ folded: !preferences.folded }) : setSheet(!sheet)),
    closeSheet: () => setSheet(false),
    setHelp,
    escape: () => {
      if (!help && !sheet) return false;
      setHelp(false);
      setSheet(false);
      return true;
    },
    setRunning,
    setEmpty,
    setRefused,
    setSeen,
    setTotal,
    setExporting,
    togglePin: useCallback(
      (record: ApiRecord) =>
        setPinned((before) =>
          before.some((one) => one.id === record.id)
            ? before.filter((one) => one.id !== record.id)
            : [...before, record].toSorted((a, b) => (a.time < b.time ? -1 : 1)),
        ),
      [],
    ),
    clearPins: () => setPinned([]),
    openUrl: (next) => {
      rememberQuery(next.query);
      apply(next);
    },
  };
}

/** A range of a hand-written address that cannot be read is the default one, not an empty page. */
function readRange(text: RangeText, nowUs: number, zone: Zone): Range {
  const range = resolveRange(text, nowUs, isMoving(text) ? zone : 'utc');
  if (!('bad' in range)) return range;
  const usual = resolveRange(DEFAULT_RANGE, nowUs, zone);
  return 'bad' in usual ? { from: nowUs - 3600e6, to: nowUs } : usual;
}

function asMistake(error: unknown): QueryMistake | null {
  if (!(error instanceof ApiError) || error.code !== 'bad_query') return null;
  return {
    message: error.message,
    hint: error.hint,
    position: error.position ?? null,
    mend: error.action?.query ?? null,
  };
}
