import { FLAG } from '../../model/record.ts';
import { createInstantParser } from './instant.ts';
import { unescapeJson } from './json-string.ts';
import { type LineParser, type ParsedLine, STDERR, STDOUT } from './line-parser.ts';

/**
 * Docker's json-file: `{"log":"…\n","stream":"stdout","time":"2026-11-21T10:24:49.032438587Z"}`, written by moby
 * daemon/logger/jsonfilelog with its keys always in this order. The trailer is read backwards from fixed positions and the message
 * un-escaped only when it has a backslash; whatever looks different (`attrs`, another writer) goes through JSON.parse.
 */
const HEAD = Buffer.from('{"log":"');
const QUOTE = 34;
const BACKSLASH = 92;

/** `{"log":"` at `p`. Written out, as are the other two: they are asked of every line. */
function isHead(b: Uint8Array, p: number): boolean {
  return (
    b[p] === 123 &&
    b[p + 1] === 34 &&
    b[p + 2] === 108 &&
    b[p + 3] === 111 &&
    b[p + 4] === 103 &&
    b[p + 5] === 34 &&
    b[p + 6] === 58 &&
    b[p + 7] === 34
  );
}

/** `,"time":` at `p`. */
function isTimeKey(b: Uint8Array, p: number): boolean {
  return (
    b[p] === 44 &&
    b[p + 1] === 34 &&
    b[p + 2] === 116 &&
    b[p + 3] === 105 &&
    b[p + 4] === 109 &&
    b[p + 5] === 101 &&
    b[p + 6] === 34 &&
    b[p + 7] === 58
  );
}

/** `","stream":"std` at `p`. */
function isStreamKey(b: Uint8Array, p: number): boolean {
  return (
    b[p] === 34 &&
    b[p + 1] === 44 &&
    b[p + 2] === 34 &&
    b[p + 3] === 115 &&
    b[p + 4] === 116 &&
    b[p + 5] === 114 &&
    b[p + 6] === 101 &&
    b[p + 7] === 97 &&
    b[p + 8] === 109 &&
    b[p + 9] === 34 &&
    b[p + 10] === 58 &&
    b[p + 11] === 34 &&
    b[p + 12] === 115 &&
    b[p + 13] === 116 &&
    b[p + 14] === 100
  );
}

export function createDockerJsonParser(count: (name: string) => void): LineParser {
  const instant = createInstantParser();

  /** Reads the trailer that ends at `end`; gives where the message's closing quote is, or -1. */
  function trailer(b: Buffer, start: number, end: number, line: ParsedLine): number {
    if (b[end - 1] !== 125 || b[end - 2] !== QUOTE || b[end - 3] !== 90) return -1;
    // The fraction has up to nine digits; the quote before the stamp is 22 to 32 bytes back.
    let quote = end - 33;
    if (b[quote] !== QUOTE || b[quote - 1] !== 58) {
      quote = end - 23;
      const least = Math.max(start, end - 34);
      while (quote > least && b[quote] !== QUOTE) quote--;
    }
    if (quote < start + 27 || !isTimeKey(b, quote - 8)) return -1;
    const time = instant.parse(b, quote + 1, end - 2);
    if (time < 0) return -1;
    // `","stream":"stdout"` takes the 19 bytes before the comma of `,"time"`.
    const close = quote - 27;
    if (b[quote - 9] !== QUOTE || !isStreamKey(b, close)) return -1;
    const last = b[quote - 10];
    if (last === 116 && b[quote - 11] === 117 && b[quote - 12] === 111) line.stream = STDOUT;
    else if (last === 114 && b[quote - 11] === 114 && b[quote - 12] === 101) line.stream = STDERR;
    else return -1;
    line.time = time;
    return close;
  }

  function fast(b: Buffer, start: number, end: number, out: number, line: ParsedLine): boolean {
    if (!isHead(b, start)) return false;
    const close = trailer(b, start, end, line);
    const from = start + 8;
    if (close < from) return false;
    // A quote inside is escaped, or this is half a line with another behind it.
    if (b.indexOf(QUOTE, from) !== close) return slowEscape(b, from, close, out, line);
    const backslash = b.indexOf(BACKSLASH, from);
    // Without its newline docker cut the line here.
    line.partial = backslash < 0 || backslash >= close;
    if (!line.partial && (backslash !== close - 2 || b[close - 1] !== 110))
      return slowEscape(b, from, close, out, line);
    const to = line.partial ? close : backslash;
    b.copyWithin(out, from, to);
    line.length = to - from;
    return true;
  }

  function slowEscape(b: Buffer, from: number, close: number, out: number, line: ParsedLine): boolean {
    const end = unescapeJson(b, from, close, out);
    if (end < 0) return false;
    line.partial = b[close - 1] !== 110 || end === out || b[end - 1] !== 10;
    line.length = end - out - (line.partial ? 0 : 1);
    return true;
  }

  function slow(b: Buffer, start: number, end: number, out: number, line: ParsedLine): boolean {
    if (b[start] !== 123) return false;
    let value: unknown;
    try {
      value = JSON.parse(b.toString('utf8', start, end));
    } catch {
      return false;
    }
    const { log, stream, time } = value as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') return false;
    const stamp = Buffer.from(time);
    const us = instant.parse(stamp, 0, stamp.length);
    if (us < 0) return false;
    count('docker_slow');
    line.time = us;
    line.stream = stream === 'stderr' ? STDERR : STDOUT;
    line.partial = !log.endsWith('\n');
    line.length = b.write(line.partial ? log : log.slice(0, -1), out, 'utf8');
    return true;
  }

  function raw(b: Buffer, start: number, end: number, out: number, line: ParsedLine): void {
    line.time = -1;
    line.stream = STDOUT;
    line.flags = FLAG.PARSE_ERROR;
    line.partial = false;
    b.copyWithin(out, start, end);
    line.length = end - start;
  }

  function reset(line: ParsedLine): void {
    line.flags = 0;
    line.rest = -1;
  }

  return {
    parse(b, start, end, out, line) {
      reset(line);
      if (fast(b, start, end, out, line) || slow(b, start, end, out, line)) return;
      count('parse_errors');
      // A daemon killed in mid-line leaves half a line, perhaps NULs, and then a whole one (docker/for-linux #140).
      const next = b.lastIndexOf(HEAD, end - HEAD.length);
      if (next > start && (fast(b, next, end, out, line) || slow(b, next, end, out, line))) {
        let to = next;
        while (to > start && b[to - 1] === 0) to--;
        raw(b, start, to, out, line);
        line.rest = next;
      } else raw(b, start, end, out, line);
    },
    parseLong(b, start, end, tail, out, line) {
      reset(line);
      const close = isHead(b, start) ? trailer(tail, 0, tail.length, line) : -1;
      if (close < 0) {
        count('parse_errors');
        return raw(b, start, end, out, line);
      }
      line.partial = tail[close - 2] !== BACKSLASH || tail[close - 1] !== 110;
      // The head may end inside an escape: step back until it can be read.
      for (let to = end; to > end - 12; to--) {
        const o = unescapeJson(b, start + 8, to, out);
        if (o < 0) continue;
        line.length = o - out;
        return;
      }
      raw(b, start, end, out, line);
    },
  };
}
