import type { Level } from './level.ts';
import type { Position } from './position.ts';
import type { Source, Stream } from './source.ts';

/** Bits of a record's `flags` column. Bits 0–1 hold the stream (index into STREAMS). */
export const FLAG = {
  STREAM_MASK: 0b11,
  /** The line was longer than `collector.lineBytes`; the head is kept, its length and hash follow in the message's tail. */
  TRUNCATED: 1 << 2,
  /** A character was destroyed by docker at a 16 KiB boundary (reliability case 6). */
  MOJIBAKE: 1 << 3,
  /** The runtime's framing could not be parsed; the raw line is the message. */
  PARSE_ERROR: 1 << 4,
  /** The message holds bytes that are not UTF-8; `raw` gives them. */
  LOSSY: 1 << 5,
  /** A redaction rule changed the message. */
  REDACTED: 1 << 6,
} as const;

/** One line (or joined trace) as stores give it back. */
export interface LogRecord extends Position {
  /** µs since the epoch. */
  time: number;
  source: Source;
  stream: Stream;
  level: Level | null;
  /** Text with joined lines separated by `\n`; invalid bytes read as U+FFFD. */
  message: string;
  /** Base64 of the exact bytes, only where `message` could not hold them. */
  raw?: string;
  flags: number;
}
