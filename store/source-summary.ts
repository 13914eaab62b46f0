import type { Source } from '../model/source.ts';
import type { SourceSummary } from './log-store.ts';

/** What a source holds before any record is counted. */
export function emptySummary(source: Source): SourceSummary {
  return {
    source,
    first: Number.POSITIVE_INFINITY,
    last: Number.NEGATIVE_INFINITY,
    records: 0,
    levels: Array(7).fill(0),
  };
}
