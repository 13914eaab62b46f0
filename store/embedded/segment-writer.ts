import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { Source } from '../../model/source.ts';
import type { BlockCodec } from './block-codec.ts';
import { hashBlock } from './block-hashes.ts';
import { createGrowingTable } from './growing-table.ts';
import { createMinuteCounter } from './minute-counts.ts';
import { encodePatterns } from './patterns-section.ts';
import { compress } from './plain-codec.ts';
import { cellOf, type RecordColumns } from './record-columns.ts';
import { encodeRows } from './rows-section.ts';
import {
  BLOCK_NARROW,
  BLOCK_RECORDS,
  BLOCK_WIDE,
  type BlockTable,
  encodeFooter,
  RUN_NARROW,
  RUN_WIDE,
  type RunTable,
  SEGMENT_VERSION,
  segmentHeader,
} from './segment-format.ts';

/** What the manifest keeps of a segment. Times in µs. */
export interface SegmentRow {
  id: number;
  class: string;
  day: number;
  first: number;
  last: number;
  records: number;
  rawBytes: number;
  bytes: number;
  blocks: number;
  format: number;
}

export interface SegmentWriter {
  /** Records [from, to) of one source, fid and gen; `patterns` are theirs when already known (merges). */
  add(
    source: { key: string; source: Source },
    fid: string,
    gen: number,
    columns: RecordColumns,
    from: number,
    to: number,
    patterns?: Uint32Array,
  ): void;
  /** Writes the last block and the footer; resolves when the file is durable. */
  finish(): SegmentRow;
  /** Closes and removes the file. */
  abort(): void;
}

export interface SegmentWriterOptions {
  path: string;
  id: number;
  class: string;
  day: number;
  blockBytes: number;
  codec: BlockCodec;
}

