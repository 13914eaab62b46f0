import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { Source } from '../../model/source.ts';
import { letGo } from './let-go.ts';
import type { Matches } from './match-block.ts';
import { numberOf, type PackedRecords, packedTransfer } from './packed-records.ts';
import type { ScanBlock } from './scan-block.ts';
import type { Operation, ScanControl, ScanRequest } from './scan-request.ts';
import { sharedBound, type TopRecords } from './top-records.ts';

type Top = Extract<Operation, { type: 'top' }>;

/** Records of one run of one block. */
interface BulkRun {
  fid: string;
  gen: number;
  source: Source;
}

/**
 * TopRecords for an export: nearly everything of a span of time is wanted, so records are kept in columns with their text copied as it is
 * read, and put in order once at the end. Knows order by time only.
 */
export function createBulkRecords(request: ScanRequest, control: ScanControl): TopRecords {
  const top = request.operation as Top;
  const sign = top.order === 'desc' ? 1 : -1;
  const { after } = top;
  const shared = sharedBound(control);
  const range = { from: request.from, to: request.to };
  if (after && sign > 0) range.to = Math.min(range.to, after.time + 1);
  else if (after) range.from = Math.max(range.from, after.time);
  let columns = emptyColumns(1 << 12);
  let messages = new Uint8Array(1 << 20);
  let runs: BulkRun[] = [];
  let n = 0;
  let bytes = 0;
  let cut: RecordKey | null = null;

  const keyOf = (i: number): RecordKey => {
    const { fid, gen } = runs[columns.run[i]];
    return { time: columns.times[i], fid, gen, offset: columns.offsets[i] };
  };
  /** Negative when `a` is given out first. */
  const compare = (a: RecordKey, b: RecordKey): number => sign * compareKeys(b, a);
  const sizeOf = (i: number): number => columns.ends[i] - columns.starts[i];

  function room(records: number, more: number): void {
    if (n + records > columns.times.length) columns = grownColumns(columns, n, 2 * (n + records));
    if (bytes + more <= messages.length) return;
    const old = messages;
    messages = new Uint8Array(2 * (bytes + more));
    messages.set(old.subarray(0, bytes));
    letGo(old);
  }

  /** Places in the order they are given out. */
  function ordered(): Uint32Array {
    const order = timeOrder(columns.times, n);
    for (let from = 0; from < n; ) {
      let to = from + 1;
      while (to < n && columns.times[order[to]] === columns.times[order[from]]) to++;
      if (to - from > 1) order.subarray(from, to).sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
      from = to;
    }
    return sign > 0 ? order.reverse() : order;
  }

  /** Keeps the first `limit` records of at most `bytes`. */
  function trim(): void {
    const order = ordered();
    let kept = 0;
    let size = 0;
    while (kept < Math.min(n, top.limit)) {
      size += sizeOf(order[kept]);
      if (size > top.bytes && kept > 0) {
        const gone = keyOf(order[kept]);
        if (!cut || compare(gone, cut) < 0) cut = gone;
        break;
      }
      kept++;
    }
    if (kept < n || n === top.limit) shared.raise(sign * columns.times[order[kept - 1]]);
    if (kept === n) return;
    const old = { columns, messages };
    const places = order.subarray(0, kept).sort();
    columns = emptyColumns(2 * kept);
    messages = new Uint8Array(Math.max(1 << 20, 2 * size));
    n = 0;
    bytes = 0;
    for (const i of places) {
      copyRecord(old.columns, i, columns, n);
      const start = bytes;
      messages.set(old.messages.subarray(old.columns.starts[i], old.columns.ends[i]), start);
      bytes += old.columns.ends[i] - old.columns.starts[i];
      columns.starts[n] = start;
      columns.ends[n++] = bytes;
    }
    letGo(old.messages);
  }

  return {
    bestOf: ({ first, last }) => (sign > 0 ? last : -first),
    hopeless: (scalar) => scalar < shared.least(),
    windowOf() {
      const window = { ...range, lowest: Number.NEGATIVE_INFINITY, highest: Number.POSITIVE_INFINITY };
      const least = shared.least();
      if (least === Number.NEGATIVE_INFINITY) return window;
      if (sign > 0) window.from = Math.max(window.from, least);
      else window.to = Math.min(window.to, -least + 1);
      return window;
    },
    take(block: ScanBlock, { rows, runs: blockRuns, records, runOf }: Matches) {
      const text = block.text().bytes;
      room(records.length, text.length);
      const { times, offsets, flags, levels, ends } = rows;
      let current = -1;
      let number = -1;
      for (const i of records) {
        if (runOf[i] !== current) {
          current = runOf[i];
          const { fid, gen, source } = blockRuns[current];
          number = runs.push({ fid, gen, source }) - 1;
        }
        if (after && times[i] === after.time) {
          const { fid, gen } = runs[number];
          if (compare({ time: times[i], fid, gen, offset: offsets[i] }, after) <= 0) continue;
        }
        const start = i === 0 ? 0 : ends[i - 1];
        messages.set(text.subarray(start, ends[i]), bytes);
        columns.times[n] = times[i];
        columns.offsets[n] = offsets[i];
        columns.starts[n] = bytes;
        bytes += ends[i] - start;
        columns.ends[n] = bytes;
        columns.run[n] = number;
        columns.flags[n] = flags[i];
        columns.levels[n++] = levels[i];
      }
      if (n > 1.5 * top.limit || bytes > 1.5 * top.bytes) trim();
    },
    missing() {
      trim();
      return [];
    },
    fill() {},
    drop() {},
    answer() {
      let order = ordered();
      if (cut) {
        const end = cut;
        order = order.filter((i) => compare(keyOf(i), end) < 0);
      }
      const records = pack(order);
      columns = emptyColumns(0);
      runs = [];
      return { answer: { type: 'top', records, cut: cut !== null }, transfer: packedTransfer(records) };
    },
  };

  function pack(order: Uint32Array): PackedRecords {
    const fids = new Map<string, number>();
    const sources = new Map<Source, number>();
    const fidOf = runs.map(({ fid }) => numberOf(fids, fid));
    const sourceOf = runs.map(({ source }) => numberOf(sources, source));
    const pick = <T extends Float64Array | Uint32Array | Uint8Array>(out: T, column: T): T => {
      for (let k = 0; k < order.length; k++) out[k] = column[order[k]];
      return out;
    };
    const count = order.length;
    return {
      count,
      times: pick(new Float64Array(count), columns.times),
      offsets: pick(new Float64Array(count), columns.offsets),
      gens: Uint32Array.from(order, (i) => runs[columns.run[i]].gen),
      starts: pick(new Uint32Array(count), columns.starts),
      ends: pick(new Uint32Array(count), columns.ends),
      fid: Uint32Array.from(order, (i) => fidOf[columns.run[i]]),
      source: Uint32Array.from(order, (i) => sourceOf[columns.run[i]]),
      flags: pick(new Uint8Array(count), columns.flags),
      levels: pick(new Uint8Array(count), columns.levels),
      fids: [...fids.keys()],
      sources: [...sources.keys()],
      messages: messages.subarray(0, bytes),
    };
  }
}

