import { isUtf8 } from 'node:buffer';
import type { DropReason, LinesBatch } from '../../model/batch.ts';
import { FLAG } from '../../model/record.ts';
import type { Redactor } from '../../model/redaction/redaction.ts';
import type { Source } from '../../model/source.ts';
import { UNSURE } from '../kernel/bench-kernel.ts';
import type { Assembly, ParseContext } from './assembly.ts';
import { hasOpen, oldestOpen } from './assembly.ts';
import type { LineFilter } from './line-filter.ts';
import { dropFront, MARK, type Workbench } from './workbench.ts';

export interface SealOptions {
  source: Source;
  fid: string;
  gen: number;
  collectedAt: number;
  filter: LineFilter | null;
  redactor: Redactor;
  /** Ordinal of the level of the message's first line, or UNDETECTED_LEVEL. */
  level(bytes: Buffer, start: number, end: number): number;
}

/**
 * How many records from the front may leave now: all before the oldest open one, unless a line behind the cut was joined to
 * one before it. 0 is none.
 */
export function cleanCut(bench: Workbench, assembly: Assembly): number {
  let cut = oldestOpen(assembly, bench.count);
  const { spans } = assembly;
  for (let again = spans.length > 0 && cut < bench.count; again; ) {
    again = false;
    for (let i = 0; i < spans.length; i += 2) {
      if (spans[i] < cut && spans[i + 1] >= bench.offsets[cut]) {
        cut = spans[i];
        again = true;
      }
    }
  }
  return cut;
}

/** A batch and the context its successor begins with. Its columns are views of the bench: encode it before the next line. */
export interface Sealed {
  batch: LinesBatch;
  after: ParseContext;
}

/** Makes the first `n` records and the raw bytes up to `end` a batch. Call `dropSealed` after it is encoded. */
export function seal(bench: Workbench, assembly: Assembly, n: number, end: number, options: SealOptions): Sealed {
  const time = n > 0 ? bench.times[n - 1] : assembly.before.time;
  const after = { time, pem: hasOpen(assembly) ? 0 : assembly.pem };
  const dropped: Partial<Record<DropReason, number>> = {};
  for (const { offset, reason, bytes } of assembly.drops)
    if (offset < end) dropped[reason] = (dropped[reason] ?? 0) + bytes;
  let joins = takeJoins(assembly, n);
  let count = n;
  if (options.filter) {
    const kept = keepLines(bench, n, options.filter, joins, dropped);
    count = kept.count;
    joins = kept.joins;
    assembly.joins = assembly.joins.map((value, i) => (i % 2 === 0 ? value - (n - count) : value));
    for (const open of assembly.open) if (open.index >= 0) open.index -= n - count;
    for (let i = 0; i < assembly.spans.length; i += 2) assembly.spans[i] -= n - count;
  }
  markLossy(bench, count);
  detectLevels(bench, count, options);
  options.redactor.redact(bench, count);
  const used = count === 0 ? 0 : bench.ends[count - 1];
  const batch: LinesBatch = {
    kind: 'lines',
    source: options.source,
    fid: options.fid,
    gen: options.gen,
    start: assembly.start,
    end,
    collectedAt: options.collectedAt,
    count,
    times: bench.times.subarray(0, count),
    offsets: bench.offsets.subarray(0, count),
    ends: bench.ends.subarray(0, count),
    flags: bench.flags.subarray(0, count),
    levels: bench.levels.subarray(0, count),
    joins: Uint32Array.from(joins),
    dropped,
    messages: bench.bytes.subarray(0, used),
  };
  return { batch, after };
}

/** Takes what `seal` put into the batch off the bench; the next batch begins at its end. */
export function dropSealed(bench: Workbench, assembly: Assembly, sealed: Sealed): void {
  const { batch, after } = sealed;
  dropFront(bench, batch.count);
  for (const open of assembly.open) if (open.index >= 0) open.index -= batch.count;
  assembly.joins = assembly.joins.map((value, i) => (i % 2 === 0 ? value - batch.count : value));
  if (assembly.spans.length > 0) {
    const spans: number[] = [];
    for (let i = 0; i < assembly.spans.length; i += 2)
      if (assembly.spans[i] >= batch.count) spans.push(assembly.spans[i] - batch.count, assembly.spans[i + 1]);
    assembly.spans = spans;
  }
  assembly.drops = assembly.drops.filter((entry) => entry.offset >= batch.end);
  assembly.start = batch.end;
  assembly.before = after;
}

