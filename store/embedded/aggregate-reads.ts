import { sourceKey } from '../../model/source.ts';
import type {
  CountResult,
  FacetRequest,
  FacetResult,
  HistogramRequest,
  HistogramResult,
  Note,
  QueryStats,
  RangeRequest,
  SourceSummary,
} from '../log-store.ts';
import { MINUTE_US } from './minute-counts.ts';
import { type ReadTools, timedOut } from './record-reads.ts';
import type { Operation, ScanAnswer } from './scan-request.ts';
import { bucketCount } from './tallies.ts';

/** One bucket for any range (some 190 years), of whole minutes, so that minute counts can answer. */
const ONE_BUCKET = MINUTE_US * 1e8;

export interface AggregateReads {
  count(request: RangeRequest): Promise<CountResult>;
  histogram(request: HistogramRequest): Promise<HistogramResult>;
  facets(request: FacetRequest): Promise<FacetResult>;
  sources(request: RangeRequest): Promise<SourceSummary[]>;
}

export function createAggregateReads(tools: ReadTools): AggregateReads {
  async function scan<T extends ScanAnswer['type']>(
    type: T,
    operation: Operation,
    request: RangeRequest,
  ): Promise<{ answers: Extract<ScanAnswer, { type: T }>[]; notes: Note[]; stats: QueryStats }> {
    const started = performance.now();
    const { query, from, to } = request;
    const snapshot = tools.catalog.snapshot(from, to, 'any');
    try {
      const outcome = await tools.pool.scan({ query, from, to, operation }, snapshot, request);
      if (outcome.timedOut) throw timedOut();
      const answers = outcome.answers.filter((one): one is Extract<ScanAnswer, { type: T }> => one.type === type);
      const stats = { tookMs: performance.now() - started, ...outcome.stats };
      return { answers, notes: tools.damageNotes(outcome.damaged), stats };
    } finally {
      snapshot.release();
    }
  }

  async function histogram(request: HistogramRequest): Promise<HistogramResult> {
    const { from, to, interval, by } = request;
    const { answers, notes, stats } = await scan('histogram', { type: 'histogram', interval, by }, request);
    const origin = Math.floor(from / interval);
    const buckets = Array.from({ length: bucketCount(from, to, interval) }, (_, i) => ({
      time: (origin + i) * interval,
      counts: {} as Record<string, number>,
    }));
    for (const { groups } of answers)
      for (const [name, counts] of groups.toSorted(([a], [b]) => (a < b ? -1 : 1)))
        for (let i = 0; i < counts.length; i++)
          if (counts[i] > 0) setOwn(buckets[i].counts, name, (ownOf(buckets[i].counts, name) ?? 0) + counts[i]);
    return { buckets, notes, stats };
  }

  return {
    histogram,
    async count(request) {
      const { buckets, notes, stats } = await histogram({ ...request, interval: ONE_BUCKET, by: 'none' });
      const count = buckets.reduce((sum, { counts }) => sum + (counts.all ?? 0), 0);
      return { count, notes, stats };
    },
    async facets(request) {
      const { fields, size } = request;
      const { answers, notes, stats } = await scan('facets', { type: 'facets', fields }, request);
      const facets: FacetResult['facets'] = Object.create(null);
      for (const field of fields) {
        const counts = new Map<string, number>();
        for (const answer of answers)
          for (const [value, n] of answer.fields.find(([name]) => name === field)?.[1] ?? [])
            counts.set(value, (counts.get(value) ?? 0) + n);
        const all = [...counts].map(([value, count]) => ({ value, count }));
        all.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
        facets[field] = all.slice(0, size);
        if (answers.some(({ incomplete }) => incomplete.includes(field))) notes.push({ code: 'lower_bound', field });
      }
      return { facets, notes, stats };
    },
    async sources(request) {
      const { answers } = await scan('sources', { type: 'sources' }, request);
      const merged = new Map<string, SourceSummary>();
      for (const summary of answers.flatMap(({ sources }) => sources)) {
        const key = sourceKey(summary.source);
        const known = merged.get(key);
        if (!known) {
          merged.set(key, summary);
          continue;
        }
        known.first = Math.min(known.first, summary.first);
        known.last = Math.max(known.last, summary.last);
        known.records += summary.records;
        known.levels = known.levels.map((n, i) => n + summary.levels[i]);
      }
      return [...merged.values()];
    },
  };
}

/** Group names are the users' (an app may be called `__proto__`): own properties only. */
function setOwn(counts: Record<string, number>, name: string, value: number): void {
  Object.defineProperty(counts, name, { value, writable: true, enumerable: true, configurable: true });
}

function ownOf(counts: Record<string, number>, name: string): number | undefined {
  return Object.hasOwn(counts, name) ? counts[name] : undefined;
}
