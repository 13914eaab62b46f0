import { FleetlogError } from '../model/errors.ts';

const UNITS: Record<string, number> = { ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 604_800e6 };
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:\s*([Zz])|([+-]|\s)(\d\d):?(\d\d))?$/;
/** From here on a number is read as µs: as ms it would be the year 5138. */
const MICROSECONDS_FROM = 1e14;
const LATEST = 8e15;

/**
 * A request's time as integer µs: ISO 8601 (without a zone: UTC), epoch ms, a number ≥ 1e14 as µs, `now`, or `now` and durations
 * such as `now-15m`, `now-1h30m`. Throws `bad_time`. `name` is the parameter, for the message.
 */
export function parseTime(text: string, nowUs: number, name: string): number {
  const value = relative(text, nowUs) ?? number(text) ?? iso(text);
  if (value !== null && value >= 0 && value <= LATEST) return value;
  throw new FleetlogError('bad_time', `cannot read ${name} ${JSON.stringify(text.slice(0, 60))} as a time`, {
    hint: 'use now-15m, 2026-11-21T10:24:57Z or epoch milliseconds',
  });
}

function relative(text: string, nowUs: number): number | null {
  const match = /^now((?:[+-](?:\d{1,9}(?:ms|[smhdw]))+)*)$/.exec(text);
  if (!match) return null;
  let time = nowUs;
  for (const [, sign, durations] of match[1].matchAll(/([+-])((?:\d+(?:ms|[smhdw]))+)/g)) {
    for (const [, n, unit] of durations.matchAll(/(\d+)(ms|[smhdw])/g))
      time += (sign === '-' ? -1 : 1) * Number(n) * UNITS[unit];
  }
  return time;
}

function number(text: string): number | null {
  if (!/^\d{1,16}(\.\d{1,6})?$/.test(text)) return null;
  const value = Number(text);
  return value >= MICROSECONDS_FROM ? Math.floor(value) : Math.floor(value * 1000);
}

function iso(text: string): number | null {
  const m = ISO.exec(text);
  if (!m) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', , sign, zoneHour, zoneMinute] = m;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const back = new Date(ms);
  // Date.UTC rolls 31 February over; a person who typed it wants to know.
  if (back.getUTCMonth() !== Number(month) - 1 || back.getUTCDate() !== Number(day)) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const us = ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  if (zoneHour === undefined) return us;
  // An unescaped `+` in a URL arrives as a space.
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60e6;
  return sign === '-' ? us + offset : us - offset;
}

export interface Range {
  /** µs, inclusive. */
  from: number;
  /** µs, exclusive. */
  to: number;
}

const DEFAULT_RANGE = 15 * 60e6;

/** `[from, to)` of a request; by default the 15 minutes before `to`, which by default is now. */
export function parseRange(
  request: { from?: string; to?: string },
  nowUs: number,
  limits: { maxRangeDays: number },
): Range {
  const to = request.to === undefined ? nowUs : parseTime(request.to, nowUs, 'to');
  const from = request.from === undefined ? to - DEFAULT_RANGE : parseTime(request.from, nowUs, 'from');
  if (from >= to) {
    throw new FleetlogError('bad_time', 'cannot use the range: from is not before to', {
      hint: 'ranges are [from, to); swap them or leave to away',
    });
  }
  if (to - from > limits.maxRangeDays * UNITS.d) {
    throw new FleetlogError('range_too_long', undefined, {
      hint: `ask for at most ${limits.maxRangeDays} days (query.maxRangeDays)`,
    });
  }
  return { from, to };
}

/** µs as UTC ISO with six decimals. */
export function formatTime(us: number): string {
  const seconds = Math.floor(us / 1e6);
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${String(us - seconds * 1e6).padStart(6, '0')}Z`;
}

/** `formatTime` for many times of about the same second. */
export function createTimeFormat(): (us: number) => string {
  let second = Number.NaN;
  let text = '';
  return (us) => {
    const seconds = Math.floor(us / 1e6);
    if (seconds !== second) {
      second = seconds;
      text = formatTime(seconds * 1e6).slice(0, -7);
    }
    // Seven digits, of which the first only keeps the zeros behind it.
    return `${text}${String(1e6 + us - seconds * 1e6).slice(1)}Z`;
  };
}

export function formatMaybe(us: number | null): string | null {
  return us === null ? null : formatTime(us);
}

/** `500ms 5s 1m 1h 1d` as µs; null when it is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|[smhdw])$/.exec(text);
  const us = match ? Number(match[1]) * UNITS[match[2]] : 0;
  return us > 0 ? us : null;
}

/** The largest unit that divides it: 30e6 → `30s`. */
export function formatDuration(us: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) if (us % UNITS[unit] === 0) return `${us / UNITS[unit]}${unit}`;
  return `${us / 1000}ms`;
}
