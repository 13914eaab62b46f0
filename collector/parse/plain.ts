import { FILE, type LineParser, type ParsedLine } from './line-parser.ts';
import type { StampReader } from './stamp.ts';
import type { Zone } from './zone.ts';

/** A stamp is looked for in this many bytes of a line (design, "Time"). */
const STAMP_BYTES = 64;
const DAY_US = 86_400_000_000;

export interface PlainParser extends LineParser {
  /** The file's mtime in ms when it was last looked at: a stamp more than a day past it counts as none. */
  setModified(ms: number): void;
}

/** Plain files: the line is the message, one `\r` at its end is not. `oldestUs` tells what is older than retention. */
export function createPlainParser(stamps: StampReader, zone: Zone, oldestUs: () => number): PlainParser {
  let modifiedMs = 0;
  let oldest = 0;
  // Lines of one second repeat all of the stamp but its fraction; the answer for the same text is the same.
  let cachedText = '';
  let cachedUs = -1;

  function stamp(b: Buffer, start: number, end: number): number {
    const from = b[start] === 0xef && b[start + 1] === 0xbb && b[start + 2] === 0xbf ? start + 3 : start;
    const c = b[from];
    // An indented line is a continuation: stamps stand at the line's beginning.
    if (c === 32 || c === 9) return -1;
    const text = b.toString('latin1', from, Math.min(end, from + STAMP_BYTES));
    if (text === cachedText) return cachedUs;
    let us = stamps(text, zone, modifiedMs);
    if (us > modifiedMs * 1_000 + DAY_US || us < oldest) us = -1;
    cachedText = text;
    cachedUs = us;
    return us;
  }

  function parse(b: Buffer, start: number, end: number, out: number, line: ParsedLine): void {
    const to = end > start && b[end - 1] === 13 ? end - 1 : end;
    line.time = stamp(b, start, to);
    line.stream = FILE;
    line.flags = 0;
    line.partial = false;
    line.rest = -1;
    b.copyWithin(out, start, to);
    line.length = to - start;
  }

  return {
    setModified(ms) {
      if (ms === modifiedMs) return;
      modifiedMs = ms;
      oldest = oldestUs();
      cachedText = '';
    },
    parse,
    parseLong: (b, start, end, _tail, out, line) => parse(b, start, end, out, line),
  };
}
