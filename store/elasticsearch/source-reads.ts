import { levelOrdinal } from '../../model/level.ts';
import type { LogRecord } from '../../model/record.ts';
import { type Source, sourceKey } from '../../model/source.ts';
import type { RangeRequest, SourceSummary } from '../log-store.ts';
import { emptySummary } from '../source-summary.ts';
import { type CompositeBucket, composite } from './composite.ts';
import { limitsOf, type Reading, runtimeOf, translated, within } from './reading.ts';
import type { RecordReads } from './record-reads.ts';
import { eachMatch } from './verified-reads.ts';

interface SourceBucket extends CompositeBucket {
  first: { value: number };
  last: { value: number };
  levels: { buckets: { key: number; doc_count: number }[] };
}

/** Sources with records in the range, counted by the term that holds the whole source. */
export function createSourceReads(
  reading: Reading,
  reads: RecordReads,
): (request: RangeRequest) => Promise<SourceSummary[]> {
  return async (request) => {
    const limits = limitsOf(request);
    return translated(request.query, async (translation) => {
      const summaries = new Map<string, SourceSummary>();
      if (translation.verify) {
        await eachMatch(reads, request, translation, limits, (record) => addRecord(summaries, record));
        return [...summaries.values()];
      }
      const frame = {
        size: 0,
        track_total_hits: false,
        ...runtimeOf(translation),
        query: within(request, translation.clause),
      };
      const aggs = {
        first: { min: { field: 'time' } },
        last: { max: { field: 'time' } },
        levels: { terms: { field: 'level', size: 7 } },
      };
      const sources = [{ source: { terms: { field: 'source' } } }];
      for await (const bucket of composite(reading, request, frame, sources, limits, aggs)) {
        const { key, doc_count, first, last, levels } = bucket as SourceBucket;
        const summary = summaryOf(summaries, JSON.parse(key.source as string) as Source);
        summary.first = Math.min(summary.first, first.value);
        summary.last = Math.max(summary.last, last.value);
        summary.records += doc_count;
        for (const level of levels.buckets) summary.levels[level.key] += level.doc_count;
      }
      return [...summaries.values()];
    });
  };
}

/** One summary a source, in whatever order its JSON was written. */
function summaryOf(summaries: Map<string, SourceSummary>, source: Source): SourceSummary {
  const key = sourceKey(source);
  let summary = summaries.get(key);
  if (!summary) {
    summary = emptySummary(source);
    summaries.set(key, summary);
  }
  return summary;
}

function addRecord(summaries: Map<string, SourceSummary>, record: LogRecord): void {
  const summary = summaryOf(summaries, record.source);
  summary.first = Math.min(summary.first, record.time);
  summary.last = Math.max(summary.last, record.time);
  summary.records++;
  summary.levels[levelOrdinal(record.level)]++;
}
