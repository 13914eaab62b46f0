/** Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, RFC 3339 as docker and CRI write it. */
export interface InstantParser {
  /** µs since the epoch (nanoseconds round down) when `bytes[start, end)` is exactly one instant, else -1. */
  parse(bytes: Uint8Array, start: number, end: number): number;
}

const ZERO = 48;
const NINE = 57;

/** Two digits at `p`, or NaN-like large when they are none. */
function two(b: Uint8Array, p: number): number {
  const high = b[p] - ZERO;
  const low = b[p + 1] - ZERO;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : 1_000;
}

/** Six digits at `p` as a number, or -1. */
function sixDigits(b: Uint8Array, p: number): number {
  const a = b[p] - ZERO;
  const c = b[p + 1] - ZERO;
  const d = b[p + 2] - ZERO;
  const e = b[p + 3] - ZERO;
  const f = b[p + 4] - ZERO;
  const g = b[p + 5] - ZERO;
  if ((a | c | d | e | f | g) < 0 || a > 9 || c > 9 || d > 9 || e > 9 || f > 9 || g > 9) return -1;
  return a * 100_000 + c * 10_000 + d * 1_000 + e * 100 + f * 10 + g;
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** ms of a civil minute, or -1 for a date that does not exist. */
function minuteMs(b: Uint8Array, p: number): number {
  if (b[p + 4] !== 45 || b[p + 7] !== 45 || (b[p + 10] | 0x20) !== 0x74 || b[p + 13] !== 58 || b[p + 16] !== 58)
    return -1;
  const year = two(b, p) * 100 + two(b, p + 2);
  const month = two(b, p + 5);
  const day = two(b, p + 8);
  const hour = two(b, p + 11);
  const minute = two(b, p + 14);
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > DAYS[month - 1]) return -1;
  if (hour > 23 || minute > 59) return -1;
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** Lines of a log share their minute for long, so the calendar is worked out once a minute. */
export function createInstantParser(): InstantParser {
  const cached = new Uint8Array(17);
  let cachedUs = -1;
  return {
    parse(b, start, end) {
      if (end - start < 20) return -1;
      let i = 16;
      while (i >= 0 && cached[i] === b[start + i]) i--;
      if (i >= 0) {
        const ms = minuteMs(b, start);
        if (ms < 0) return -1;
        for (i = 0; i < 17; i++) cached[i] = b[start + i];
        cachedUs = ms * 1_000;
      }
      const second = two(b, start + 17);
      if (second > 60) return -1;
      let p = start + 19;
      let micros = 0;
      if (b[p] === 46) {
        micros = sixDigits(b, p + 1);
        if (micros >= 0) p += 7;
        else {
          // Fewer than six digits.
          const digit = b[++p] - ZERO;
          if (!(digit >= 0 && digit <= 9)) return -1;
          micros = 0;
          for (let scale = 100_000; b[p] >= ZERO && b[p] <= NINE; p++, scale /= 10) micros += (b[p] - ZERO) * scale;
        }
        while (b[p] >= ZERO && b[p] <= NINE) p++;
      }
      const us = cachedUs + second * 1_000_000 + micros;
      if (b[p] === 90) return p + 1 === end ? us : -1;
      if ((b[p] !== 43 && b[p] !== 45) || p + 6 !== end || b[p + 3] !== 58) return -1;
      const offset = two(b, p + 1) * 60 + two(b, p + 4);
      if (offset > 18 * 60) return -1;
      return Math.max(0, us + (b[p] === 43 ? -offset : offset) * 60_000_000);
    },
  };
}
