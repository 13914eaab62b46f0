import type { Note } from './log-store.ts';

/**
 * The seam to whatever keeps figures: how many lines an app writes, what a container uses. It is given names and patterns,
 * never text of a query language, and never a principal: the caller has resolved the scope to patterns, which the store must hold
 * over everything it reads. Held by `test/suites/metric-store-suite.ts`.
 *
 * The seam reads. How figures get in is the implementation's own affair: Prometheus scrapes `/metrics` of the ingest processes, the
 * figures of log lines are counted from the log store. Times are integer µs, ranges `[from, to)`, steps are aligned to the epoch.
 *
 * Reads take an `AbortSignal` and reject with `cancelled`; over `timeoutMs` with `query_timeout`; with `unavailable` when what
 * is behind cannot be reached or refuses us; with `bad_request` for a metric, a label or an amount it cannot give.
 */
export interface MetricStore {
  /** The metrics it can give; others are refused with `bad_request`. */
  readonly metrics: readonly MetricName[];
  /** µs. Between two figures of one series of that metric as they come in: finer steps than this show nothing more. */
  resolutionOf(metric: MetricName): number;
  /**
   * Figures over time. A series without any figure in the range is left out. Each point stands for its whole step, also where
   * the range cuts it, and has the highest figure in it: a peak of a minute is there at a step of a day. Of containers the figures of a moment are added up; one that was
   * replaced and its successor are never there at the same moment. Only finished steps are given;
   * a step nothing is known of has no point. For metrics counted from lines a step without lines is 0, or absent where the series
   * did not exist by then.
   */
  series(request: SeriesRequest): Promise<SeriesResult>;
  /** The heaviest first, by average; equal ones by key. */
  top(request: TopRequest): Promise<TopResult>;
  /**
   * Several metrics of containers or hosts as one figure each, split by several labels at once. A metric that nothing is known of is absent, never 0.
   * Metrics counted from lines are refused with `bad_request`.
   */
  glance(request: GlanceRequest): Promise<GlanceResult>;
  close(): Promise<void>;
}

/** What splits and narrows a figure. On `/metrics` they are labels of these names; `container` is the container's name. */
export type MetricLabel = 'app' | 'env' | 'host' | 'container' | 'level';

/** Patterns a value must match: one of the list, whole, case-sensitive, `*` for any run of characters. No list: any value. */
export type MetricFilter = Partial<Record<Exclude<MetricLabel, 'level'>, readonly string[]>>;

/** An app and an env somebody may see, as patterns. */
export interface MetricScope {
  app: string;
  env: string;
}

