import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { Matches, Window } from './match-block.ts';
import { packedTransfer, packRecords, type RawRecord } from './packed-records.ts';
import type { ScanBlock, ScanRun } from './scan-block.ts';
import { NO_BOUND, type Operation, type ScanAnswer, type ScanControl, type ScanRequest } from './scan-request.ts';

type Top = Extract<Operation, { type: 'top' }>;

/**
 * Scalars: what records are chosen by, larger is better whatever the order: time or offset, negated for ascending order.
 * All threads of a scan share the best bound known: a record below it cannot be among the first `limit`.
 */
export interface TopRecords {
  /** Best scalar a span of times could hold, for choosing and skipping work. */
  bestOf(block: { first: number; last: number }): number;
  /** True when nothing with this scalar can be among the first any more. */
  hopeless(scalar: number): boolean;
  windowOf(run: ScanRun): Window | null;
  take(block: ScanBlock, matches: Matches): void;
  /** Blocks whose text is still needed for records that made it; `fill` reads one, or `drop` lets its records go. */
  missing(): ScanBlock[];
  fill(block: ScanBlock): void;
  drop(block: ScanBlock): void;
  answer(): { answer: ScanAnswer; transfer: ArrayBuffer[] };
}

/** The scalar a record must reach, known to all threads of a scan. */
export function sharedBound(control: ScanControl): { least(): number; raise(scalar: number): void } {
  return {
    least() {
      const shared = Atomics.load(control.bound, 0);
      return shared === NO_BOUND ? Number.NEGATIVE_INFINITY : Number(shared);
    },
    raise(scalar) {
      const value = BigInt(scalar);
      for (let old = Atomics.load(control.bound, 0); old < value; ) {
        const seen = Atomics.compareExchange(control.bound, 0, old, value);
        if (seen === old) return;
        old = seen;
      }
    },
  };
}

/** Up to this limit the best are sorted after every block, which gives a tight bound; beyond, when twice as many are held. */
const EAGER_LIMIT = 1_000;

