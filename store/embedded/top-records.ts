import { compareKeys } from '../../model/position.ts';
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
  answer(): { answer: ScanAnswer; transfer: ArrayBuffer[] };
}

export function createTopRecords(request: ScanRequest, control: ScanControl): TopRecords {
  const top = request.operation as Top;
  const sign = top.order === 'desc' ? 1 : -1;
  const byOffset = top.by === 'offset';
  const after = top.after;
  let best: RawRecord[] = [];
  let bytes = 0;
  /** The first record let go because of `bytes`; nothing behind it may be given out. */
  let cut: RawRecord | null = null;
  const range = { from: request.from, to: request.to };
  if (after && !byOffset) {
    if (sign > 0) range.to = Math.min(range.to, after.time + 1);
    else range.from = Math.max(range.from, after.time);
  }

  const scalarOf = (time: number, offset: number): number => sign * (byOffset ? offset : time);
  const compare = byOffset
    ? (a: RawRecord, b: RawRecord) => sign * (b.offset - a.offset)
    : (a: RawRecord, b: RawRecord) => sign * compareKeys(b, a);

  function bound(): number {
    const shared = Atomics.load(control.bound, 0);
    return shared === NO_BOUND ? Number.NEGATIVE_INFINITY : Number(shared);
  }

  function raise(scalar: number): void {
    const value = BigInt(scalar);
    for (let old = Atomics.load(control.bound, 0); old < value; ) {
      const seen = Atomics.compareExchange(control.bound, 0, old, value);
      if (seen === old) return;
      old = seen;
    }
  }

  /** Indexes of the records of a block that may be among the first. */
  function candidates({ rows, runs, records, runOf }: Matches): Uint32Array {
    let kept = records;
    // Ties with `after` go first: they must not take the places of records behind it.
    if (after && !byOffset)
      kept = records.filter((i) => {
        const time = rows.times[i];
        if (time !== after.time) return true;
        const { fid, gen } = runs[runOf[i]];
        return sign * compareKeys(after, { time, fid, gen, offset: rows.offsets[i] }) > 0;
      });
    const scalars = Float64Array.from(kept, (i) => scalarOf(rows.times[i], rows.offsets[i]));
    let least = bound();
    if (kept.length > top.limit) least = Math.max(least, scalars.toSorted()[kept.length - top.limit]);
    return least === Number.NEGATIVE_INFINITY ? kept : kept.filter((_, k) => scalars[k] >= least);
  }

  function trim(): void {
    best.sort(compare);
    for (const gone of best.slice(top.limit)) bytes -= gone.bytes?.length ?? 0;
    best.length = Math.min(best.length, top.limit);
  }

  /** Copies the messages of records that are new among the best; takes those records back when the text is damaged. */
  function fill(block: ScanBlock, rows: Matches['rows'], places: Map<RawRecord, number>): void {
    try {
      for (const record of best) {
        if (record.bytes !== null) continue;
        const i = places.get(record)!;
        record.bytes = Buffer.from(block.text().bytes.subarray(i === 0 ? 0 : rows.ends[i - 1], rows.ends[i]));
        bytes += record.bytes.length;
      }
    } catch (error) {
      best = best.filter((record) => record.bytes !== null);
      throw error;
    }
  }

  return {
    bestOf: ({ first, last }) => (byOffset ? Number.POSITIVE_INFINITY : sign > 0 ? last : -first),
    hopeless: (scalar) => scalar < bound(),
    windowOf(run) {
      const { file, notFile } = top;
      if (file && (run.fid !== file.fid || run.gen !== file.gen)) return null;
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
      const { rows, runs, runOf } = matches;
      const places = new Map<RawRecord, number>();
      for (const i of candidates(matches)) {
        const run = runs[runOf[i]];
        const record: RawRecord = {
          time: rows.times[i],
          fid: run.fid,
          gen: run.gen,
          offset: rows.offsets[i],
          flags: rows.flags[i],
          level: rows.levels[i],
          source: run.source,
          bytes: null,
        };
        places.set(record, i);
        best.push(record);
      }
      if (places.size === 0) return;
      trim();
      fill(block, rows, places);
      while (bytes > top.bytes && best.length > 1) {
        const gone = best.pop()!;
        bytes -= gone.bytes!.length;
        if (!cut || compare(gone, cut) < 0) cut = gone;
      }
      if (best.length === top.limit || cut) {
        const worst = best[best.length - 1];
        raise(scalarOf(worst.time, worst.offset));
      }
    },
    answer() {
      const end = cut;
      const records = packRecords(end ? best.filter((record) => compare(record, end) < 0) : best);
      best = [];
      return { answer: { type: 'top', records, cut: end !== null }, transfer: packedTransfer(records) };
    },
  };
}
