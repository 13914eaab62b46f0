import type { Source } from '../../model/source.ts';
import { blockPatterns } from './block-hashes.ts';
import {
  type FrameHead,
  type FrameMemory,
  frameColumns,
  frameFid,
  frameMemory,
  frameMessages,
  RECORDS_FRAME,
  readFrameHead,
} from './frame.ts';
import type { BlockText } from './matcher.ts';
import { type PatternColumn, patternColumn } from './patterns-section.ts';
import type { Rows } from './rows-section.ts';
import { blockText, type ScanBlock, type ScanRun } from './scan-block.ts';
import { textKind } from './text-kind.ts';

/**
 * A chunk of a head as blocks. Frames are grouped so that thousands of tiny ones (a quiet fleet sends a line or two at a
 * time) cost one search and not thousands; the grouping is kept per chunk and continued as it fills.
 */
export interface HeadChunk {
  id: number;
  shared: SharedArrayBuffer;
  /** Durable bytes; frames beyond are not looked at. */
  bytes: number;
}

const GROUP_BYTES = 512 << 10;
const GROUP_RECORDS = 8 << 10;

interface Group {
  frames: FrameHead[];
  records: number;
  bytes: number;
  first: number;
  last: number;
  /** Of its records when they were last asked for. */
  patterns: PatternColumn | null;
}

export interface HeadBlocks {
  /** The blocks of a chunk up to `chunk.bytes`. */
  of(chunk: HeadChunk, sources: ReadonlyMap<number, Source>): ScanBlock[];
  /** Drops what is known of chunks whose memory serves something else by now. */
  forget(ids: number[]): void;
}

export function createHeadBlocks(): HeadBlocks {
  const known = new Map<number, { memory: FrameMemory; indexed: number; groups: Group[] }>();
  return {
    of(chunk, sources) {
      let entry = known.get(chunk.id);
      if (!entry) known.set(chunk.id, (entry = { memory: frameMemory(chunk.shared), indexed: 0, groups: [] }));
      const { memory, groups } = entry;
      while (entry.indexed < chunk.bytes) {
        const head = readFrameHead(memory, entry.indexed, chunk.bytes, false);
        if (!head) break;
        entry.indexed += head.length;
        if (head.kind === RECORDS_FRAME && head.count > 0) addTo(groups, head);
      }
      return groups.map((group) => groupBlock(memory, group, sources));
    },
    forget(ids) {
      for (const id of ids) known.delete(id);
    },
  };
}

function addTo(groups: Group[], frame: FrameHead): void {
  let group = groups[groups.length - 1];
  if (!group || group.bytes + frame.messageBytes > GROUP_BYTES || group.records + frame.count > GROUP_RECORDS)
    groups.push(
      (group = {
        frames: [],
        records: 0,
        bytes: 0,
        first: Number.POSITIVE_INFINITY,
        last: Number.NEGATIVE_INFINITY,
        patterns: null,
      }),
    );
  group.frames.push(frame);
  group.records += frame.count;
  group.bytes += frame.messageBytes;
  group.first = Math.min(group.first, frame.first);
  group.last = Math.max(group.last, frame.last);
}

function groupBlock(memory: FrameMemory, group: Group, sources: ReadonlyMap<number, Source>): ScanBlock {
  // The newest group goes on growing while this block is in use.
  const frames = group.frames.slice();
  const records = group.records;
  const rawBytes = group.bytes;
  let rows: Rows | null = null;
  let text: BlockText | null = null;
  const block: ScanBlock = {
    records,
    rawBytes,
    first: group.first,
    last: group.last,
    runs: () => frames.map((frame) => runOf(memory, frame, sources)),
    rows: () => (rows ??= frames.length === 1 ? frameColumns(memory, frames[0]) : joinRows(memory, frames, records)),
    text() {
      if (text) return text;
      let bytes = frameMessages(memory, frames[0]);
      if (frames.length > 1) {
        bytes = Buffer.allocUnsafe(rawBytes);
        let at = 0;
        for (const frame of frames) at += frameMessages(memory, frame).copy(bytes, at);
      }
      text = blockText(bytes, textKind(bytes));
      return text;
    },
    patterns() {
      const known = group.patterns;
      if (known && known.indices.length === records) return known;
      return (group.patterns = patternColumn(blockPatterns(block.text().bytes, block.rows().ends, records), records));
    },
    textRead: () => text !== null,
    passes: () => true,
  };
  return block;
}

function runOf(memory: FrameMemory, frame: FrameHead, sources: ReadonlyMap<number, Source>): ScanRun {
  const source = sources.get(frame.source);
  if (!source) throw new Error(`cannot find source ${frame.source} of a frame`);
  return {
    source,
    fid: frameFid(memory, frame.at),
    gen: frame.gen,
    count: frame.count,
    first: frame.first,
    last: frame.last,
    lowest: frame.start,
    highest: frame.end,
    cells: frame.cells,
  };
}

function joinRows(memory: FrameMemory, frames: FrameHead[], records: number): Rows {
  const rows: Rows = {
    count: records,
    times: new Float64Array(records),
    offsets: new Float64Array(records),
    ends: new Uint32Array(records),
    flags: new Uint8Array(records),
    levels: new Uint8Array(records),
  };
  let n = 0;
  let bytes = 0;
  for (const frame of frames) {
    const columns = frameColumns(memory, frame);
    rows.times.set(columns.times, n);
    rows.offsets.set(columns.offsets, n);
    rows.flags.set(columns.flags, n);
    rows.levels.set(columns.levels, n);
    for (let i = 0; i < frame.count; i++) rows.ends[n + i] = bytes + columns.ends[i];
    n += frame.count;
    bytes += frame.messageBytes;
  }
  return rows;
}
