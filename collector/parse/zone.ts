import { FleetlogError } from '../../model/errors.ts';

/** Turns civil time of one zone into µs since the epoch. */
export interface Zone {
  /** ms to add to the civil time, taken as if it were UTC, to get UTC. */
  offsetMs(civilMs: number): number;
}

const HOUR = 3_600_000;

/** `''` is the host's zone; else `+08:00`, `Z`, or an IANA name. Throws `bad_config` for anything else. */
export function createZone(name: string): Zone {
  if (name === 'Z' || name === 'UTC') return { offsetMs: () => 0 };
  const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(name);
  if (fixed) {
    const ms = (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000 * (fixed[1] === '+' ? -1 : 1);
    return { offsetMs: () => ms };
  }
  const lookup = name === '' ? hostOffset : ianaOffset(name);
  // Zones change on quarter hours at most; a log stays in one for long.
  let cachedQuarter = Number.NaN;
  let cachedMs = 0;
  return {
    offsetMs(civilMs) {
      const quarter = Math.floor(civilMs / (HOUR / 4));
      if (quarter !== cachedQuarter) {
        cachedQuarter = quarter;
        cachedMs = lookup(quarter * (HOUR / 4));
      }
      return cachedMs;
    },
  };
}

function hostOffset(civilMs: number): number {
  const d = new Date(civilMs);
  const local = new Date(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes());
  return local.getTime() - civilMs;
}

function ianaOffset(name: string): (civilMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot use time zone ${JSON.stringify(name)}`, {
      cause,
      hint: 'use an IANA name such as Asia/Shanghai, or an offset such as +08:00',
    });
  }
  const shown = (utcMs: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(utcMs)) part[type] = Number(value);
    return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  };
  return (civilMs) => {
    // Twice, for the hours around a change; a civil time that does not exist takes the offset before it.
    let utc = civilMs - (shown(civilMs) - civilMs);
    utc = utc - (shown(utc) - civilMs);
    return utc - civilMs;
  };
}
