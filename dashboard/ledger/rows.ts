import type { LedgerItem } from '../../api/contract.ts';
import { sumOf, unaccountedOf } from '../containers/rows.ts';
import type { Searchable } from '../fleet/filter.ts';
import type { SortValue } from '../fleet/order.ts';
import { microseconds } from '../format/time.ts';

/** What a row stands for. */
export const GROUPS = ['file', 'app', 'host'] as const;
export type Group = (typeof GROUPS)[number];

/** Why a file is behind that will pass by itself; it is trouble only when it stays. */
const PASSING = new Set(['not_read', 'not_acknowledged', 'held']);
/** As on the Containers page: lines this late are late. */
const LATE_US = 30e6;

/** A file with what the page asks of it. */
export interface LedgerFile {
  item: LedgerItem;
  /** Cause of `behind`, null when it is searchable to its end. */
  cause: string | null;
  /** Behind for good, or for so long that somebody should look. */
  stuck: boolean;
  /** How far behind, µs; null when it is not, or nobody knows. */
  lateUs: number | null;
  dropped: number;
  unaccounted: number;
  /** Spans known to be lost. */
  lost: number;
  found: Searchable;
}

/** One row: a file, or all files of an app and env, or of a host. */
export interface LedgerRow {
  key: string;
  group: Group;
  files: LedgerFile[];
  read: number;
  searchable: number;
  /** By reason, largest first, none of them 0. */
  reasons: [string, number][];
  dropped: number;
  inFlight: number;
  lines: number;
  lastLineAt: string | null;
  unaccounted: number;
  lost: number;
  stuck: LedgerFile[];
  /** Behind and not stuck. */
  passing: LedgerFile[];
}

/** Chips, in order. */
export const PICKS = ['trouble', 'moving', 'dropped', 'lost', 'gone'] as const;
/** Names that the filter takes before a colon. */
export const FIELDS = [
  'app',
  'env',
  'host',
  'instance',
  'name',
  'container',
  'file',
  'reader',
  'state',
  'cause',
] as const;

export function filesOf(items: readonly LedgerItem[], nowUs: number): LedgerFile[] {
  return items.map((item) => {
    const { source, behind } = item;
    const cause = behind?.cause ?? null;
    const completeTo = behind?.completeTo ?? null;
    const lateUs = completeTo === null ? null : Math.max(0, nowUs - microseconds(completeTo));
    return {
      item,
      cause,
      stuck: cause !== null && (!PASSING.has(cause) || (lateUs ?? 0) > LATE_US),
      lateUs,
      dropped: sumOf(item.dropped),
      unaccounted: unaccountedOf(item),
      lost: item.gaps.length,
      found: {
        app: source.app,
        env: source.env,
        host: source.host,
        instance: source.instance,
        name: source.containerName,
        container: source.container,
        file: source.path,
        reader: source.reader,
        state: item.state,
        cause: cause ?? '',
      },
    };
  });
}

const PICKED: Record<(typeof PICKS)[number], (file: LedgerFile) => boolean> = {
  trouble: (file) => file.stuck || file.unaccounted !== 0,
  moving: (file) => (file.cause !== null && !file.stuck) || file.item.inFlight > 0,
  dropped: (file) => file.dropped > 0,
  lost: (file) => file.lost > 0,
  gone: (file) => file.item.state === 'gone',
};

export const isPicked = (file: LedgerFile, picks: readonly string[]): boolean =>
  picks.length === 0 || PICKS.some((pick) => picks.includes(pick) && PICKED[pick](file));

/** Files of each chip. */
export function countPicks(files: readonly LedgerFile[]): Map<string, number> {
  return new Map(PICKS.map((pick) => [pick, files.filter(PICKED[pick]).length]));
}

/** Files that are stuck, by cause, the most first. */
export function stuckByCause(files: readonly LedgerFile[]): [string, LedgerFile[]][] {
  const stuck = files.filter((file) => file.stuck);
  return [...Map.groupBy(stuck, (file) => file.cause ?? '')].sort(([, a], [, b]) => b.length - a.length);
}

export function rowsOf(files: readonly LedgerFile[], group: Group): LedgerRow[] {
  return [...Map.groupBy(files, (file) => keyOf(file.item, group))].map(([key, own]) => sumRow(key, group, own));
}

function keyOf({ source }: LedgerItem, group: Group): string {
  if (group === 'host') return source.host;
  return group === 'app' ? `${source.app} ${source.env}` : source.fid;
}

/** The sums of some files; `read = searchable + dropped + inFlight + unaccounted`, as for each of them. */
export function sumRow(key: string, group: Group, files: LedgerFile[]): LedgerRow {
  const reasons = new Map<string, number>();
  const row: LedgerRow = {
    key,
    group,
    files,
    read: 0,
    searchable: 0,
    reasons: [],
    dropped: 0,
    inFlight: 0,
    lines: 0,
    lastLineAt: null,
    unaccounted: 0,
    lost: 0,
    stuck: files.filter((file) => file.stuck),
    passing: files.filter((file) => file.cause !== null && !file.stuck),
  };
  for (const { item, dropped, unaccounted, lost } of files) {
    row.read += item.read;
    row.searchable += item.searchable;
    row.dropped += dropped;
    row.inFlight += item.inFlight;
    row.lines += item.lines;
    // Two faults must not cancel out.
    row.unaccounted += Math.abs(unaccounted);
    row.lost += lost;
    if (item.lastLineAt !== null && item.lastLineAt > (row.lastLineAt ?? '')) row.lastLineAt = item.lastLineAt;
    for (const [reason, bytes] of Object.entries(item.dropped))
      if (bytes > 0) reasons.set(reason, (reasons.get(reason) ?? 0) + bytes);
  }
  row.reasons = [...reasons].sort(([, a], [, b]) => b - a);
  return row;
}

/** Columns with what they are sorted by; the first is the usual order. */
export const COLUMNS: readonly { id: string; desc: boolean; value(row: LedgerRow): SortValue }[] = [
  { id: 'read', desc: true, value: (row) => row.read },
  { id: 'name', desc: false, value: (row) => tieOf(row) },
  { id: 'files', desc: true, value: (row) => row.files.length },
  { id: 'state', desc: true, value: (row) => row.stuck.length * 1e6 + row.passing.length },
  { id: 'searchable', desc: true, value: (row) => row.searchable },
  { id: 'dropped', desc: true, value: (row) => row.dropped },
  { id: 'inFlight', desc: true, value: (row) => row.inFlight },
  { id: 'lines', desc: true, value: (row) => row.lines },
  { id: 'last', desc: true, value: (row) => (row.lastLineAt === null ? null : microseconds(row.lastLineAt)) },
];

export function tieOf({ key, group, files }: LedgerRow): string {
  const { app, env, instance, host, path } = files[0].item.source;
  return group === 'file' ? [app, env, instance, host, path, key].join('\n') : key;
}

/** The last part of the path; a container's 64-digit id is cut as everywhere else. */
export function fileName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/[0-9a-f]{64}/, (id) => `${id.slice(0, 12)}…`);
}
