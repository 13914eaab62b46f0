/** Times in answers are UTC ISO strings with six decimals; inside the page they are integer µs, shown local or in UTC. */
export type Zone = 'local' | 'utc';

/** '2026-11-21T10:24:57.961032Z' → µs since the epoch; NaN when it is no time. */
export function microseconds(iso: string): number {
  const ms = Date.parse(iso);
  const tail = /\.\d{3}(\d{1,3})/.exec(iso)?.[1] ?? '';
  return ms * 1000 + Number(tail.padEnd(3, '0'));
}

/** µs → '2026-11-21T10:24:57.961032Z'. */
export function isoTime(us: number): string {
  const ms = Math.floor(us / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${pad(us - ms * 1000, 3)}Z`;
}

export interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
  us: number;
}

/** Calendar parts of a moment in the zone; `month` counts from 1. */
export function parts(us: number, zone: Zone): Parts {
  const ms = Math.floor(us / 1000);
  const date = new Date(ms);
  const utc = zone === 'utc';
  return {
    year: utc ? date.getUTCFullYear() : date.getFullYear(),
    month: (utc ? date.getUTCMonth() : date.getMonth()) + 1,
    day: utc ? date.getUTCDate() : date.getDate(),
    hour: utc ? date.getUTCHours() : date.getHours(),
    minute: utc ? date.getUTCMinutes() : date.getMinutes(),
    second: utc ? date.getUTCSeconds() : date.getSeconds(),
    ms: utc ? date.getUTCMilliseconds() : date.getMilliseconds(),
    us: us - ms * 1000,
  };
}

/** Calendar parts → µs; the reverse of `parts` (out-of-range parts roll over, as in Date). */
export function fromParts(p: Parts, zone: Zone): number {
  const ms =
    zone === 'utc'
      ? Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second, p.ms)
      : new Date(p.year, p.month - 1, p.day, p.hour, p.minute, p.second, p.ms).getTime();
  return ms * 1000 + p.us;
}

/** 10:24:57 */
export function clockText(us: number, zone: Zone): string {
  const p = parts(us, zone);
  return `${pad(p.hour, 2)}:${pad(p.minute, 2)}:${pad(p.second, 2)}`;
}

/** .961 */
export function fractionText(us: number): string {
  const ms = Math.floor(us / 1000);
  return `.${pad(ms - Math.floor(ms / 1000) * 1000, 3)}`;
}

/** 2026-11-21 */
export function dayText(us: number, zone: Zone): string {
  const p = parts(us, zone);
  return `${p.year}-${pad(p.month, 2)}-${pad(p.day, 2)}`;
}

/** 11-21 10:24:57, or 10:24:57 when it is on the day of `today`. */
export function shortText(us: number, zone: Zone, today: number): string {
  const day = dayText(us, zone);
  return day === dayText(today, zone) ? clockText(us, zone) : `${day.slice(5)} ${clockText(us, zone)}`;
}

/** 2026-11-21T10:24:57.961032+08:00, what a copy or a tool tip gives. */
export function fullText(us: number, zone: Zone): string {
  const p = parts(us, zone);
  return `${dayText(us, zone)}T${clockText(us, zone)}.${pad(p.ms, 3)}${pad(p.us, 3)}${offsetText(us, zone)}`;
}

function offsetText(us: number, zone: Zone): string {
  const minutes = zone === 'utc' ? 0 : -new Date(us / 1000).getTimezoneOffset();
  if (minutes === 0) return zone === 'utc' ? 'Z' : '+00:00';
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}:${pad(size % 60, 2)}`;
}

/** UTC+8, UTC+5:30, UTC */
export function zoneName(us: number, zone: Zone): string {
  const minutes = zone === 'utc' ? 0 : -new Date(us / 1000).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? '' : `:${pad(size % 60, 2)}`;
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${rest}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
