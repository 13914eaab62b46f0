import type { RetentionClasses } from '../../model/retention-classes.ts';
import { DAY_US } from './flush.ts';
import type { SegmentRow } from './segment-writer.ts';

/** Removals that age and sizes ask for, oldest segments first. `why` tells the reason of each. */
export interface Removals {
  ids: number[];
  bytes: number;
  why: Record<'age' | 'class_bytes' | 'total_bytes', number>;
}

/**
 * Whole segments only: they straddle neither days nor classes. A segment goes by age once its newest record is too old;
 * `totalBytes` is what all classes together may hold.
 */
export function planRetention(
  segments: Iterable<SegmentRow>,
  classes: RetentionClasses,
  nowUs: number,
  totalBytes: number,
): Removals {
  const why = { age: 0, class_bytes: 0, total_bytes: 0 };
  const ids = new Set<number>();
  let freed = 0;
  const oldestFirst = [...segments].sort((a, b) => a.last - b.last || a.id - b.id);
  const held = new Map<string, number>();
  for (const { class: name, bytes } of oldestFirst) held.set(name, (held.get(name) ?? 0) + bytes);
  let total = oldestFirst.reduce((sum, { bytes }) => sum + bytes, 0);

  const reasonOf = (row: SegmentRow): keyof typeof why | null => {
    const { days, bytes } = classes.named(row.class);
    if (row.last < nowUs - days * DAY_US) return 'age';
    if (bytes > 0 && held.get(row.class)! > bytes) return 'class_bytes';
    return total > totalBytes ? 'total_bytes' : null;
  };
  // Age first: what is too old anyway makes room before anything younger has to go.
  for (const pass of ['age', 'size'] as const)
    for (const row of oldestFirst) {
      if (ids.has(row.id)) continue;
      const reason = reasonOf(row);
      if (reason === null || (pass === 'age') !== (reason === 'age')) continue;
      ids.add(row.id);
      why[reason]++;
      freed += row.bytes;
      total -= row.bytes;
      held.set(row.class, held.get(row.class)! - row.bytes);
    }
  return { ids: [...ids], bytes: freed, why };
}

/** Oldest segments that together hold at least `bytes`. */
export function oldestHolding(segments: Iterable<SegmentRow>, bytes: number): SegmentRow[] {
  const out: SegmentRow[] = [];
  let sum = 0;
  for (const row of [...segments].sort((a, b) => a.last - b.last || a.id - b.id)) {
    if (sum >= bytes) break;
    out.push(row);
    sum += row.bytes;
  }
  return out;
}

/** Segments merged at once: bounds open files and how long a flush waits behind a merge. */
const MOST_INPUTS = 32;
/** A tier holds segments within a factor of this; four of one tier are merged, so each byte is rewritten a few times at most. */
const TIER = 4;

/**
 * Groups of small segments worth merging, of one class and day each. On the running day four of similar size are merged; once
 * the day is over (and late lines had an hour) all small ones.
 */
export function planMerges(segments: Iterable<SegmentRow>, targetBytes: number, nowUs: number): number[][] {
  const byDay = new Map<string, SegmentRow[]>();
  for (const row of segments) {
    if (row.rawBytes >= targetBytes / 2) continue;
    const key = `${row.class} ${row.day}`;
    const rows = byDay.get(key);
    if (rows) rows.push(row);
    else byDay.set(key, [row]);
  }
  const groups: number[][] = [];
  for (const rows of byDay.values()) {
    const over = nowUs > (rows[0].day + 1) * DAY_US + DAY_US / 24;
    rows.sort((a, b) => a.rawBytes - b.rawBytes || a.id - b.id);
    for (let from = 0; from < rows.length; ) {
      const limit = over ? Number.POSITIVE_INFINITY : Math.max(1, rows[from].rawBytes) * TIER;
      let to = from;
      let sum = 0;
      while (to < rows.length && to - from < MOST_INPUTS && rows[to].rawBytes <= limit && sum < targetBytes)
        sum += rows[to++].rawBytes;
      if (to - from >= (over ? 2 : TIER)) groups.push(rows.slice(from, to).map(({ id }) => id));
      from = Math.max(to, from + 1);
    }
  }
  return groups;
}
