import { finishedSteps, partOfStep, peakStep } from '../metric-steps.ts';
import type { GlanceRequest, MetricRequest, SeriesRequest, TopRequest } from '../metric-store.ts';
import { countsLines, expression } from './expressions.ts';
import { duration, instant, quote } from './promql.ts';

/** A rate needs two scrapes in its window; with four one may be late and one may fail. */
const SCRAPES_IN_WINDOW = 4;
const MILLISECOND = 1_000;
const MINUTE = 60e6;
const DAY = 86_400e6;
/** Moments of one series in a range that figures are added up at: as many as Prometheus gives points at most. */
const MOST_MOMENTS = 11_000;

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
  const lines = countsLines(request.metric);
  const length = request.to - request.from;
  const part = lines ? partOfStep(step, length) : Math.min(step, betweenMoments(length, scrape));
  const figure = expression(request, by === null ? [] : [by], windowOf(part, scrape));
  if (figure === null || range.from === range.to) return null;
  const query =
    part === step ? figure : lines ? highest(figure, step, part) : over('max_over_time', figure, step, part);
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
  if (length === 0) return null;
  const at = (query: string): PrometheusCall => ({ path: '/api/v1/query', form: { query, time: instant(range.to) } });
  if (!countsLines(request.metric)) {
    const part = betweenMoments(request.to - request.from, scrape);
    const figure = expression(request, [request.by], windowOf(part, scrape));
    if (figure === null) return null;
    return {
      average: at(over('avg_over_time', figure, length, part)),
      peak: at(over('max_over_time', figure, length, part)),
    };
  }
  const average = expression(request, [request.by], windowOf(length, scrape));
  const rate = expression(request, [request.by], windowOf(step, scrape));
  if (average === null || rate === null) return null;
  return { average: at(average), peak: at(highest(rate, length, step)) };
}

/** One instant for all metrics, each series with its metric as label. Null as above. */
export function translateGlance(request: GlanceRequest, now: number, scrape: number): PrometheusCall | null {
  const { by, metrics, take } = request;
  const to = Math.min(request.to, now);
  const length = to - request.from;
  if (length <= 0) return null;
  const part = Math.max(scrape, peakStep(length));
  const named = metrics.flatMap((metric) => {
    const asked: Pick<MetricRequest, 'metric' | 'filter' | 'scopes'> = { ...request, metric };
    const figure = expression(asked, by, windowOf(take === 'newest' ? 0 : part, scrape));
    if (figure === null) return [];
    const one =
      take === 'newest' ? figure : `quantile_over_time(0.95, (${figure})[${duration(length)}:${duration(part)}])`;
    return [`label_replace(${one}, "metric", ${quote(metric)}, "", "")`];
  });
  if (named.length === 0) return null;
  return { path: '/api/v1/query', form: { query: named.join(' or '), time: instant(to) } };
}

const windowOf = (part: number, scrape: number): number => Math.max(part, SCRAPES_IN_WINDOW * scrape);

/** Figures are added up at each scrape, so that no peak is missed, where that is not more than Prometheus can do. */
function betweenMoments(length: number, scrape: number): number {
  if (length / scrape <= MOST_MOMENTS) return scrape;
  return Math.max(scrape, length <= 14 * DAY ? MINUTE : peakStep(length));
}

/** Of all moments in `(end - length, end]`: Prometheus 2 would count one at the open end too. */
function over(name: string, figure: string, length: number, part: number): string {
  return `${name}((${figure})[${duration(length - MILLISECOND)}:${duration(part)}])`;
}

/**
 * The highest of the parts that end in `(end - length, end]`. Prometheus 2 counts an instant at the open end too and 3 does not: a window
 * of a millisecond more than all parts but the first one's length has the same instants in both.
 */
function highest(rate: string, length: number, part: number): string {
  return `max_over_time((${rate})[${duration(length - part + MILLISECOND)}:${duration(part)}])`;
}
