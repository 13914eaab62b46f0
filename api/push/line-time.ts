import { parseTime } from '../times.ts';

/** Later than this (the year 2223) is no time of a line. */
const LATEST_US = 8e15;
/** From these on a number is read as ms, µs, ns; below as seconds: as the smaller unit it would lie in the first months of 1970. */
const MILLISECONDS_FROM = 1e11;
const MICROSECONDS_FROM = 1e14;
const NANOSECONDS_FROM = 1e17;

/**
 * A line's own time as integer µs: ISO 8601 (without a zone: UTC), or epoch seconds, ms, µs or ns by size, as a number or its digits.
 * Null when it is none. Nanoseconds round down.
 */
export function lineTime(text: string): number | null {
  const number = /^(\d{1,20})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (number) return inRange(epoch(number[1], number[2] ?? ''));
  if (!/^\d{4}-\d\d-\d\d[Tt ]/.test(text)) return null;
  try {
    return parseTime(text.replace('t', 'T').replace(/(\.\d{9})\d+/, '$1'), 0, 'time');
  } catch {
    return null;
  }
}

function epoch(whole: string, fraction: string): number {
  const value = Number(whole);
  // By digits: a nanosecond count is more than a double holds.
  if (value >= NANOSECONDS_FROM) return Number(whole.slice(0, -3));
  if (value >= MICROSECONDS_FROM) return value;
  const digits = value >= MILLISECONDS_FROM ? 3 : 6;
  return value * 10 ** digits + Number(fraction.padEnd(digits, '0').slice(0, digits));
}

function inRange(us: number): number | null {
  return us > 0 && us <= LATEST_US ? us : null;
}

/** Nanoseconds since the epoch as µs; null for 0, which means none. */
export function nanosToUs(nanos: bigint): number | null {
  return inRange(Number(nanos / 1000n));
}
