import { levelName } from '../../model/level.ts';
import { NO_LEVEL_KEY } from '../../model/query/build.ts';
import type { LogRecord } from '../../model/record.ts';
import type { CountResult, GroupKey, HistogramRequest, HistogramResult, RangeRequest } from '../log-store.ts';
import { elasticsearchReason } from './client-errors.ts';
import { composite } from './composite.ts';
import { ask, type Limits, limitsOf, type Reading, runtimeOf, statsSince, translated, within } from './reading.ts';
import type { RecordReads } from './record-reads.ts';
import type { Translation } from './translate.ts';
import { eachMatch } from './verified-reads.ts';

/** Groups of one answer; more are counted page by page. */
const MOST_GROUPS = 1_000;

export interface CountReads {
  count(request: RangeRequest): Promise<CountResult>;
  histogram(request: HistogramRequest): Promise<HistogramResult>;
}

interface Bucket {
  key: number;
  doc_count: number;
}
interface Groups {
  doc_count_error_upper_bound: number;
  sum_other_doc_count: number;
  buckets: { key: string | number; doc_count: number; times: { buckets: Bucket[] } }[];
}

export function createCountReads(reading: Reading, reads: RecordReads): CountReads {
  async function histogram(request: HistogramRequest): Promise<HistogramResult> {
    const started = performance.now();
    const limits = limitsOf(request);
    const { from, to, interval, by } = request;
    const origin = Math.floor(from / interval);
    const size = to <= from ? 0 : Math.floor((to - 1) / interval) - origin + 1;
    return translated(request.query, async (translation) => {
      const buckets = Array.from({ length: size }, (_, i) => ({
        time: (origin + i) * interval,
        counts: {} as Record<string, number>,
      }));
      const add = (time: number, name: string, count: number): void => {
        const counts = buckets[Math.floor(time / interval) - origin].counts;
        // Group names are the users' (an app may be called `__proto__`): own properties only.
        const value = (Object.hasOwn(counts, name) ? counts[name] : 0) + count;
        Object.defineProperty(counts, name, { value, writable: true, enumerable: true, configurable: true });
      };
      const notes = translation.verify
        ? await eachMatch(reads, request, translation, limits, (record) => add(record.time, groupOf(record, by), 1))
        : [];
      if (!translation.verify && size > 0) await counted(request, translation, limits, add);
      return { buckets, notes, stats: statsSince(started) };
    });
  }

  type Add = (time: number, name: string, count: number) => void;

  async function counted(request: HistogramRequest, translation: Translation, limits: Limits, add: Add): Promise<void> {
    const { interval, by } = request;
    const times = { histogram: { field: 'time', interval, min_doc_count: 1 } };
    const frame = {
      size: 0,
      track_total_hits: false,
      ...runtimeOf(translation),
      query: within(request, translation.clause),
    };
    if (by === 'none') {
      const body = { ...frame, aggs: { times } };
      const answer = await ask<{ aggregations?: { times: { buckets: Bucket[] } } }>(reading, request, body, limits);
      for (const { key, doc_count } of answer.aggregations?.times.buckets ?? []) add(key, 'all', doc_count);
      return;
    }
    const terms = { field: by, size: MOST_GROUPS, ...(by === 'level' ? {} : { missing: '' }) };
    const body = { ...frame, aggs: { groups: { terms, aggs: { times } } } };
    try {
      const answer = await ask<{ aggregations?: { groups: Groups } }>(reading, request, body, limits);
      const groups = answer.aggregations?.groups;
      if (!groups) return;
      if (groups.sum_other_doc_count === 0 && groups.doc_count_error_upper_bound === 0) {
        for (const group of groups.buckets)
          for (const { key, doc_count } of group.times.buckets) add(key, groupName(by, group.key), doc_count);
        return;
      }
    } catch (error) {
      if (!/too_many_buckets/.test(elasticsearchReason(error)?.type ?? '')) throw error;
    }
    const sources = [
      { time: { histogram: { field: 'time', interval } } },
      { group: { terms: { field: by, missing_bucket: true } } },
    ];
    for await (const { key, doc_count } of composite(reading, request, frame, sources, limits)) {
      add(key.time as number, groupName(by, key.group ?? ''), doc_count);
    }
  }

  return {
    histogram,
    async count(request) {
      const started = performance.now();
      const limits = limitsOf(request);
      return translated(request.query, async (translation) => {
        let count = 0;
        if (translation.verify) {
          const notes = await eachMatch(reads, request, translation, limits, () => count++);
          return { count, notes, stats: statsSince(started) };
        }
        const body = {
          size: 0,
          track_total_hits: true,
          ...runtimeOf(translation),
          query: within(request, translation.clause),
        };
        const answer = await ask<{ hits: { total: { value: number } } }>(reading, request, body, limits);
        return { count: answer.hits.total.value, notes: [], stats: statsSince(started) };
      });
    },
  };
}

/** Name of the group a record counts under. */
export function groupOf(record: LogRecord, by: GroupKey): string {
  if (by === 'none') return 'all';
  return by === 'level' ? (record.level ?? NO_LEVEL_KEY) : record.source[by];
}

function groupName(by: GroupKey, key: string | number): string {
  return by === 'level' ? (levelName(Number(key)) ?? NO_LEVEL_KEY) : String(key);
}
