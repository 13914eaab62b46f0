import { FleetlogError } from '../../model/errors.ts';
import { civil, epoch, monthNumber, type StampReader } from './stamp.ts';

/** Letters of a layout (as in Java's DateTimeFormatter) and the text each stands for. */
const PARTS: Record<string, string> = {
  yyyy: '(?<year>\\d{4})',
  yy: '(?<year2>\\d\\d)',
  MMMM: '(?<name>[A-Za-z]{3,9})',
  MMM: '(?<name>[A-Za-z]{3})',
  MM: '(?<month>\\d\\d)',
  M: '(?<month>\\d\\d?)',
  dd: '(?<day>\\d\\d)',
  d: ' ?(?<day>\\d\\d?)',
  HH: '(?<hour>\\d\\d)',
  H: '(?<hour>\\d\\d?)',
  hh: '(?<hour12>\\d\\d)',
  h: '(?<hour12>\\d\\d?)',
  mm: '(?<minute>\\d\\d)',
  ss: '(?<second>\\d\\d)',
  a: '(?<half>[AaPp][Mm])',
  Z: '(?<offset>[+-]\\d{4})',
  XXX: '(?<offset>Z|[+-]\\d\\d:\\d\\d)',
  X: '(?<offset>Z|[+-]\\d\\d(?::?\\d\\d)?)',
  z: '(?:[A-Z]{2,5})',
  EEE: '(?:[A-Za-z]{3})',
};

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function compile(layout: string): RegExp {
  let source = '';
  let at = 0;
  while (at < layout.length) {
    const c = layout[at];
    if (c === "'") {
      const close = layout.indexOf("'", at + 1);
      if (close < 0) throw new Error('a quote is not closed');
      source += close === at + 1 ? "'" : literal(layout.slice(at + 1, close));
      at = close + 1;
      continue;
    }
    const run = /^([A-Za-z])\1*/.exec(layout.slice(at))?.[0];
    if (!run) {
      source += literal(c);
      at += 1;
      continue;
    }
    const part = /^S+$/.test(run) ? `(?<fraction>\\d{1,${Math.max(9, run.length)}})` : PARTS[run];
    if (!part) throw new Error(`unknown letters ${run}`);
    source += part;
    at += run.length;
  }
  return new RegExp(source);
}

/**
 * Makes a reader from `collector.paths[].time`: `yyyy-MM-dd HH:mm:ss.SSS` and the like, `epoch` or `epochMillis`; text between
 * single quotes stands for itself. Throws `bad_config` with what is wrong.
 */
export function layoutStamps(layout: string): StampReader {
  if (layout === 'epoch') {
    return (text) => {
      const m = /^\W{0,4}(\d{9,10})(?:[.,](\d{1,9}))?(?!\d)/.exec(text);
      return m ? epoch(m[1], m[2] ?? '') : -1;
    };
  }
  if (layout === 'epochMillis') {
    return (text) => {
      const m = /^\W{0,4}(\d{12,13})(?!\d)/.exec(text);
      return m ? Number(m[1]) * 1_000 : -1;
    };
  }
  let pattern: RegExp;
  try {
    pattern = compile(layout);
    if (!/\(\?<second|\(\?<minute/.test(pattern.source)) throw new Error('it has no minute');
  } catch (cause) {
    throw new FleetlogError(
      'bad_config',
      `cannot use time layout ${JSON.stringify(layout)}: ${(cause as Error).message}`,
      {
        cause,
        hint: 'use letters such as yyyy-MM-dd HH:mm:ss.SSS, MMM, XXX, or epoch, epochMillis; quote other letters',
      },
    );
  }
  return (text, zone, aroundMs) => {
    const g = pattern.exec(text)?.groups;
    if (!g) return -1;
    const around = new Date(aroundMs);
    let hour = Number(g.hour ?? g.hour12 ?? 0);
    if (g.half) hour = (hour % 12) + (g.half.toLowerCase() === 'pm' ? 12 : 0);
    const month = g.name ? monthNumber(g.name) : Number(g.month ?? around.getUTCMonth() + 1);
    const day = Number(g.day ?? around.getUTCDate());
    const time = { hour, minute: Number(g.minute ?? 0), second: Number(g.second ?? 0), fraction: g.fraction ?? '' };
    const year = g.year ? Number(g.year) : g.year2 ? 2000 + Number(g.year2) : around.getUTCFullYear();
    const us = civil(year, month, day, time, g.offset, zone);
    // Without a year a stamp beyond the file's own time belongs to the year before.
    if (!g.year && !g.year2 && us / 1_000 > aroundMs + 86_400_000)
      return civil(year - 1, month, day, time, g.offset, zone);
    return us;
  };
}
