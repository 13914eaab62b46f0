import type { LogRecord } from '../../model/record.ts';
import type { Note, RangeRequest } from '../log-store.ts';
import { isTimeout, type Limits } from './reading.ts';
import type { RecordReads } from './record-reads.ts';
import type { Translation } from './translate.ts';

/** Candidates a count looks at, one by one; beyond it the answer is a lower bound. Some 15 s of fetching. */
const MOST_CANDIDATES = 1_000_000;
/** Share of the time limit after which counting stops, so that an answer is given instead of an error. */
const SHARE = 0.9;

/**
 * Hands on every record that really matches, read one by one, for counts that the cluster itself cannot make. Gives the note that says
 * so when it had to stop before the end.
 */
export async function eachMatch(
  reads: RecordReads,
  request: RangeRequest,
  translation: Translation,
  limits: Limits,
  take: (record: LogRecord) => void,
): Promise<Note[]> {
  const started = performance.now();
  const deadline = limits.deadline === undefined ? undefined : started + (limits.deadline - started) * SHARE;
  const seen = { records: 0 };
  try {
    const { from, to } = request;
    for await (const records of reads.stream({ from, to, order: 'desc', translation, seen }, { ...limits, deadline })) {
      for (const record of records) take(record);
      if (seen.records >= MOST_CANDIDATES) return [{ code: 'lower_bound' }];
    }
    return [];
  } catch (error) {
    if (!isTimeout(error)) throw error;
    return [{ code: 'lower_bound' }];
  }
}
