import { durationUs, isRelative, readMoment } from './moment.ts';
import { isoTime, type Zone } from './time.ts';

/** A range as the URL holds it: relative (`now-1h` … `now`) or ISO times. */
export interface RangeText {
  from: string;
  to: string;
}
/** `[from, to)` in µs. */
export interface Range {
  from: number;
  to: number;
}

export const PRESETS = ['5m', '15m', '1h', '6h', '24h', '7d'] as const;
export const DEFAULT_RANGE: RangeText = { from: 'now-1h', to: 'now' };

/** The range in µs at the moment `nowUs`, or which end cannot be read. */
export function resolveRange(text: RangeText, nowUs: number, zone: Zone): Range | { bad: 'from' | 'to' | 'order' } {
  const from = readMoment(text.from, nowUs, zone);
  if (from === null) return { bad: 'from' };
  const to = readMoment(text.to, nowUs, zone);
  if (to === null) return { bad: 'to' };
  return from < to ? { from, to } : { bad: 'order' };
}

/** '1h' when the range is `now-1h` … `now`, else null. */
export function presetOf(text: RangeText): string | null {
  if (text.to !== 'now') return null;
  const size = /^now-(\w+)$/.exec(text.from)?.[1];
  return size !== undefined && durationUs(size) !== null ? size : null;
}

export function absolute(range: Range): RangeText {
  return { from: isoTime(range.from), to: isoTime(range.to) };
}

/** Half a width earlier (−1) or later (+1). Later stops at now, for nothing is there yet. */
export function shiftRange(range: Range, direction: -1 | 1, nowUs: number): RangeText {
  const step = Math.round((range.to - range.from) / 2);
  const move = direction === -1 ? -step : Math.min(step, Math.max(0, nowUs - range.to));
  return absolute({ from: range.from + move, to: range.to + move });
}

/** Twice as wide around the middle; a range ending now stays relative to now. */
export function widenRange(text: RangeText, range: Range, nowUs: number): RangeText {
  const preset = presetOf(text);
  const width = range.to - range.from;
  if (preset !== null) return { from: `now-${durationText(width * 2)}`, to: 'now' };
  const to = Math.min(range.to + width / 2, Math.max(nowUs, range.to));
  return absolute({ from: Math.round(to - width * 2), to: Math.round(to) });
}

/** True when the meaning of the range moves with the clock. */
export function isMoving(text: RangeText): boolean {
  return isRelative(text.from) || isRelative(text.to);
}

/** µs → the shortest API duration that says it exactly: 5400e6 → '90m'. */
export function durationText(us: number): string {
  for (const [unit, size] of [
    ['d', 86_400e6],
    ['h', 3600e6],
    ['m', 60e6],
    ['s', 1e6],
  ] as const) {
    if (us >= size && us % size === 0) return `${us / size}${unit}`;
  }
  return `${Math.max(1, Math.round(us / 1e3))}ms`;
}
