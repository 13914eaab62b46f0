import { FleetlogError } from '../../model/errors.ts';

export const DAY_US = 86_400_000_000;
/** Ranges of more days than this are asked of all indices: a longer list makes the address too long and gains nothing. */
const MOST_DAYS_NAMED = 10;
/** Lines further ahead of the clock than this stand together, so that wrong stamps cannot make an index for every day there is. */
const AHEAD_US = 2 * DAY_US;
const AHEAD = 'ahead';

/** A data index: one retention class, one day of the lines' own time. */
export interface DataIndex {
  name: string;
  class: string;
  /** Start of its day, µs; null for lines far ahead of the clock. */
  day: number | null;
}

export interface IndexNames {
  /** Matches every data index. */
  all: string;
  template: string;
  /** The index of a line of that class and time (µs). */
  of(className: string, time: number, nowUs: number): string;
  /** Indices that hold lines of [from, to), as a path part of a search. */
  covering(from: number, to: number): string;
  /** What a name says, null when it is no data index. */
  read(name: string): DataIndex | null;
}

/** `<prefix>-logs-<class>-<yyyy.MM.dd>`. Throws `bad_config` for a prefix that would make names ambiguous or invalid. */
export function createIndexNames(prefix: string): IndexNames {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(prefix) || /-logs(-|$)/.test(prefix)) {
    throw new FleetlogError('bad_config', `cannot name indices: "${prefix}" is no prefix`, {
      hint: 'elasticsearch.prefix is 1 to 32 of a-z, 0-9 and -, begins with a letter or digit and holds no "-logs".',
    });
  }
  const base = `${prefix}-logs-`;
  return {
    all: `${base}*`,
    template: `${prefix}-logs`,
    of: (className, time, nowUs) => `${base}${className}-${time > nowUs + AHEAD_US ? AHEAD : dayName(time)}`,
    covering(from, to) {
      const first = Math.floor(from / DAY_US);
      const last = Math.floor((to - 1) / DAY_US);
      if (last - first >= MOST_DAYS_NAMED || last < first) return `${base}*`;
      const days = Array.from({ length: last - first + 1 }, (_, i) => `${base}*-${dayName((first + i) * DAY_US)}`);
      return [...days, `${base}*-${AHEAD}`].join(',');
    },
    read(name) {
      const match = /^(.+)-(ahead|\d{4,}\.\d{2}\.\d{2})$/.exec(name.startsWith(base) ? name.slice(base.length) : '');
      if (match === null) return null;
      const day = match[2] === AHEAD ? null : Date.parse(`${match[2].replaceAll('.', '-')}T00:00:00Z`) * 1_000;
      return Number.isNaN(day) ? null : { name, class: match[1], day };
    },
  };
}

/** `2026.11.21` */
function dayName(time: number): string {
  return new Date(Math.floor(time / 1_000)).toISOString().slice(0, 10).replaceAll('-', '.');
}
