import { createPatternHash } from '../../model/pattern.ts';
import { compareKeys } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import type { PatternRequest, PatternResult, PatternSummary } from '../log-store.ts';
import { composite } from './composite.ts';
import { HIT_FIELDS, type Hit, type HitReader } from './hits.ts';
import { ask, type Limits, limitsOf, type Reading, runtimeOf, statsSince, translated, within } from './reading.ts';
import type { RecordReads } from './record-reads.ts';
import type { Translation } from './translate.ts';
import { type Clause, term } from './translate-text.ts';
import { eachMatch } from './verified-reads.ts';

/** Patterns described in one request: each brings a sample, which may be a long line. */
const AT_ONCE = 50;
const MOST_APPS = 1_000;

interface Description {
  first: { value: number };
  last: { value: number };
  apps: { sum_other_doc_count: number; buckets: { key: string; doc_count: number }[] };
  times?: { buckets: { key: number; doc_count: number }[] };
  sample: { hits: { hits: Hit[] } };
}

/** Counts by the stored pattern: first all of them, exactly, then what else is asked about the most frequent. */
export function createPatternReads(
  reading: Reading,
  reads: RecordReads,
  hits: HitReader,
): (request: PatternRequest) => Promise<PatternResult> {
  async function counted(
    request: PatternRequest,
    translation: Translation,
    limits: Limits,
  ): Promise<Omit<PatternResult, 'stats'>> {
    const frame = {
      size: 0,
      track_total_hits: false,
      ...runtimeOf(translation),
      query: within(request, translation.clause),
    };
    const counts: { pattern: string; count: number }[] = [];
    const sources = [{ pattern: { terms: { field: 'pattern' } } }];
    for await (const { key, doc_count } of composite(reading, request, frame, sources, limits)) {
      counts.push({ pattern: key.pattern as string, count: doc_count });
    }
    const total = counts.length;
    counts.sort((a, b) => b.count - a.count || (a.pattern < b.pattern ? -1 : 1));
    counts.length = Math.min(counts.length, request.size);
    const patterns: PatternSummary[] = [];
    for (let i = 0; i < counts.length; i += AT_ONCE) {
      patterns.push(...(await described(request, translation, limits, counts.slice(i, i + AT_ONCE))));
    }
    return { patterns, total, notes: [] };
  }

  async function described(
    request: PatternRequest,
    translation: Translation,
    limits: Limits,
    counts: { pattern: string; count: number }[],
  ): Promise<PatternSummary[]> {
    const { interval } = request;
    const asked: Clause = { terms: { pattern: counts.map(({ pattern }) => pattern) } };
    const newest = ['time', 'fid', 'gen', 'offset'].map((field) => ({ [field]: 'desc' }));
    const aggs = {
      first: { min: { field: 'time' } },
      last: { max: { field: 'time' } },
      apps: { terms: { field: 'app', size: MOST_APPS } },
      sample: { top_hits: { size: 1, sort: newest, ...HIT_FIELDS } },
      ...(interval === undefined ? {} : { times: { histogram: { field: 'time', interval, min_doc_count: 1 } } }),
    };
    const body = {
      size: 0,
      track_total_hits: false,
      ...runtimeOf(translation),
      query: within(request, asked, translation.clause),
      // One filter a pattern: exact over any number of shards.
      aggs: { of: { filters: { filters: counts.map(({ pattern }) => term('pattern', pattern)) }, aggs } },
    };
    const { aggregations } = await ask<{ aggregations?: { of: { buckets: Description[] } } }>(
      reading,
      request,
      body,
      limits,
    );
    const found = aggregations?.of.buckets ?? [];
    return counts.flatMap(({ pattern, count }, i) => {
      const hit = found[i]?.sample.hits.hits[0];
      // Retention may have taken it between the two requests.
      return hit ? [{ pattern, count, ...summaryOf(found[i], hits.record(hit), interval) }] : [];
    });
  }

  return async (request) => {
    const started = performance.now();
    const limits = limitsOf(request);
    return translated(request.query, async (translation) => {
      const result = translation.verify
        ? await read(reads, request, translation, limits)
        : await counted(request, translation, limits);
      return { ...result, stats: statsSince(started) };
    });
  };
}

type Summary = Omit<PatternSummary, 'pattern' | 'count'>;

function summaryOf(one: Description, sample: LogRecord, interval: number | undefined): Summary {
  const summary: Summary = {
    first: one.first.value,
    last: one.last.value,
    sample,
    apps: Object.fromEntries(one.apps.buckets.map(({ key, doc_count }) => [key, doc_count])),
  };
  if (interval !== undefined) {
    summary.buckets = (one.times?.buckets ?? []).map(({ key, doc_count }) => ({ time: key, count: doc_count }));
  }
  return summary;
}

/** The same, record by record. */
async function read(
  reads: RecordReads,
  request: PatternRequest,
  translation: Translation,
  limits: Limits,
): Promise<Omit<PatternResult, 'stats'>> {
  interface Tally {
    count: number;
    first: number;
    sample: LogRecord;
    apps: Map<string, number>;
    times: Map<number, number>;
  }
  const tallies = new Map<string, Tally>();
  const { interval, size } = request;
  function one<K>(counts: Map<K, number>, key: K): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const hash = createPatternHash();
  const out = new Uint32Array(2);
  const notes = await eachMatch(reads, request, translation, limits, (record) => {
    const bytes = record.raw ? Buffer.from(record.raw, 'base64') : Buffer.from(record.message);
    hash(bytes, 0, bytes.length, out, 0);
    const pattern = [...out].map((word) => word.toString(16).padStart(8, '0')).join('');
    let tally = tallies.get(pattern);
    if (!tally) {
      tally = { count: 0, first: record.time, sample: record, apps: new Map(), times: new Map() };
      tallies.set(pattern, tally);
    }
    tally.count++;
    tally.first = Math.min(tally.first, record.time);
    if (compareKeys(record, tally.sample) > 0) tally.sample = record;
    one(tally.apps, record.source.app);
    if (interval !== undefined) one(tally.times, Math.floor(record.time / interval) * interval);
  });
  const patterns = [...tallies]
    .sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))
    .slice(0, size)
    .map(([pattern, { count, first, sample, apps, times }]) => {
      const summary: PatternSummary = {
        pattern,
        count,
        first,
        last: sample.time,
        sample,
        apps: Object.fromEntries(apps),
      };
      if (interval === undefined) return summary;
      const buckets = [...times].map(([time, n]) => ({ time, count: n })).sort((a, b) => a.time - b.time);
      return { ...summary, buckets };
    });
  return { patterns, total: tallies.size, notes };
}
