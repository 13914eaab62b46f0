import type { Clock } from '../../model/clock.ts';
import type { PrometheusConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { Note } from '../log-store.ts';
import { checkMetricRequest } from '../metric-request.ts';
import {
  type GlanceResult,
  METRICS,
  type MetricName,
  type MetricPoint,
  type MetricRequest,
  type MetricStore,
} from '../metric-store.ts';
import { type AnsweredSeries, readAnswer } from './answer.ts';
import { countsLines, PROMETHEUS_METRICS } from './expressions.ts';
import { createPrometheusHttp } from './http.ts';
import { type PrometheusCall, translateGlance, translateSeries, translateTop } from './translate.ts';

/**
 * Figures from a PromQL endpoint that scrapes the ingest processes (`deploy/prometheus`). Lines are counted when they are stored, so old
 * lines read late count late. A point is as exact as `prometheus.scrapeMs` allows: steps below four of them are averages over four.
 */
export function createPrometheusMetricStore(options: {
  prometheus: PrometheusConfig;
  clock: Clock;
  log: { warn(about: object, message: string): void };
}): MetricStore {
  const { prometheus, clock, log } = options;
  const http = createPrometheusHttp(prometheus);
  const scrape = prometheus.scrapeMs * 1000;

  async function ask(
    call: PrometheusCall,
    request: Pick<MetricRequest, 'signal' | 'timeoutMs'>,
  ): Promise<ReturnType<typeof readAnswer>> {
    const timeoutMs = Math.min(prometheus.timeoutMs, request.timeoutMs ?? prometheus.timeoutMs);
    const form = { ...call.form, timeout: `${timeoutMs}ms` };
    const answer = readAnswer(await http.post({ ...call, form }, { signal: request.signal, timeoutMs }));
    for (const note of answer.notes) log.warn(note, 'Prometheus answered with a warning');
    return answer;
  }

  return {
    metrics: PROMETHEUS_METRICS,
    resolutionOf: () => scrape,
    async series(request) {
      checkMetricRequest(PROMETHEUS_METRICS, request);
      const { by, limit } = request;
      const { unit } = METRICS[request.metric];
      const asked = translateSeries(request, clock.nowUs(), scrape);
      if (asked === null) return { unit, series: [], notes: [] };
      const { series: answered, notes } = await ask(asked.call, request);
      const found = answered
        .map((one) => ({ key: keyOf(one, by), points: points(one, asked.step) }))
        .map((one) => ({ ...one, peak: one.points.reduce((peak, [, value]) => Math.max(peak, value), 0) }))
        // A counter stands there for a while after its last line; a source without lines in the range has no series.
        .filter((one) => one.points.length > 0 && (one.peak > 0 || !countsLines(request.metric)));
      found.sort((a, b) => b.peak - a.peak || order(a.key, b.key));
      const series = found
        .slice(0, limit)
        .sort((a, b) => order(a.key, b.key))
        .map((one) => ({ labels: by === null ? {} : { [by]: one.key }, points: one.points }));
      return { unit, series, notes: [...notes, ...cut(found.length, limit)] };
    },
    async top(request) {
      checkMetricRequest(PROMETHEUS_METRICS, request);
      const { by, limit } = request;
      const { unit } = METRICS[request.metric];
      const asked = translateTop(request, clock.nowUs(), scrape);
      if (asked === null) return { unit, items: [], notes: [] };
      const [averages, peaks] = await Promise.all([ask(asked.average, request), ask(asked.peak, request)]);
      const peakOf = new Map(peaks.series.map((one) => [keyOf(one, by), one.values[0]?.[1] ?? 0]));
      const items = averages.series
        .filter((one) => one.values.length > 0)
        .map((one) => {
          const key = keyOf(one, by);
          const average = one.values[0][1];
          return { key, average, peak: Math.max(average, peakOf.get(key) ?? 0) };
        })
        // A counter that stood still is no user of anything.
        .filter((item) => item.peak > 0 || !countsLines(request.metric));
      items.sort((a, b) => b.average - a.average || order(a.key, b.key));
      return {
        unit,
        items: items.slice(0, limit),
        notes: [...averages.notes, ...cut(items.length, limit)],
      };
    },
    async glance(request) {
      for (const metric of request.metrics) {
        if (countsLines(metric)) throw new FleetlogError('bad_request', `cannot give ${metric} at a glance`);
        for (const by of request.by) checkMetricRequest(PROMETHEUS_METRICS, { ...request, metric, by });
      }
      const asked = translateGlance(request, clock.nowUs(), scrape);
      if (asked === null) return { items: [], notes: [] };
      const { series, notes } = await ask(asked, request);
      const items = new Map<string, GlanceResult['items'][number]>();
      for (const { metric: labels, values } of series) {
        if (values.length === 0) continue;
        const key = request.by.map((label) => labels[label] ?? '');
        const item: GlanceResult['items'][number] = items.get(key.join('\0')) ?? {
          labels: Object.fromEntries(request.by.map((label, i) => [label, key[i]])),
          values: {},
        };
        item.values[labels.metric as MetricName] = values[0][1];
        items.set(key.join('\0'), item);
      }
      return { items: [...items].sort(([a], [b]) => order(a, b)).map(([, item]) => item), notes };
    },
    async close() {
      http.close();
    },
  };
}

const keyOf = (one: AnsweredSeries, by: string | null): string => (by === null ? '' : (one.metric[by] ?? ''));

/** A figure is evaluated at the end of its step and shown at its start. */
function points(one: AnsweredSeries, step: number): MetricPoint[] {
  return one.values.map(([seconds, value]) => [Math.round(seconds * 1000) - step / 1000, value]);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const cut = (there: number, limit: number): Note[] => (there > limit ? [{ code: 'limit_reached', limit }] : []);
