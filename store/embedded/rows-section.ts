import { readPlanes, unzigzag, writePlanes, zigzag } from './byte-planes.ts';
import type { RecordColumns } from './record-columns.ts';

/**
 * The rows section of a block: everything of its records but the text and the pattern.
 *
 *     u8 time unit (1 µs, 2 ms, 3 s)   times: deltas in that unit   lengths   offsets: residuals   flags   levels
 *
 * Numbers are byte planes. A time is coded against the one before it (the first against the block's first time), an offset
 * against where the record before it would end if the raw file held nothing but messages: what is left is framing, almost
 * constant. Each run begins anew at its lowest offset.
 */
const UNITS = [1, 1_000, 1_000_000];

/** Exact for integers below 2^53; several times faster than `%` on doubles. */
function divides(unit: number, value: number): boolean {
  const quotient = value / unit;
  return Math.floor(quotient) === quotient;
}

/** A run as the section needs it: its records' number and lowest offset. */
export interface RunShape {
  count: number;
  lowest: number;
}

function unitOf(times: Float64Array, n: number, base: number): number {
  let unit = UNITS.length - 1;
  for (let i = 0; i < n && unit > 0; i++) while (unit > 0 && !divides(UNITS[unit], times[i] - base)) unit--;
  return unit;
}

export interface RowsScratch {
  numbers: Float64Array;
  out: Buffer;
}

/** Encodes `columns` (lengths instead of ends); the result lies in `scratch.out` until the next call. */
export function encodeRows(
  columns: Pick<RecordColumns, 'count' | 'times' | 'offsets' | 'flags' | 'levels'>,
  lengths: Uint32Array,
  runs: RunShape[],
  first: number,
  scratch: RowsScratch,
): Buffer {
  const n = columns.count;
  const most = 16 + n * 23;
  if (scratch.numbers.length < n) scratch.numbers = new Float64Array(n);
  if (scratch.out.length < most) scratch.out = Buffer.allocUnsafeSlow(most);
  const { numbers, out } = scratch;
  const { times, offsets } = columns;
  const unit = unitOf(times, n, first);
  const width = UNITS[unit];
  out[0] = unit + 1;
  for (let i = 0, previous = first; i < n; i++) {
    numbers[i] = zigzag((times[i] - previous) / width);
    previous = times[i];
  }
  let at = writePlanes(numbers, n, out, 1);
  at = writePlanes(lengths, n, out, at);
  let i = 0;
  for (const run of runs) {
    let expected = run.lowest;
    for (const end = i + run.count; i < end; i++) {
      numbers[i] = zigzag(offsets[i] - expected);
      expected = offsets[i] + lengths[i];
    }
  }
  at = writePlanes(numbers, n, out, at);
  out.set(columns.flags.subarray(0, n), at);
  out.set(columns.levels.subarray(0, n), at + n);
  return out.subarray(0, at + 2 * n);
}

export type Rows = Omit<RecordColumns, 'messages'>;

/** Decodes a rows section. Throws RangeError when its bytes do not add up. */
export function decodeRows(bytes: Uint8Array, n: number, runs: Iterable<RunShape>, first: number): Rows {
  const unit = UNITS[bytes[0] - 1];
  if (unit === undefined) throw new RangeError('unknown time unit');
  const times = new Float64Array(n);
  let at = readPlanes(bytes, 1, n, times);
  for (let i = 0, time = first; i < n; i++) times[i] = time += unzigzag(times[i]) * unit;
  const lengths = new Uint32Array(n);
  at = readPlanes(bytes, at, n, lengths);
  const offsets = new Float64Array(n);
  at = readPlanes(bytes, at, n, offsets);
  let i = 0;
  for (const run of runs) {
    let expected = run.lowest;
    for (const end = Math.min(n, i + run.count); i < end; i++) {
      offsets[i] = expected + unzigzag(offsets[i]);
      expected = offsets[i] + lengths[i];
    }
  }
  if (i !== n || at + 2 * n !== bytes.length) throw new RangeError('rows do not fill their section');
  for (let j = 1; j < n; j++) lengths[j] += lengths[j - 1];
  return {
    count: n,
    times,
    offsets,
    ends: lengths,
    flags: new Uint8Array(bytes.subarray(at, at + n)),
    levels: new Uint8Array(bytes.subarray(at + n, at + 2 * n)),
  };
}
