import type { BloomPlan } from '../../model/query/text-plan.ts';
import type { Source } from '../../model/source.ts';
import { letGo } from './let-go.ts';
import type { BlockText } from './matcher.ts';
import type { PatternColumn } from './patterns-section.ts';
import type { Rows } from './rows-section.ts';
import type { SegmentReader } from './segment-reader.ts';
import { bloomPasses } from './token-set.ts';

/** Consecutive records of one source, fid and gen. */
export interface ScanRun {
  source: Source;
  fid: string;
  gen: number;
  count: number;
  first: number;
  last: number;
  /** No offset is below `lowest` or above `highest`. */
  lowest: number;
  highest: number;
  cells: number;
}

/** What scans work on: a block of a segment, or a handful of frames of a head. Nothing is read before it is asked for. */
export interface ScanBlock {
  records: number;
  rawBytes: number;
  first: number;
  last: number;
  inHead: boolean;
  runs(): ScanRun[];
  rows(): Rows;
  text(): BlockText;
  /** Stored in segments, computed from the text of a head. */
  patterns(): PatternColumn;
  /** True when `text` has been asked for and costs nothing any more. */
  textRead(): boolean;
  /** Gives memory back; what was read before may not be looked at any more, and is read again when it is asked for. */
  release(): void;
  /** False when the block surely holds no record that satisfies the plan. */
  passes(plan: BloomPlan): boolean;
}

export function blockText(bytes: Buffer, kind: number | null): BlockText {
  let latin1: string | null = null;
  return { bytes, kind, latin1: () => (latin1 ??= bytes.toString('latin1')) };
}

export function segmentBlock(reader: SegmentReader, block: number): ScanBlock {
  const { blocks, runs, head } = reader.footer;
  let rows: Rows | null = null;
  let text: BlockText | null = null;
  return {
    records: blocks.records[block],
    rawBytes: blocks.rawBytes[block],
    first: blocks.first[block],
    last: blocks.last[block],
    inHead: false,
    runs() {
      const { from, to } = reader.runsOf(block);
      const out: ScanRun[] = [];
      for (let r = from; r < to; r++)
        out.push({
          source: head.sources[runs.source[r]],
          fid: head.fids[runs.fid[r]],
          gen: runs.gen[r],
          count: runs.count[r],
          first: runs.first[r],
          last: runs.last[r],
          lowest: runs.lowest[r],
          highest: runs.highest[r],
          cells: runs.cells[r],
        });
      return out;
    },
    rows: () => (rows ??= reader.rows(block)),
    text: () => (text ??= blockText(reader.text(block), blocks.kind[block])),
    patterns: () => reader.patternColumn(block),
    textRead: () => text !== null,
    release() {
      if (text) letGo(text.bytes);
      if (rows) for (const column of [rows.times, rows.offsets, rows.ends]) letGo(column);
      text = null;
      rows = null;
    },
    passes: (plan) => bloomPasses(plan, (hash) => reader.mayHold(block, hash)),
  };
}
