/**
 * Records of one run of lines in columns: what a batch, a WAL frame and a decoded block have in common.
 * Message i is `messages[i === 0 ? 0 : ends[i - 1], ends[i])`.
 */
export interface RecordColumns {
  count: number;
  /** µs since the epoch. */
  times: Float64Array;
  /** Raw-file offset of each record's first byte. */
  offsets: Float64Array;
  ends: Uint32Array;
  /** Bits of `FLAG`. */
  flags: Uint8Array;
  /** Level ordinals 0–6. */
  levels: Uint8Array;
  messages: Uint8Array;
}

/** A cell is one (stream, level) pair as a bit number 0–31: what a record can be told apart by without reading its text. */
export function cellOf(flags: number, level: number): number {
  return (flags & 3) * 8 + level;
}

export const CELLS = 32;