function emptyColumns(size: number) {
  return {
    times: new Float64Array(size),
    offsets: new Float64Array(size),
    starts: new Uint32Array(size),
    ends: new Uint32Array(size),
    run: new Uint32Array(size),
    flags: new Uint8Array(size),
    levels: new Uint8Array(size),
  };
}
type Columns = ReturnType<typeof emptyColumns>;

function grownColumns(old: Columns, n: number, size: number): Columns {
  const grown = emptyColumns(size);
  for (const name of Object.keys(grown) as (keyof Columns)[]) {
    grown[name].set(old[name].subarray(0, n));
    letGo(old[name]);
  }
  return grown;
}

function copyRecord(from: Columns, i: number, to: Columns, k: number): void {
  for (const name of Object.keys(to) as (keyof Columns)[]) to[name][k] = from[name][i];
}

/** Places by ascending time; of equal times in no order. */
function timeOrder(times: Float64Array, n: number): Uint32Array {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (let i = 0; i < n; i++) {
    first = Math.min(first, times[i]);
    last = Math.max(last, times[i]);
  }
  // One number holds time and place: the engine's sort of numbers is many times faster than one that asks us.
  if ((last - first + 1) * n >= Number.MAX_SAFE_INTEGER)
    return Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => times[a] - times[b]);
  const keys = new Float64Array(n);
  for (let i = 0; i < n; i++) keys[i] = (times[i] - first) * n + i;
  keys.sort();
  const order = new Uint32Array(n);
  for (let k = 0; k < n; k++) order[k] = keys[k] - Math.floor(keys[k] / n) * n;
  return order;
}
