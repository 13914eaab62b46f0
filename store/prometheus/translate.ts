import { matchesAnything } from '../../model/glob.ts';
import { finishedSteps, partOfStep, peakStep } from '../metric-steps.ts';
import type {
  MetricFilter,
  MetricLabel,
  MetricName,
  MetricRequest,
  SeriesRequest,
  TopRequest,
} from '../metric-store.ts';
import { duration, instant, type Matcher, selector } from './promql.ts';
import { scopeBranches } from './scope-branches.ts';

/** Counters on `/metrics` of the ingest processes, whose rate is the metric. */
const COUNTERS: Partial<Record<MetricName, string>> = {
  log_lines_per_second: 'fleetlog_log_lines_total',
  log_bytes_per_second: 'fleetlog_log_bytes_total',
};

export const PROMETHEUS_METRICS = Object.keys(COUNTERS) as MetricName[];

/** A rate needs two scrapes in its window; with four one may be late and one may fail. */
const SCRAPES_IN_WINDOW = 4;
const MILLISECOND = 1_000;

/** A call of the HTTP API: its path below the base address, and its form. */
export interface PrometheusCall {
  path: '/api/v1/query' | '/api/v1/query_range';
  form: Record<string, string>;
}

export interface SeriesCall {
  call: PrometheusCall;
  /** µs: a point evaluated at the end of a step belongs to its start. */
  step: number;
}

/** Null when no step is finished or no scope allows anything: then there is nothing to ask. `now` and `scrape` in µs. */
export function translateSeries(request: SeriesRequest, now: number, scrape: number): SeriesCall | null {
  const { step, by } = request;
  const range = finishedSteps(request, now - scrape);
  const part = partOfStep(step, request.to - request.from);
  const rate = summedRate(request, by, Math.max(part, SCRAPES_IN_WINDOW * scrape));
  if (rate === null || range.from === range.to) return null;
  const query = part === step ? rate : highest(rate, step, part);
  const form = { query, start: instant(range.from + step), end: instant(range.to), step: String(step / 1e6) };
  return { call: { path: '/api/v1/query_range', form }, step };
}

/** Two instants: the average and the peak of each key. Null as above. */
export function translateTop(
  request: TopRequest,
  now: number,
  scrape: number,
): { average: PrometheusCall; peak: PrometheusCall } | null {
  const step = peakStep(request.to - request.from);
  const range = finishedSteps({ ...request, step }, now - scrape);
  const length = range.to - range.from;
  const average = summedRate(request, request.by, Math.max(length, SCRAPES_IN_WINDOW * scrape));
  const rate = summedRate(request, request.by, Math.max(step, SCRAPES_IN_WINDOW * scrape));
  if (average === null || rate === null || length === 0) return null;
  const at = (query: string): PrometheusCall => ({
    path: '/api/v1/query',
    form: { query, time: instant(range.to) },
  });
  return { average: at(average), peak: at(highest(rate, length, step)) };
}

/**
 * The rates of all processes added up by `by`. Alternatives are joined by `or`, which takes a series that several of them select once.
 * Null when the scopes allow nothing.
 */
function summedRate(request: MetricRequest, by: MetricLabel | null, window: number): string | null {
  const counter = COUNTERS[request.metric] as string;
  const branches = scopeBranches(request.scopes);
  if (branches.length === 0) return null;
  const filters = filterMatchers(request.filter);
  const rates = branches.map((branch) => `rate(${selector(counter, [...branch, ...filters])}[${duration(window)}])`);
  return `sum${by === null ? '' : ` by (${by})`} (${rates.join(' or ')})`;
}

function filterMatchers(filter: MetricFilter): Matcher[] {
  return (Object.keys(filter) as (keyof MetricFilter)[]).flatMap((label) => {
    const patterns = filter[label] ?? [];
    return patterns.length === 0 || patterns.some(matchesAnything) ? [] : [{ label, patterns }];
  });
}

/**
 * The highest of the parts that end in `(end - length, end]`. Prometheus 2 counts an instant at the open end too and 3 does not: a window
 * of a millisecond more than all parts but the first one's length has the same instants in both.
 */
function highest(rate: string, length: number, part: number): string {
  return `max_over_time((${rate})[${duration(length - part + MILLISECOND)}:${duration(part)}])`;
}
