import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import type { PatternRequest, PatternResult, PatternSummary } from '../log-store.ts';
import { makeRecords, mergeRecords } from './merge-records.ts';
import type { PatternTally } from './pattern-tally.ts';
import { type ReadTools, type RecordReads, timedOut } from './record-reads.ts';
import { ALL } from './residual.ts';
import type { ScanOutcome } from './scan-pool.ts';
import type { Operation } from './scan-request.ts';

/** Message bytes of the samples that are fetched at once; longer ones are fetched one by one. */
const SAMPLE_BYTES = 8 << 20;

/** Counts from the stored patterns, then the newest record of each pattern of the answer, read in one more scan. */
export async function readPatterns(
  tools: ReadTools & { records: RecordReads },
  request: PatternRequest,
): Promise<PatternResult> {
  const started = performance.now();
  const { query, from, to, size, interval = null } = request;
  const { catalog, pool } = tools;
  const snapshot = catalog.snapshot(from, to, 'any');
  try {
    const counted = await pool.scan({ query, from, to, operation: { type: 'patterns', interval } }, snapshot, request);
    if (counted.timedOut) throw timedOut();
    const { merged, incomplete } = mergePatterns(counted);
    const kept = [...merged.values()];
    kept.sort((a, b) => b.count - a.count || a.high - b.high || a.low - b.low);
    kept.length = Math.min(kept.length, size);
    const samples = await readSamples(kept.map(({ newest }) => newest));
    const { blocksRead, blocksTotal, bytesRead } = counted.stats;
    const notes = tools.damageNotes(counted.damaged);
    if (incomplete) notes.push({ code: 'lower_bound' });
    return {
      // A sample can only be missing where the disk has lost it, which the notes tell.
      patterns: kept.flatMap((one, i) => (samples[i] ? [summaryOf(one, samples[i], from, interval)] : [])),
      total: merged.size,
      notes,
      stats: { tookMs: performance.now() - started, blocksRead, blocksTotal, bytesRead },
    };
  } finally {
    snapshot.release();
  }

  async function readSamples(keys: RecordKey[]): Promise<(LogRecord | null)[]> {
    if (keys.length === 0) return [];
    const range = {
      from: Math.min(...keys.map(({ time }) => time)),
      to: Math.max(...keys.map(({ time }) => time)) + 1,
    };
    const limit = keys.length;
    const operation: Operation = { type: 'top', by: 'time', order: 'desc', limit, bytes: SAMPLE_BYTES, keys };
    const outcome = await pool.scan({ query: ALL, ...range, operation }, snapshot, { signal: request.signal });
    const answers = outcome.answers.filter((answer) => answer.type === 'top');
    const found = await mergeRecords(answers, 'desc', 'time', limit);
    const records = await makeRecords(found, 0, found.length);
    const out: (LogRecord | null)[] = [];
    for (const key of keys) {
      const near = records.find((record) => compareKeys(record, key) === 0);
      out.push(near ?? (await tools.records.get(key, ALL, { signal: request.signal })));
    }
    return out;
  }
}

function mergePatterns({ answers }: ScanOutcome): { merged: Map<string, PatternTally>; incomplete: boolean } {
  const merged = new Map<string, PatternTally>();
  let incomplete = false;
  for (const answer of answers) {
    if (answer.type !== 'patterns') continue;
    incomplete ||= answer.incomplete;
    for (const one of answer.patterns) {
      const name = nameOf(one);
      const known = merged.get(name);
      if (!known) {
        merged.set(name, one);
        continue;
      }
      known.count += one.count;
      known.first = Math.min(known.first, one.first);
      if (compareKeys(one.newest, known.newest) > 0) known.newest = one.newest;
      known.apps.push(...one.apps);
      known.buckets.push(...one.buckets);
    }
  }
  return { merged, incomplete };
}

function nameOf({ high, low }: PatternTally): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function summaryOf(one: PatternTally, sample: LogRecord, from: number, interval: number | null): PatternSummary {
  const { count, first, newest } = one;
  const apps = Object.fromEntries(sums(one.apps));
  const summary: PatternSummary = { pattern: nameOf(one), count, first, last: newest.time, sample, apps };
  if (interval === null) return summary;
  const origin = Math.floor(from / interval);
  const buckets = [...sums(one.buckets)].sort(([a], [b]) => a - b);
  summary.buckets = buckets.map(([at, n]) => ({ time: (origin + at) * interval, count: n }));
  return summary;
}

function sums<K>(pairs: [K, number][]): Map<K, number> {
  const out = new Map<K, number>();
  for (const [key, n] of pairs) out.set(key, (out.get(key) ?? 0) + n);
  return out;
}
