import { fromParts, microseconds, type Parts, parts, type Zone } from './time.ts';

const UNIT_US: Record<string, number> = {
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
  w: 604_800e6,
};
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** '1h' → µs, null when it is no duration. Units of the API: ms s m h d, and w. */
export function durationUs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  return match === null ? null : Number(match[1]) * UNIT_US[match[2]];
}

/** True for `now`, `now-1h`, `today`: texts whose meaning moves with the clock. */
export function isRelative(text: string): boolean {
  return /^(now|today|yesterday|今天|昨天)/i.test(text.trim());
}

/**
 * What a person types or pastes as a time → µs, or null. Understood: `now`, `now-1h`, `10:24`, `10:24:57.961`, `today`, `yesterday 22:00`,
 * `昨天 22:00`, `11-20 8:00`, `2026-11-20 08:00:00,123`, ISO with or without zone, `21/Nov/2026:10:24:49 +0800`, epoch seconds, ms or µs.
 */
export function readMoment(typed: string, nowUs: number, zone: Zone): number | null {
  const text = typed.trim().replace(/：/g, ':').replace(/　/g, ' ');
  if (text === '') return null;
  return readRelative(text, nowUs) ?? readEpoch(text) ?? readDay(text, nowUs, zone) ?? readStamp(text, nowUs, zone);
}

function readRelative(text: string, nowUs: number): number | null {
  const match = /^now\s*(?:([+-])\s*(\d+(?:\.\d+)?(?:ms|s|m|h|d|w)))?$/i.exec(text);
  if (match === null) return null;
  const size = match[2] === undefined ? 0 : durationUs(match[2].toLowerCase())!;
  return Math.round(match[1] === '-' ? nowUs - size : nowUs + size);
}

function readEpoch(text: string): number | null {
  if (!/^\d{9,16}$/.test(text)) return null;
  const value = Number(text);
  if (value < 1e11) return value * 1e6;
  return value < 1e14 ? value * 1e3 : value;
}

function readDay(text: string, nowUs: number, zone: Zone): number | null {
  const match = /^(today|yesterday|今天|昨天)?\s*(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?)?$/i.exec(text);
  if (match === null) return null;
  const back = /^(yesterday|昨天)$/i.test(match[1] ?? '') ? 1 : 0;
  const now = parts(nowUs, zone);
  return build({ ...now, day: now.day - back }, match.slice(2, 6), zone);
}

function readStamp(text: string, nowUs: number, zone: Zone): number | null {
  const apache = /^(\d{1,2})\/([A-Za-z]{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\s*([+-]\d{2}):?(\d{2}))?$/.exec(text);
  if (apache !== null) {
    const month = MONTHS.indexOf(apache[2].toLowerCase()) + 1;
    if (month === 0) return null;
    const day = { ...parts(nowUs, zone), year: Number(apache[3]), month, day: Number(apache[1]) };
    const offset = apache[7] === undefined ? null : `${apache[7]}:${apache[8]}`;
    return build(day, apache.slice(4, 7), zone, offset);
  }
  const match =
    /^(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
      text,
    );
  if (match === null) return null;
  const now = parts(nowUs, zone);
  const year = match[1] === undefined ? now.year : Number(match[1]);
  const offset = match[8] === undefined ? null : match[8].replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase();
  return build({ ...now, year, month: Number(match[2]), day: Number(match[3]) }, match.slice(4, 8), zone, offset);
}

/** `clock` is hour, minute, second, fraction as written; absent ones are 0. A written offset beats the page's zone. */
function build(day: Parts, clock: (string | undefined)[], zone: Zone, offset: string | null = null): number | null {
  const fraction = (clock[3] ?? '').padEnd(6, '0').slice(0, 6);
  const made: Parts = {
    ...day,
    hour: Number(clock[0] ?? 0),
    minute: Number(clock[1] ?? 0),
    second: Number(clock[2] ?? 0),
    ms: Number(fraction.slice(0, 3)),
    us: Number(fraction.slice(3)),
  };
  if (made.hour > 24 || made.minute > 59 || made.second > 60 || made.month > 12 || made.day > 31) return null;
  if (offset === null) return fromParts(made, zone);
  const utc = fromParts(made, 'utc');
  if (offset === 'Z') return utc;
  const shift = microseconds(`1970-01-01T00:00:00.000${offset}`);
  return Number.isNaN(shift) ? null : utc + shift;
}
