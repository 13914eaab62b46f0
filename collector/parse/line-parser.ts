/** Index into STREAMS. */
export const STDOUT = 0;
export const STDERR = 1;
export const FILE = 2;

/** What a parser says of one raw line. One object is reused for every line, so nothing of it may be kept. */
export interface ParsedLine {
  /** µs; -1 when the line has no time of its own. */
  time: number;
  stream: number;
  /** Bytes of message written at `out`. */
  length: number;
  /** Bits of FLAG other than the stream. */
  flags: number;
  /** The runtime cut this line: the next one of the same stream goes on with it (docker's and CRI's 16 KiB parts). */
  partial: boolean;
  /** Where in the raw line another line begins (a daemon was killed in mid-line); -1 when there is none. */
  rest: number;
}

/** One reader's framing: from a raw line to time, stream and message. Parsers hold caches only: equal bytes give equal answers. */
export interface LineParser {
  /**
   * Reads the raw line `bytes[start, end)`, without its newline, writes the message at `bytes[out…]` (never longer than the raw
   * line) and fills `line`. Never throws: what it cannot read becomes the raw line with FLAG.PARSE_ERROR.
   */
  parse(bytes: Buffer, start: number, end: number, out: number, line: ParsedLine): void;
  /**
   * A line too long to hold: only its head and its last bytes are known. Fills `line` with what they say, writes the head's
   * message at `out`.
   */
  parseLong(bytes: Buffer, start: number, end: number, tail: Buffer, out: number, line: ParsedLine): void;
}

export function newParsedLine(): ParsedLine {
  return { time: -1, stream: STDOUT, length: 0, flags: 0, partial: false, rest: -1 };
}
