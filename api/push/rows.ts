import type { LinesBatch } from '../../model/batch.ts';
import { PEM_REST, type Redactor } from '../../model/redaction/redaction.ts';
import type { Source } from '../../model/source.ts';
import { encodeBatch, encodedBytes } from '../../transport/batch-codec.ts';

/** Lines of one source, in the order they came. */
export interface Rows {
  source: Source;
  sourceBytes: number;
  /** µs; NaN where the arrival counts. */
  times: number[];
  offsets: number[];
  levels: number[];
  flags: number[];
  messages: (string | Buffer)[];
  sizes: number[];
  /** 1 for lines that continue a private key whose head was a line before. */
  keyLines: number[];
  /** A private key's head has come, and not yet its end. */
  inKey: boolean;
}

export function createRows(source: Source): Rows {
  const sourceBytes = Buffer.byteLength(JSON.stringify(source));
  return {
    source,
    sourceBytes,
    times: [],
    offsets: [],
    levels: [],
    flags: [],
    messages: [],
    sizes: [],
    keyLines: [],
    inKey: false,
  };
}

/** A line of a PEM body, as it is or inside JSON; a shipper sends each as a line of its own. */
const KEY_LINE = /^(?:\{"message":")?(?:[A-Za-z0-9+/=]{1,76}|(?:Proc-Type|DEK-Info): .*)?\s*(?:$|",")/;

/** Adds a line; `time` is NaN for the arrival's. */
export function addRow(
  rows: Rows,
  row: { time: number; offset: number; level: number; flags: number; message: string | Buffer },
): number {
  const { message } = row;
  const size = typeof message === 'string' ? Buffer.byteLength(message) : message.length;
  const rest =
    rows.inKey &&
    (message.includes('-----END ') ||
      KEY_LINE.test(typeof message === 'string' ? message : message.toString('latin1')));
  rows.inKey =
    message.includes('PRIVATE KEY-----') && message.includes('-----BEGIN ')
      ? !message.includes('-----END ')
      : rest && !message.includes('-----END ');
  rows.times.push(row.time);
  rows.offsets.push(row.offset);
  rows.levels.push(row.level);
  rows.flags.push(row.flags);
  rows.messages.push(message);
  rows.sizes.push(size);
  rows.keyLines.push(rest ? PEM_REST : 0);
  return size;
}

/** Records a batch may hold, as collectors cut them. */
const MOST_RECORDS = 16_384;

/** [from, to) spans of the rows, each a batch of at most `limit` encoded bytes or a single row. */
export function spansOf(rows: Rows, limit: number): [from: number, to: number][] {
  const spans: [number, number][] = [];
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < rows.sizes.length; i++) {
    const next = bytes + rows.sizes[i];
    if (i > from && (i - from >= MOST_RECORDS || encodedBytes(i - from + 1, 0, rows.sourceBytes, next) > limit)) {
      spans.push([from, i]);
      from = i;
      bytes = rows.sizes[i];
    } else bytes = next;
  }
  if (from < rows.sizes.length) spans.push([from, rows.sizes.length]);
  return spans;
}

export interface RowEncoder {
  /** The rows [from, to) as one encoded batch, redacted. */
  encode(rows: Rows, span: readonly [from: number, to: number], place: BatchPlace): Buffer;
}

export interface BatchPlace {
  fid: string;
  gen: number;
  /** Rows [start, end) of the session are accounted for by this batch. */
  start: number;
  end: number;
  /** Row of the session that the request's first is. */
  firstRow: number;
  /** µs; the time of lines without one. */
  arrival: number;
}

/** Encodes with a scratch area that it keeps: redaction wants messages side by side with room behind them. */
export function createRowEncoder(redactor: Redactor): RowEncoder {
  let scratch = Buffer.allocUnsafeSlow(1 << 20);

  return {
    encode(rows, [from, to], { firstRow, arrival, ...position }) {
      const count = to - from;
      let size = 0;
      for (let i = from; i < to; i++) size += rows.sizes[i];
      // Masks are longer than the shortest secrets; three times is what collectors leave.
      if (scratch.length < 3 * size) scratch = Buffer.allocUnsafeSlow(3 * size);
      const ends = new Uint32Array(count);
      let used = 0;
      for (let i = 0; i < count; i++) {
        const message = rows.messages[from + i];
        used += typeof message === 'string' ? scratch.write(message, used) : message.copy(scratch, used);
        ends[i] = used;
      }
      const flags = Uint8Array.from(rows.flags.slice(from, to));
      const bench = { bytes: scratch, used, count, ends, flags, marks: Uint8Array.from(rows.keyLines.slice(from, to)) };
      redactor.redact(bench, count);
      scratch = bench.bytes;
      const batch: LinesBatch = {
        kind: 'lines',
        source: rows.source,
        ...position,
        collectedAt: arrival,
        count,
        times: Float64Array.from(rows.times.slice(from, to), (time) => (Number.isNaN(time) ? arrival : time)),
        offsets: Float64Array.from(rows.offsets.slice(from, to), (row) => firstRow + row),
        ends,
        flags,
        levels: Uint8Array.from(rows.levels.slice(from, to)),
        joins: new Uint32Array(0),
        dropped: {},
        messages: bench.bytes.subarray(0, bench.used),
      };
      return encodeBatch(batch);
    },
  };
}
