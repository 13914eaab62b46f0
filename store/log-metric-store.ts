import type { Clock } from '../model/clock.ts';
import { FleetlogError } from '../model/errors.ts';
import { matchesAnything } from '../model/glob.ts';
import { and, fieldGlob, or } from '../model/query/build.ts';
import { withoutEvents } from '../model/query/defaults.ts';
import type { Query } from '../model/query/tree.ts';
import type { GroupKey, HistogramResult, LogStore } from './log-store.ts';
import { checkMetricRequest } from './metric-request.ts';
import { finishedSteps, partOfStep, peakStep } from './metric-steps.ts';
import type { MetricFilter, MetricLabel, MetricName, MetricRequest, MetricStore } from './metric-store.ts';

const METRICS: readonly MetricName[] = ['log_lines_per_second'];
/** µs; a line is searchable this long after it was written, as a rule. A step is not finished earlier. */
const SETTLE = 2e6;
const RESOLUTION = 1e6;

/** What it needs of a log store. */
type Histograms = Pick<LogStore, 'histogram'>;

/**
 * The figures a log store has by itself, exact: lines a second, counted from the stored lines by their own times (lines older than their
 * arrival count where they belong). It keeps nothing and so closes nothing.
 */
export function createLogMetricStore(options: { store: Histograms; clock: Clock }): MetricStore {
  const { store, clock } = options;

  async function lines(
    request: MetricRequest & { by: MetricLabel | null },
    range: { from: number; to: number },
    interval: number,
  ): Promise<{ byKey: Map<string, Float64Array>; notes: HistogramResult['notes'] }> {
    const { buckets, notes } = await store.histogram({
      query: treeOf(request),
      ...range,
      interval,
      by: (request.by ?? 'none') as GroupKey,
      signal: request.signal,
      timeoutMs: request.timeoutMs,
    });
    const byKey = new Map<string, Float64Array>();
    buckets.forEach(({ counts }, i) => {
      for (const [key, count] of Object.entries(counts)) {
        let counted = byKey.get(key);
        if (!counted) byKey.set(key, (counted = new Float64Array(buckets.length)));
        counted[i] = count;
      }
    });
    return { byKey, notes };
  }

  return {
    metrics: METRICS,
    resolutionOf: () => RESOLUTION,
    async series(request) {
      checkMetricRequest(METRICS, request);
      const { by, step, limit } = request;
      const range = finishedSteps(request, clock.nowUs() - SETTLE);
      const answer = { unit: 'lines/s' as const, series: [], notes: [] };
      if (range.from === range.to) return answer;
      const part = partOfStep(step, request.to - request.from);
      const { byKey, notes } = await lines(request, range, part);
      const parts = step / part;
      const found = [...byKey].map(([key, counts]) => ({ key, counts, peak: highest(counts, 0, counts.length) }));
      found.sort((a, b) => b.peak - a.peak || order(a.key, b.key));
      const series = found
        .slice(0, limit)
        .sort((a, b) => order(a.key, b.key))
        .map(({ key, counts }) => ({
          labels: by === null ? {} : { [by]: key },
          points: Array.from({ length: counts.length / parts }, (_, i): [number, number] => [
            (range.from + i * step) / 1000,
            highest(counts, i * parts, (i + 1) * parts) / (part / 1e6),
          ]),
        }));
      return { ...answer, series, notes: [...notes, ...cut(found.length, limit)] };
    },
    async top(request) {
      checkMetricRequest(METRICS, request);
      const step = peakStep(request.to - request.from);
      const range = finishedSteps({ ...request, step }, clock.nowUs() - SETTLE);
      if (range.from === range.to) return { unit: 'lines/s', items: [], notes: [] };
      const { byKey, notes } = await lines(request, range, step);
      const items = [...byKey].map(([key, counts]) => ({
        key,
        average: counts.reduce((sum, count) => sum + count, 0) / ((range.to - range.from) / 1e6),
        peak: highest(counts, 0, counts.length) / (step / 1e6),
      }));
      items.sort((a, b) => b.average - a.average || order(a.key, b.key));
      return {
        unit: 'lines/s',
        items: items.slice(0, request.limit),
        notes: [...notes, ...cut(items.length, request.limit)],
      };
    },
    async glance() {
      throw new FleetlogError('bad_request', 'cannot give figures of containers: this store counts lines');
    },
    close: async () => {},
  };
}

function treeOf(request: MetricRequest): Query {
  const scopes = request.scopes.map((list) =>
    or(...list.map((scope) => and(pattern('app', scope.app), pattern('env', scope.env)))),
  );
  const filters = (Object.keys(request.filter) as (keyof MetricFilter)[]).map((label) => {
    const patterns = request.filter[label];
    return patterns === undefined ? ALL : or(...patterns.map((one) => pattern(label, one)));
  });
  return withoutEvents(and(...scopes, ...filters));
}

const ALL: Query = { type: 'all' };

/** A pattern that every value matches must not ask for one. */
function pattern(field: string, value: string): Query {
  return matchesAnything(value) ? ALL : fieldGlob(field, value);
}

function highest(counts: Float64Array, from: number, to: number): number {
  let peak = 0;
  for (let i = from; i < to; i++) if (counts[i] > peak) peak = counts[i];
  return peak;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const cut = (there: number, limit: number) => (there > limit ? [{ code: 'limit_reached', limit }] : []);
