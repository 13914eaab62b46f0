import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { Matches } from './match-block.ts';
import { createPatternIds } from './patterns-section.ts';
import type { ScanRequest } from './scan-request.ts';
import { bucketCount, type Tally } from './tallies.ts';

/** What one thread saw of a pattern. */
export interface PatternTally {
  high: number;
  low: number;
  count: number;
  first: number;
  newest: RecordKey;
  apps: [string, number][];
  /** Number of the bucket from the one that holds `from`, and its count; ascending. */
  buckets: [number, number][];
}

/** Patterns a thread keeps. A fleet has some thousands; lines made to differ must not fill its memory. */
const MOST_PATTERNS = 50_000;
/** Counts of one pattern in one bucket that a thread keeps. */
const MOST_CELLS = 2_000_000;

/** Counts matching records by their pattern; reads no text of segments. */
export function createPatternTally(request: ScanRequest): Tally {
  const { interval } = request.operation as Extract<ScanRequest['operation'], { type: 'patterns' }>;
  const ids = createPatternIds(MOST_PATTERNS);
  const seen: Omit<PatternTally, 'high' | 'low' | 'apps' | 'buckets'>[] = [];
  const apps: Map<string, number>[] = [];
  const size = interval === null ? 0 : bucketCount(request.from, request.to, interval);
  const origin = interval === null ? 0 : Math.floor(request.from / interval);
  const cells = new Map<number, number>();
  let incomplete = false;
  let local = new Int32Array(0);
  let counts = new Uint32Array(0);

  /** The pattern's number in this tally, or -1 when there are too many. */
  function numberOf(high: number, low: number): number {
    const id = ids.idOf(high, low);
    if (id < 0) incomplete = true;
    if (id === seen.length) {
      seen.push({ count: 0, first: Number.POSITIVE_INFINITY, newest: { time: -1, fid: '', gen: 0, offset: 0 } });
      apps.push(new Map());
    }
    return id;
  }

  function addCell(id: number, time: number): void {
    const key = id * size + Math.floor(time / interval!) - origin;
    const old = cells.get(key);
    if (old === undefined && cells.size >= MOST_CELLS) incomplete = true;
    else cells.set(key, (old ?? 0) + 1);
  }

  /** Records [from, to) of `records` are of one run. */
  function addRun(matches: Matches, indices: Uint32Array, from: number, to: number): void {
    const { rows, runs, records, runOf } = matches;
    const { source, fid, gen } = runs[runOf[records[from]]];
    const { times, offsets } = rows;
    const touched: number[] = [];
    for (let k = from; k < to; k++) {
      const i = records[k];
      const id = local[indices[i]];
      if (id < 0) continue;
      if (counts[indices[i]]++ === 0) touched.push(indices[i]);
      const time = times[i];
      const one = seen[id];
      if (time < one.first) one.first = time;
      if (time >= one.newest.time) {
        const key = { time, fid, gen, offset: offsets[i] };
        if (time > one.newest.time || compareKeys(key, one.newest) > 0) one.newest = key;
      }
      if (size > 0) addCell(id, time);
    }
    for (const index of touched) {
      const id = local[index];
      seen[id].count += counts[index];
      apps[id].set(source.app, (apps[id].get(source.app) ?? 0) + counts[index]);
      counts[index] = 0;
    }
  }

  return {
    byMinutes: false,
    addMinute() {},
    add(block, matches) {
      const { words, indices } = block.patterns();
      const { records, runOf } = matches;
      const distinct = words.length / 2;
      if (counts.length < distinct) counts = new Uint32Array(2 * distinct);
      local = new Int32Array(distinct).fill(-2);
      for (const i of records) {
        const index = indices[i];
        if (local[index] === -2) local[index] = numberOf(words[2 * index], words[2 * index + 1]);
      }
      for (let from = 0; from < records.length; ) {
        let to = from + 1;
        while (to < records.length && runOf[records[to]] === runOf[records[from]]) to++;
        addRun(matches, indices, from, to);
        from = to;
      }
    },
    answer() {
      const buckets: [number, number][][] = seen.map(() => []);
      for (const [key, count] of [...cells].sort(([a], [b]) => a - b))
        buckets[Math.floor(key / size)].push([key % size, count]);
      const patterns = seen.map((one, id) => ({
        ...one,
        high: ids.words[2 * id],
        low: ids.words[2 * id + 1],
        apps: [...apps[id]],
        buckets: buckets[id],
      }));
      return { answer: { type: 'patterns', patterns, incomplete }, transfer: [] };
    },
  };
}
