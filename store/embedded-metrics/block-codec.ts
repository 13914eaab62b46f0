import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createVarintWriter, VarintReader } from './varint.ts';

/**
 * One figure of one host's series over a stretch of time: what a question reads, and nothing else. Version 1, inside zstd: u8 version, then
 * as varints the number of columns and of series, each series' id (as difference) and its runs of slots with values (as number of runs, and start and
 * length of each, as differences), then column by column each series' values, as differences from the one before.
 */
export interface Block {
  series: BlockSeries[];
}

export interface BlockSeries {
  id: number;
  /** By column, by slot; NaN where there is none, in all columns alike. The first column is there always. */
  columns: Float64Array[];
}

const VERSION = 1;

export function encodeBlock(block: Block, slots: number): Uint8Array {
  const out = createVarintWriter();
  const series = [...block.series].sort((a, b) => a.id - b.id);
  const columns = series[0]?.columns.length ?? 0;
  out.unsigned(VERSION);
  out.unsigned(columns);
  out.unsigned(series.length);
  let before = 0;
  for (const one of series) {
    out.unsigned(one.id - before);
    before = one.id;
    const runs = runsOf(one.columns[0], slots);
    out.unsigned(runs.length);
    let at = 0;
    for (const [from, to] of runs) {
      out.unsigned(from - at);
      out.unsigned(to - from);
      at = to;
    }
  }
  for (let column = 0; column < columns; column++)
    for (const one of series) {
      let last = 0;
      const values = one.columns[column];
      for (let slot = 0; slot < slots; slot++) {
        const value = values[slot];
        if (Number.isNaN(value)) continue;
        out.signed(value - last);
        last = value;
      }
    }
  return zstdCompressSync(out.bytes());
}

/** Reads the first `columns` of a block; `wanted` says which series. Throws when it is damaged or of a later version. */
export function decodeBlock(
  bytes: Uint8Array,
  slots: number,
  columns: number,
  wanted: (id: number) => boolean,
): BlockSeries[] {
  const from = new VarintReader(zstdDecompressSync(bytes));
  const version = from.unsigned();
  if (version !== VERSION)
    throw new RangeError(`a block of figures has version ${version}, this build reads ${VERSION}`);
  const there = from.unsigned();
  const count = from.unsigned();
  const heads: { id: number; runs: number[]; take: boolean; columns: Float64Array[] }[] = [];
  let id = 0;
  for (let i = 0; i < count; i++) {
    id += from.unsigned();
    const runs: number[] = [];
    let at = 0;
    for (let n = from.unsigned(); n > 0; n--) {
      at += from.unsigned();
      runs.push(at);
      at += from.unsigned();
      runs.push(at);
    }
    if (at > slots) throw new RangeError('a block of figures is longer than its stretch');
    heads.push({ id, runs, take: wanted(id), columns: [] });
  }
  for (let column = 0; column < Math.min(columns, there); column++)
    for (const { runs, take, columns: into } of heads) {
      const values = take ? new Float64Array(slots) : null;
      // Filled only where runs leave holes: most have none, and filling costs more than reading.
      if (values && (runs.length !== 2 || runs[0] !== 0 || runs[1] !== slots)) values.fill(Number.NaN);
      let last = 0;
      for (let run = 0; run < runs.length; run += 2) last = from.sums(values, runs[run], runs[run + 1], last);
      if (values) into.push(values);
    }
  return heads.filter(({ take }) => take).map(({ id: one, columns: read }) => ({ id: one, columns: read }));
}

function runsOf(values: Float64Array, slots: number): [number, number][] {
  const runs: [number, number][] = [];
  for (let slot = 0; slot < slots; ) {
    if (Number.isNaN(values[slot])) {
      slot++;
      continue;
    }
    const from = slot;
    while (slot < slots && !Number.isNaN(values[slot])) slot++;
    runs.push([from, slot]);
  }
  return runs;
}
