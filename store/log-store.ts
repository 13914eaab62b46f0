import type { LinesBatch } from '../model/batch.ts';
import type { RecordKey } from '../model/position.ts';
import type { Query } from '../model/query/tree.ts';
import type { LogRecord } from '../model/record.ts';
import type { Source } from '../model/source.ts';

/**
 * The seam to whatever keeps lines. Roles: append, search, aggregate, maintain. It is given query *trees*, never text, and
 * never a principal: the caller has ANDed the scope into the tree. Held by `test/suites/log-store-suite.ts`; the oracle is
 * `model/query/match.ts`.
 *
 * Times are integer µs; ranges are `[from, to)`. Order is `(time, fid, gen, offset)` everywhere.
 * Reads take an `AbortSignal` and reject with `cancelled`; a read over its `timeoutMs` rejects with `query_timeout`, except
 * `search`, which gives what it has with note `time_limit_reached`. A line is visible to every read once `append` resolved for it.
 */
export interface LogStore {
  /**
   * Stores batches in order; resolves when all are durable and searchable. De-duplicates by position: an interval
   * already stored is counted `suppressed` and not stored again, a partial overlap is trimmed at the raw-line boundary.
   * Rejects with `store_full` (disk) or an I/O error without having taken any of them; the caller sends the same again.
   */
  append(batches: LinesBatch[]): Promise<AppendResult>;

  /** One page of records. */
  search(request: SearchRequest): Promise<SearchResult>;
  /** Records of the whole range in order, in chunks, flat in memory, for export. Not limited by `timeoutMs`. */
  scan(request: Omit<SearchRequest, 'limit' | 'timeoutMs'>): AsyncIterable<LogRecord[]>;
  /** The record at that key, or null. */
  get(key: RecordKey, signal?: AbortSignal): Promise<LogRecord | null>;
  /** Records around a key, in order, not filtered by anything but `scope` (and the tree, which carries the caller's permissions). */
  context(request: ContextRequest): Promise<ContextResult | null>;

  /** Exact number of matching records. */
  count(request: RangeRequest): Promise<CountResult>;
  /** Exact counts per bucket and key; every bucket of the range is present, also empty ones. */
  histogram(request: HistogramRequest): Promise<HistogramResult>;
  /** Exact top values per field. */
  facets(request: FacetRequest): Promise<FacetResult>;
  /** Exact counts of the patterns that matching records have, the most frequent first. */
  patterns(request: PatternRequest): Promise<PatternResult>;
  /** Sources that have records in the range, with what they hold; removed containers included. */
  sources(request: RangeRequest): Promise<SourceSummary[]>;

  /** Makes everything appended so far immutable (a segment), for tests, stop and backup. Reads give the same before and after. */
  flush(): Promise<void>;
  /** Retention, merges, space checks. Called by a timer of the host process. */
  maintain(): Promise<MaintenanceReport>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}

export interface AppendResult {
  stored: number;
  /** Records not stored because they were there already. */
  suppressed: number;
  /** Records older than their retention class keeps; they are not stored. */
  tooOld: number;
  /** Records the store can never take as they are. All others were taken; the caller keeps these so that they can be driven again. */
  refused?: RefusedRecord[];
}

export interface RefusedRecord {
  /** Holds that record alone. */
  batch: LinesBatch;
  /** What the store says about it. */
  reason: string;
}