export function createTopRecords(request: ScanRequest, control: ScanControl): TopRecords {
  const top = request.operation as Top;
  const sign = top.order === 'desc' ? 1 : -1;
  const byOffset = top.by === 'offset';
  const after = top.after;
  const slack = top.limit <= EAGER_LIMIT ? 1 : 2;
  let best: RawRecord[] = [];
  let bytes = 0;
  /** The first record let go because of `bytes`; nothing behind it may be given out. */
  let cut: RawRecord | null = null;
  const range = { from: request.from, to: request.to };
  if (after && !byOffset) {
    if (sign > 0) range.to = Math.min(range.to, after.time + 1);
    else range.from = Math.max(range.from, after.time);
  }

  const keys = top.keys && createKeySet(top.keys);

  const scalarOf = (time: number, offset: number): number => sign * (byOffset ? offset : time);
  const compare = byOffset
    ? (a: RawRecord, b: RawRecord) => sign * (b.offset - a.offset)
    : (a: RawRecord, b: RawRecord) => sign * (b.time - a.time || compareKeys(b, a));

  const { least: bound, raise } = sharedBound(control);

  /** Ties with `after` that do not come behind it, and records nobody named, must not take the places of records that count. */
  function counts({ rows, runs, runOf }: Matches, i: number): boolean {
    if (keys && !keys.holds(runs[runOf[i]], rows.times[i], rows.offsets[i])) return false;
    if (!after || byOffset || rows.times[i] !== after.time) return true;
    const { fid, gen } = runs[runOf[i]];
    return sign * compareKeys(after, { time: rows.times[i], fid, gen, offset: rows.offsets[i] }) > 0;
  }

  /** The least scalar that a record of the block needs: more than `limit` of one block need not be looked at. */
  function leastOf(matches: Matches): number {
    const { rows, records } = matches;
    const least = bound();
    if (records.length <= top.limit) return least;
    const scalars = new Float64Array(records.length);
    let n = 0;
    const column = byOffset ? rows.offsets : rows.times;
    for (let k = 0; k < records.length; k++) if (counts(matches, records[k])) scalars[n++] = sign * column[records[k]];
    return n <= top.limit ? least : Math.max(least, scalars.subarray(0, n).sort()[n - top.limit]);
  }

  /** Keeps the best `limit` records of at most `bytes`, in order. */
  function trim(): void {
    best.sort(compare);
    while (best.length > top.limit) bytes -= size(best.pop()!);
    while (bytes > top.bytes && best.length > 1) {
      const gone = best.pop()!;
      bytes -= size(gone);
      if (!cut || compare(gone, cut) < 0) cut = gone;
    }
    if (best.length < top.limit && !cut) return;
    const worst = best[best.length - 1];
    raise(scalarOf(worst.time, worst.offset));
  }

  function fill(block: ScanBlock): void {
    const text = block.text().bytes;
    for (const record of best) {
      if (record.from !== block) continue;
      record.bytes = Buffer.from(text.subarray(record.start, record.end));
      record.from = null;
    }
  }

  return {
    bestOf: ({ first, last }) => (byOffset ? Number.POSITIVE_INFINITY : sign > 0 ? last : -first),
    hopeless: (scalar) => scalar < bound(),
    windowOf(run) {
      const { file, notFile } = top;
      if (file && (run.fid !== file.fid || run.gen !== file.gen)) return null;
      if (keys && !keys.reaches(run)) return null;
      if (notFile && run.fid === notFile.fid && run.gen === notFile.gen) return null;
      const window = {
        ...range,
        lowest: file ? file.from : Number.NEGATIVE_INFINITY,
        highest: file ? file.to : Number.POSITIVE_INFINITY,
      };
      const least = bound();
      if (least === Number.NEGATIVE_INFINITY) return window;
      if (byOffset && sign > 0) window.lowest = Math.max(window.lowest, least);
      else if (byOffset) window.highest = Math.min(window.highest, -least + 1);
      else if (sign > 0) window.from = Math.max(window.from, least);
      else window.to = Math.min(window.to, -least + 1);
      return window;
    },
    take(block, matches) {
      const { rows, runs, records, runOf } = matches;
      const least = leastOf(matches);
      const before = best.length;
      for (let k = 0; k < records.length; k++) {
        const i = records[k];
        const time = rows.times[i];
        const offset = rows.offsets[i];
        if (scalarOf(time, offset) < least || !counts(matches, i)) continue;
        const { fid, gen, source } = runs[runOf[i]];
        const start = i === 0 ? 0 : rows.ends[i - 1];
        const end = rows.ends[i];
        const [flags, level] = [rows.flags[i], rows.levels[i]];
        best.push({ time, fid, gen, offset, flags, level, source, start, end, from: block, bytes: null });
        bytes += end - start;
      }
      if (best.length === before) return;
      if (best.length >= slack * top.limit || bytes > slack * top.bytes) trim();
      // Text that was read to match it is at hand now; text that was not may never be needed.
      if (block.textRead()) fill(block);
    },
    missing() {
      trim();
      const least = bound();
      best = best.filter(({ time, offset }) => scalarOf(time, offset) >= least);
      return [...new Set(best.flatMap(({ from }) => (from ? [from] : [])))];
    },
    fill,
    drop(block) {
      best = best.filter(({ from }) => from !== block);
    },
    answer() {
      const end = cut;
      const kept = end ? best.filter((record) => compare(record, end) < 0) : best;
      const records = packRecords(kept.filter(({ bytes: held }) => held !== null));
      best = [];
      return { answer: { type: 'top', records, cut: end !== null }, transfer: packedTransfer(records) };
    },
  };
}

/** The records asked for by name, by file. */
function createKeySet(keys: RecordKey[]) {
  const nameOf = (fid: string, gen: number): string => `${fid}${gen}`;
  const byFile = Map.groupBy(keys, ({ fid, gen }) => nameOf(fid, gen));
  return {
    reaches: (run: ScanRun): boolean =>
      byFile
        .get(nameOf(run.fid, run.gen))
        ?.some(
          ({ time, offset }) => time >= run.first && time <= run.last && offset >= run.lowest && offset <= run.highest,
        ) ?? false,
    holds: (run: ScanRun, at: number, place: number): boolean =>
      byFile.get(nameOf(run.fid, run.gen))?.some(({ time, offset }) => time === at && offset === place) ?? false,
  };
}

function size({ start, end }: RawRecord): number {
  return end - start;
}
