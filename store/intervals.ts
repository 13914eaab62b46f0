/**
 * Which raw bytes of one (fid, gen) are stored: flat pairs [start, end, start, end, …], sorted, disjoint, not touching.
 * Almost always one pair from 0 (reliability 3.4); more only while a hole is open. Values are never changed in place, so
 * that a failed write can go back to the value before it.
 */
export type Intervals = readonly number[];

export const NOTHING: Intervals = [];

/** True when all of [start, end) is in it; an empty span is. */
export function covers(done: Intervals, start: number, end: number): boolean {
  if (end <= start) return true;
  for (let i = done.length - 2; i >= 0; i -= 2) if (done[i] <= start) return end <= done[i + 1];
  return false;
}

/** True when any byte of [start, end) is in it. */
export function touches(done: Intervals, start: number, end: number): boolean {
  for (let i = done.length - 2; i >= 0; i -= 2) {
    if (done[i + 1] <= start) return false;
    if (done[i] < end) return true;
  }
  return false;
}

/** The union with [start, end). */
export function including(done: Intervals, start: number, end: number): Intervals {
  if (end <= start) return done;
  const last = done.length - 1;
  if (last > 0 && start >= done[last - 1] && start <= done[last]) {
    if (end <= done[last]) return done;
    if (last === 1) return [done[0], end];
  }
  const out: number[] = [];
  let from = start;
  let to = end;
  let placed = false;
  for (let i = 0; i < done.length; i += 2) {
    if (done[i + 1] < from) out.push(done[i], done[i + 1]);
    else if (done[i] > to) {
      if (!placed) out.push(from, to);
      placed = true;
      out.push(done[i], done[i + 1]);
    } else {
      from = Math.min(from, done[i]);
      to = Math.max(to, done[i + 1]);
    }
  }
  if (!placed) out.push(from, to);
  return out;
}