/** Runs in the writer thread: everything here blocks. Records must come sorted by source. */
export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { blockBytes, codec } = options;
  const fd = openSync(options.path, 'w');
  const encoding = codec.encoder();
  const blocks = createGrowingTable(BLOCK_WIDE, BLOCK_NARROW);
  const runs = createGrowingTable(RUN_WIDE, RUN_NARROW);
  const minutes = createMinuteCounter();
  const sources = new Map<string, number>();
  const sourceList: Source[] = [];
  const fids = new Map<string, number>();
  const scratch = { numbers: new Float64Array(0), out: Buffer.alloc(0) };
  const block = emptyBlock(blockBytes);
  let runsFrom = 0;
  let at = 0;
  let records = 0;
  let rawBytes = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;

  function write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
    at += bytes.length;
  }
  write(segmentHeader());

  const numberOf = (map: Map<string, number>, key: string, fresh?: () => void): number => {
    let number = map.get(key);
    if (number === undefined) {
      map.set(key, (number = map.size));
      fresh?.();
    }
    return number;
  };

  /** The run that records of this identity go to: the block's newest, or a new one. */
  function runFor(source: number, fid: number, gen: number): number {
    const newest = runs.length - 1;
    if (
      newest >= runsFrom &&
      runs.at('source', newest) === source &&
      runs.at('fid', newest) === fid &&
      runs.at('gen', newest) === gen
    )
      return newest;
    runs.push({
      source,
      fid,
      gen,
      count: 0,
      cells: 0,
      first: Number.POSITIVE_INFINITY,
      last: Number.NEGATIVE_INFINITY,
      lowest: Number.POSITIVE_INFINITY,
      highest: Number.NEGATIVE_INFINITY,
    });
    return newest + 1;
  }

  /** Takes records [from, to) into the block as far as they fit; returns how far that was. */
  function take(run: number, columns: RecordColumns, from: number, to: number, patterns?: Uint32Array): number {
    const base = from === 0 ? 0 : columns.ends[from - 1];
    const room = blockBytes - block.bytes;
    let end = from;
    const most = Math.min(to, from + BLOCK_RECORDS - block.count);
    do end++;
    while (end < most && columns.ends[end - 1] - base < room);
    const size = columns.ends[end - 1] - base;
    if (block.text.length < block.bytes + size) {
      const grown = Buffer.allocUnsafeSlow(block.bytes + size);
      block.text.copy(grown, 0, 0, block.bytes);
      block.text = grown;
    }
    block.text.set(columns.messages.subarray(base, base + size), block.bytes);
    block.times.set(columns.times.subarray(from, end), block.count);
    block.offsets.set(columns.offsets.subarray(from, end), block.count);
    block.flags.set(columns.flags.subarray(from, end), block.count);
    block.levels.set(columns.levels.subarray(from, end), block.count);
    let runFirst = runs.at('first', run);
    let runLast = runs.at('last', run);
    let lowest = runs.at('lowest', run);
    let highest = runs.at('highest', run);
    let cells = runs.at('cells', run);
    // The block's own arrays are read below: views of shared memory are several times slower one element at a time.
    const { lengths, ends, times, offsets, flags, levels, patterns: words } = block;
    ends.set(columns.ends.subarray(from, end), block.count);
    const until = block.count + end - from;
    for (let n = block.count, previous = base, shift = block.bytes - base; n < until; n++) {
      const stop = ends[n];
      lengths[n] = stop - previous;
      previous = stop;
      ends[n] = stop + shift;
      const time = times[n];
      if (time < runFirst) runFirst = time;
      if (time > runLast) runLast = time;
      const offset = offsets[n];
      if (offset < lowest) lowest = offset;
      if (offset > highest) highest = offset;
      cells |= 1 << (block.cells[n] = cellOf(flags[n], levels[n]));
    }
    if (patterns) words.set(patterns.subarray(2 * from, 2 * end), 2 * block.count);
    else block.patternless = true;
    runs.set('first', run, runFirst);
    runs.set('last', run, runLast);
    runs.set('lowest', run, lowest);
    runs.set('highest', run, highest);
    runs.set('cells', run, cells >>> 0);
    runs.set('count', run, runs.at('count', run) + end - from);
    minutes.add(runs.at('source', run), times, block.cells, block.count, until);
    block.count = until;
    block.bytes += size;
    return end;
  }

  function flushBlock(): void {
    const n = block.count;
    if (n === 0) return;
    const shapes = [];
    let blockFirst = Number.POSITIVE_INFINITY;
    let blockLast = Number.NEGATIVE_INFINITY;
    let cells = 0;
    for (let r = runsFrom; r < runs.length; r++) {
      shapes.push({ count: runs.at('count', r), lowest: runs.at('lowest', r) });
      blockFirst = Math.min(blockFirst, runs.at('first', r));
      blockLast = Math.max(blockLast, runs.at('last', r));
      cells |= runs.at('cells', r);
    }
    const text = block.text.subarray(0, block.bytes);
    const rows = encodeRows({ ...block, count: n }, block.lengths, shapes, blockFirst, scratch);
    const start = at;
    const rowsStored = compress(rows);
    write(rowsStored);
    const { kind, bloom } = hashBlock(text, block.ends, n, block.patternless ? block.patterns : undefined);
    const patterns = encodePatterns(block.patterns, n);
    const patternsStored = compress(patterns);
    write(patternsStored);
    const stored = encoding.encode(text, block.ends, n);
    write(stored);
    write(bloom);
    blocks.push({
      first: blockFirst,
      last: blockLast,
      at: start,
      records: n,
      rawBytes: block.bytes,
      rows: rowsStored.length,
      rowsRaw: rows.length,
      patterns: patternsStored.length,
      patternsRaw: patterns.length,
      text: stored.length,
      bloom: bloom.length,
      runsFrom,
      cells: cells >>> 0,
      kind,
    });
    records += n;
    rawBytes += block.bytes;
    first = Math.min(first, blockFirst);
    last = Math.max(last, blockLast);
    runsFrom = runs.length;
    block.count = 0;
    block.bytes = 0;
    block.patternless = false;
  }

  return {
    add(source, fid, gen, columns, from, to, patterns) {
      const sourceNumber = numberOf(sources, source.key, () => sourceList.push(source.source));
      const fidNumber = numberOf(fids, fid);
      for (let i = from; i < to; ) {
        i = take(runFor(sourceNumber, fidNumber, gen), columns, i, to, patterns);
        if (block.bytes >= blockBytes || block.count === BLOCK_RECORDS) flushBlock();
      }
    },
    finish() {
      flushBlock();
      const dictionary = encoding.dictionary();
      const dictionaryAt = at;
      write(dictionary);
      const counts = minutes.finish();
      const head = {
        class: options.class,
        day: options.day,
        codec: codec.number,
        dictionary: { at: dictionaryAt, stored: dictionary.length },
        sources: sourceList,
        fids: [...fids.keys()],
        blocks: blocks.length,
        runs: runs.length,
        counts: counts.length,
      };
      const tables = { blocks: blocks.finish(), runs: runs.finish() } as unknown as {
        blocks: BlockTable;
        runs: RunTable;
      };
      write(encodeFooter({ head, ...tables, counts: counts.table }, at));
      fsyncSync(fd);
      closeSync(fd);
      const { id, class: className, day } = options;
      return {
        id,
        class: className,
        day,
        first,
        last,
        records,
        rawBytes,
        bytes: at,
        blocks: blocks.length,
        format: SEGMENT_VERSION,
      };
    },
    abort() {
      closeSync(fd);
      unlinkSync(options.path);
    },
  };
}

/** The block being filled; its text may outgrow `blockBytes` by one record. */
function emptyBlock(blockBytes: number) {
  return {
    count: 0,
    bytes: 0,
    text: Buffer.allocUnsafeSlow(blockBytes + (64 << 10)),
    times: new Float64Array(BLOCK_RECORDS),
    offsets: new Float64Array(BLOCK_RECORDS),
    lengths: new Uint32Array(BLOCK_RECORDS),
    ends: new Uint32Array(BLOCK_RECORDS),
    flags: new Uint8Array(BLOCK_RECORDS),
    levels: new Uint8Array(BLOCK_RECORDS),
    cells: new Uint8Array(BLOCK_RECORDS),
    patterns: new Uint32Array(2 * BLOCK_RECORDS),
    /** Some record came without its pattern: all are computed when the block is full. */
    patternless: false,
  };
}
