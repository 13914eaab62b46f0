import type { Zone } from './zone.ts';

/** Finds a stamp in the first bytes of a line. Gives µs since the epoch, or -1. */
export type StampReader = (text: string, zone: Zone, aroundMs: number) => number;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Civil parts to µs; -1 for a date that does not exist. `fraction` is the digits after the second. */
export function civil(
  year: number,
  month: number,
  day: number,
  time: { hour: number; minute: number; second: number; fraction: string },
  offset: string | undefined,
  zone: Zone,
): number {
  const { hour, minute, second } = time;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1970)
    return -1;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(ms - second * 1_000).getUTCDate() !== day) return -1;
  const micros = Number(`${time.fraction}000000`.slice(0, 6));
  const away = offset ? offsetMs(offset) : zone.offsetMs(ms);
  return Math.max(0, (ms + away) * 1_000 + micros);
}

function offsetMs(text: string): number {
  if (text === 'Z' || text === 'z') return 0;
  const sign = text[0] === '-' ? 1 : -1;
  const digits = text.replace(/\D/g, '').padEnd(4, '0');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4))) * 60_000;
}

/** 1–12, or 0: English short or long names. */
export function monthNumber(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

const clock = (hour: string, minute: string, second: string, fraction: string | undefined) => ({
  hour: Number(hour),
  minute: Number(minute),
  second: Number(second),
  fraction: fraction ?? '',
});

/**
 * Stamps without a year (syslog, klog) take the latest one that is not a day past the file's mtime, so that December's lines read in
 * January stay in December.
 */
function latestYear(aroundMs: number, at: (year: number) => number): number {
  const year = new Date(aroundMs).getUTCFullYear();
  for (const candidate of [year + 1, year, year - 1]) {
    const us = at(candidate);
    if (us >= 0 && us / 1_000 <= aroundMs + 86_400_000) return us;
  }
  return -1;
}

const ISO =
  /(\d{4})([-/.])(\d\d)\2(\d\d)(?:[T _]| {2})(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|[+-]\d\d:?\d\d)(?![\d:]))?/;
const COMPACT = /(?<!\d)(\d{4})(\d\d)(\d\d)[T -]?(\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?(?!\d)/;
const ACCESS = /(\d\d?)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ([+-]\d{4}))?/;
const DAY_FIRST =
  /(?<!\d)(\d\d?)[- ]([A-Z][a-z]{2,8})[- ](\d{4}),? (\d\d):(\d\d):(\d\d)(?:[.,:](\d{1,9}))?(?: ?(Z|[+-]\d\d:?\d\d))?/;
const MONTH_FIRST =
  /([A-Z][a-z]{2}) {1,2}(\d\d?)(?:, | )(?:(\d{4}),? )?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|[+-]\d\d:?\d\d))?(?: (\d{4})(?!\d))?/;
const KLOG = /^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})/;
const EPOCH =
  /^\W{0,2}(?:"?(?:ts|time|timestamp|t)"?[=:] ?"?)?(1\d{9})(?:[.,](\d{1,9})|(\d{3})(\d{3})?(\d{3})?)?(?![\d.])/;

/** The known list: ISO and its relatives, access logs, syslog, klog, Java and Go, epoch seconds to nanoseconds. */
export const knownStamps: StampReader = (text, zone, aroundMs) => {
  let m = ISO.exec(text);
  if (m) return civil(Number(m[1]), Number(m[3]), Number(m[4]), clock(m[5], m[6], m[7], m[8]), m[9], zone);
  m = KLOG.exec(text);
  if (m) {
    const [, month, day, hour, minute, second, fraction] = m;
    return latestYear(aroundMs, (year) =>
      civil(year, Number(month), Number(day), clock(hour, minute, second, fraction), undefined, zone),
    );
  }
  m = ACCESS.exec(text);
  if (m) return civil(Number(m[3]), monthNumber(m[2]), Number(m[1]), clock(m[4], m[5], m[6], m[7]), m[8], zone);
  m = DAY_FIRST.exec(text);
  if (m) return civil(Number(m[3]), monthNumber(m[2]), Number(m[1]), clock(m[4], m[5], m[6], m[7]), m[8], zone);
  m = MONTH_FIRST.exec(text);
  if (m && monthNumber(m[1]) > 0) {
    const [, month, day, before, hour, minute, second, fraction, offset, after] = m;
    const at = (year: number): number =>
      civil(year, monthNumber(month), Number(day), clock(hour, minute, second, fraction), offset, zone);
    const year = before ?? after;
    return year ? at(Number(year)) : latestYear(aroundMs, at);
  }
  m = EPOCH.exec(text);
  if (m) return epoch(m[1], m[2] ?? `${m[3] ?? ''}${m[4] ?? ''}${m[5] ?? ''}`);
  m = COMPACT.exec(text);
  if (m) return civil(Number(m[1]), Number(m[2]), Number(m[3]), clock(m[4], m[5], m[6], m[7]), m[8], zone);
  return -1;
};

export function epoch(seconds: string, fraction: string): number {
  return Number(seconds) * 1_000_000 + Number(`${fraction}000000`.slice(0, 6));
}