export interface MetricRequest {
  metric: MetricName;
  filter: MetricFilter;
  /** Every list must allow it, and in each list one scope is enough: a token's scopes, and those of whom it belongs to. An empty list allows nothing. */
  scopes: readonly (readonly MetricScope[])[];
  from: number;
  to: number;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface SeriesRequest extends MetricRequest {
  /** One series for each value; null adds everything up. */
  by: MetricLabel | null;
  /** µs, whole seconds. */
  step: number;
  /** Most series given; of more the highest are taken, with note `limit_reached`. */
  limit: number;
}

export interface SeriesResult {
  unit: MetricUnit;
  /** `labels` has the value of `by`, or nothing. Ordered by label. */
  series: { labels: Partial<Record<MetricLabel, string>>; points: MetricPoint[] }[];
  notes: Note[];
}

/** Start of the step in epoch **ms**, and the figure: finite, ascending in time. */
export type MetricPoint = [ms: number, value: number];

export interface TopRequest extends MetricRequest {
  by: MetricLabel;
  limit: number;
}

export interface TopResult {
  unit: MetricUnit;
  /** `average` over the finished stretches of the range, `peak` the highest figure of any stretch of `peakStep` (a minute, as a rule). */
  items: { key: string; average: number; peak: number }[];
  notes: Note[];
}

export interface GlanceRequest extends Omit<MetricRequest, 'metric'> {
  /** All with the labels of `by`. */
  metrics: readonly MetricName[];
  by: readonly MetricLabel[];
  /**
   * `newest`: rates over the last minute of the range, everything else as it last was in it. `p95`: what nineteen of twenty stretches of
   * `peakStep` stay at or below.
   */
  take: 'newest' | 'p95';
}

export interface GlanceResult {
  /** `labels` has a value for each of `by`. Ordered by them. */
  items: { labels: Partial<Record<MetricLabel, string>>; values: Partial<Record<MetricName, number>> }[];
  notes: Note[];
}

export type MetricUnit = 'cores' | 'ratio' | 'bytes' | 'bytes/s' | 'lines/s' | 'count';

const CONTAINER_LABELS = ['app', 'env', 'host', 'container'] as const;
/** Totals of a host belong to all that run on it: who may see only some apps and envs is given none. */
const HOST_LABELS = ['host'] as const;
/** Ingest counts lines by source and level; a series for each container that ever was would be too many for a scrape. */
const LINE_LABELS = ['app', 'env', 'host', 'level'] as const;

/** Every metric there is, with its unit and what it can be split and narrowed by. */
export const METRICS = {
  cpu_cores: { unit: 'cores', labels: CONTAINER_LABELS },
  /** Of the containers that have a limit. */
  cpu_ratio: { unit: 'ratio', labels: CONTAINER_LABELS },
  cpu_throttled_ratio: { unit: 'ratio', labels: CONTAINER_LABELS },
  memory_bytes: { unit: 'bytes', labels: CONTAINER_LABELS },
  /** Sum of the limits of those that have one. */
  cpu_limit_cores: { unit: 'cores', labels: CONTAINER_LABELS },
  memory_limit_bytes: { unit: 'bytes', labels: CONTAINER_LABELS },
  /** Of the containers that have a limit. */
  memory_ratio: { unit: 'ratio', labels: CONTAINER_LABELS },
  net_rx_bytes_per_second: { unit: 'bytes/s', labels: CONTAINER_LABELS },
  net_tx_bytes_per_second: { unit: 'bytes/s', labels: CONTAINER_LABELS },
  disk_read_bytes_per_second: { unit: 'bytes/s', labels: CONTAINER_LABELS },
  disk_write_bytes_per_second: { unit: 'bytes/s', labels: CONTAINER_LABELS },
  disk_used_bytes: { unit: 'bytes', labels: CONTAINER_LABELS },
  pids: { unit: 'count', labels: CONTAINER_LABELS },
  /** So far, of the containers there are. */
  restarts: { unit: 'count', labels: CONTAINER_LABELS },
  oom_kills: { unit: 'count', labels: CONTAINER_LABELS },
  host_cpu_cores: { unit: 'cores', labels: HOST_LABELS },
  host_cpu_total_cores: { unit: 'cores', labels: HOST_LABELS },
  host_load: { unit: 'count', labels: HOST_LABELS },
  host_memory_bytes: { unit: 'bytes', labels: HOST_LABELS },
  host_memory_total_bytes: { unit: 'bytes', labels: HOST_LABELS },
  host_disk_used_bytes: { unit: 'bytes', labels: HOST_LABELS },
  host_disk_total_bytes: { unit: 'bytes', labels: HOST_LABELS },
  host_disk_read_bytes_per_second: { unit: 'bytes/s', labels: HOST_LABELS },
  host_disk_write_bytes_per_second: { unit: 'bytes/s', labels: HOST_LABELS },
  host_net_rx_bytes_per_second: { unit: 'bytes/s', labels: HOST_LABELS },
  host_net_tx_bytes_per_second: { unit: 'bytes/s', labels: HOST_LABELS },
  log_lines_per_second: { unit: 'lines/s', labels: LINE_LABELS },
  log_bytes_per_second: { unit: 'bytes/s', labels: LINE_LABELS },
} as const satisfies Record<string, { unit: MetricUnit; labels: readonly MetricLabel[] }>;

export type MetricName = keyof typeof METRICS;

export const isHostMetric = (metric: MetricName): boolean => metric.startsWith('host_');