/** Joins of the first `n` records, in order; those of later records stay. */
function takeJoins(assembly: Assembly, n: number): number[] {
  const { joins } = assembly;
  if (joins.length === 0) return joins;
  const pairs: [number, number][] = [];
  const rest: number[] = [];
  for (let i = 0; i < joins.length; i += 2) {
    if (joins[i] < n) pairs.push([joins[i], joins[i + 1]]);
    else rest.push(joins[i], joins[i + 1]);
  }
  // Stable, so the pairs of one record keep their order.
  if (assembly.joinsMixed) pairs.sort((a, b) => a[0] - b[0]);
  assembly.joins = rest;
  if (rest.length === 0) assembly.joinsMixed = false;
  return pairs.flat();
}

/** Removes the records the filter refuses; their raw bytes are `excluded`. */
function keepLines(
  bench: Workbench,
  n: number,
  filter: LineFilter,
  joins: number[],
  dropped: Partial<Record<DropReason, number>>,
): { count: number; joins: number[] } {
  const place = new Int32Array(n);
  let count = 0;
  let used = 0;
  let from = 0;
  for (let i = 0; i < n; i++) {
    const to = bench.ends[i];
    if (filter(bench.bytes.toString('utf8', from, to))) {
      bench.bytes.copyWithin(used, from, to);
      used += to - from;
      place[i] = count;
      move(bench, i, count);
      bench.ends[count++] = used;
    } else {
      place[i] = -1;
      dropped.excluded = (dropped.excluded ?? 0) + bench.raws[i];
    }
    from = to;
  }
  const kept: number[] = [];
  for (let i = 0; i < joins.length; i += 2) if (place[joins[i]] >= 0) kept.push(place[joins[i]], joins[i + 1]);
  bench.bytes.copyWithin(used, from, bench.used);
  for (let i = n; i < bench.count; i++) {
    move(bench, i, count + i - n);
    bench.ends[count + i - n] = bench.ends[i] - (from - used);
  }
  bench.count -= n - count;
  bench.used -= from - used;
  return { count, joins: kept };
}

function move(bench: Workbench, from: number, to: number): void {
  if (from === to) return;
  bench.times[to] = bench.times[from];
  bench.offsets[to] = bench.offsets[from];
  bench.flags[to] = bench.flags[from];
  bench.raws[to] = bench.raws[from];
  bench.marks[to] = bench.marks[from];
}

/** Sets FLAG.LOSSY where bytes are not UTF-8. Valid neighbours make a valid whole, so one check does for nearly every batch. */
function markLossy(bench: Workbench, n: number): void {
  const { bytes, ends } = bench;
  if (n === 0) return;
  let whole = isUtf8(bytes.subarray(0, ends[n - 1]));
  // A character torn over two records would look whole.
  for (let i = 0; whole && i < n; i++) {
    const start = i === 0 ? 0 : ends[i - 1];
    if (start < ends[i] && (bytes[start] & 0xc0) === 0x80) whole = false;
  }
  if (whole) return;
  for (let i = 0; i < n; i++) {
    if (!isUtf8(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]))) bench.flags[i] |= FLAG.LOSSY;
  }
}

function detectLevels(bench: Workbench, n: number, options: SealOptions): void {
  if (bench.kernel && !bench.kernel.levels(n)) return;
  const some = bench.kernel !== null;
  let from = 0;
  for (let i = 0; i < n; i++) {
    let to = bench.ends[i];
    const next = to;
    if (some && bench.levels[i] !== UNSURE) {
      from = next;
      continue;
    }
    if (bench.marks[i] & MARK.JOINED) {
      const line = bench.bytes.indexOf(10, from);
      if (line >= 0 && line < to) to = line;
    }
    bench.levels[i] = options.level(bench.bytes, from, to);
    from = next;
  }
}