export interface RangeRequest {
  query: Query;
  from: number;
  to: number;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface SearchRequest extends RangeRequest {
  order: 'asc' | 'desc';
  limit: number;
  /** Exclusive: the page starts behind this key in the direction of `order`. */
  after?: RecordKey;
}

export interface SearchResult {
  /** In the order asked for. */
  records: LogRecord[];
  /** True when records beyond the page exist (or may exist, when time ran out). */
  more: boolean;
  notes: Note[];
  stats: QueryStats;
}

export interface ContextRequest {
  key: RecordKey;
  before: number;
  after: number;
  /** `source`: the same container (or file) on that host; `app`: its app and env; `host`: everything on its host. */
  scope: 'source' | 'app' | 'host';
  /** The caller's permissions. */
  query: Query;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface ContextResult {
  /** Oldest first. */
  before: LogRecord[];
  anchor: LogRecord;
  after: LogRecord[];
}

export interface CountResult {
  count: number;
  notes: Note[];
  stats: QueryStats;
}

export type GroupKey = 'level' | 'app' | 'env' | 'host' | 'none';

export interface HistogramRequest extends RangeRequest {
  /** Bucket width, µs; buckets are aligned to the epoch. */
  interval: number;
  by: GroupKey;
}

export interface HistogramResult {
  /** Ascending; `time` is the bucket's start. A record without a level counts under `none`. */
  buckets: { time: number; counts: Record<string, number> }[];
  notes: Note[];
  stats: QueryStats;
}

export interface FacetRequest extends RangeRequest {
  /** Source fields, `level`, `stream`, or fields found in lines. */
  fields: string[];
  size: number;
}

export interface FacetResult {
  facets: Record<string, { value: string; count: number }[]>;
  notes: Note[];
  stats: QueryStats;
}

export interface PatternRequest extends RangeRequest {
  /** Most patterns of the answer. */
  size: number;
  /** Asks for `buckets` of that width (µs), aligned to the epoch. */
  interval?: number;
}

export interface PatternResult {
  /** By count, the largest first, then by pattern. */
  patterns: PatternSummary[];
  /** Distinct patterns of the matching records. */
  total: number;
  notes: Note[];
  stats: QueryStats;
}

export interface PatternSummary {
  /** 16 hex digits, see `patternOf` of model/pattern.ts. */
  pattern: string;
  count: number;
  /** µs of its first and last matching record. */
  first: number;
  last: number;
  /** The newest of them. */
  sample: LogRecord;
  /** Counts by app; own properties only. */
  apps: Record<string, number>;
  /** When an interval was asked for: ascending by their start (µs), empty ones left out. */
  buckets?: { time: number; count: number }[];
}

export interface SourceSummary {
  source: Source;
  /** Key times of its first and last record in the store (whole segments' precision: at most a minute outside the range). */
  first: number;
  last: number;
  records: number;
  /** Records by level ordinal 0–6. */
  levels: number[];
}

/** Machine-readable remark on an answer; `code` values are listed in docs/notes.md. */
export interface Note {
  code: string;
  [detail: string]: unknown;
}

export interface QueryStats {
  /** Milliseconds spent. */
  tookMs: number;
  /** Blocks whose text was read, blocks there were in the range. */
  blocksRead: number;
  blocksTotal: number;
  /** Raw bytes decoded. */
  bytesRead: number;
}

export interface MaintenanceReport {
  segmentsRemoved: number;
  bytesFreed: number;
  merged: number;
  notes: Note[];
}

/** What one retention class holds. */
export interface ClassStats {
  name: string;
  records: number;
  diskBytes: number;
  /** µs of its oldest and newest record, null when it has none. */
  oldest: number | null;
  newest: number | null;
  /**
   * µs from which age takes something of it, null when nothing is there to take. Whole days go, so this is never before its oldest record
   * has had all the days of the class. Sizes may take something earlier.
   */
  nextRemoval: number | null;
}

export interface StoreStats {
  records: number;
  /** Message bytes. */
  rawBytes: number;
  diskBytes: number;
  segments: number;
  /** Bytes in heads, not yet in a segment. */
  headBytes: number;
  /** µs of the oldest and newest record, null when empty. */
  oldest: number | null;
  newest: number | null;
  suppressed: number;
  /** Every retention class that has records, and maybe some that have none any more. */
  classes: ClassStats[];
  /** Monotonic counters and gauges for /metrics, already in our naming (`fleetlog_store_…`). */
  telemetry: Record<string, number>;
}
