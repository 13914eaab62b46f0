import type { Source } from '../../model/source.ts';
import { type BlockHashes, blockPatterns, hashBlock } from './block-hashes.ts';
import { bloomHolds } from './bloom.ts';
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
import { letGo } from './let-go.ts';
import type { BlockText } from './matcher.ts';
import { type PatternColumn, patternColumn } from './patterns-section.ts';
import type { Rows } from './rows-section.ts';
import { blockText, type ScanBlock, type ScanRun } from './scan-block.ts';
import { bloomPasses } from './token-set.ts';

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

/** Frames one behind the other: bytes [from, to) of the chunk. What they hold is read again when it is asked for: frames may be tiny. */
interface Group {
  from: number;
  to: number;
  records: number;
  bytes: number;
  first: number;
  last: number;
  /** Of its records when they were last asked for. */
  patterns: PatternColumn | null;
  /** What a segment would keep of it, once it stands still and has been looked for words before. */
  hashes: BlockHashes | null;
  /** Its end when it was last looked for words. */
  asked: number;
}

interface KnownChunk {
  memory: FrameMemory;
  indexed: number;
  groups: Group[];
}

export interface HeadBlocks {
  /** The blocks of a chunk up to `chunk.bytes`. The text of one block is valid until that of another one is asked for. */
  of(chunk: HeadChunk, sources: ReadonlyMap<number, Source>): ScanBlock[];
  /** Drops what is known of chunks whose memory serves something else by now. */
  forget(ids: number[]): void;
}

export function createHeadBlocks(): HeadBlocks {
  const known = new Map<number, KnownChunk>();
  const scratch: Scratch = { bytes: Buffer.alloc(0), owner: null };
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
      return groups.map((group) => groupBlock(memory, group, sources, scratch));
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
        from: frame.at,
        to: frame.at,
        records: 0,
        bytes: 0,
        first: Number.POSITIVE_INFINITY,
        last: Number.NEGATIVE_INFINITY,
        patterns: null,
        hashes: null,
        asked: 0,
      }),
    );
  group.to = frame.at + frame.length;
  group.hashes = null;
  group.records += frame.count;
  group.bytes += frame.messageBytes;
  group.first = Math.min(group.first, frame.first);
  group.last = Math.max(group.last, frame.last);
}

/** Where the messages of several frames are put together, and whose they are: searched ten times a second, heads must leave no garbage. */
interface Scratch {
  bytes: Buffer;
  owner: ScanBlock | null;
}

function groupBlock(
  memory: FrameMemory,
  group: Group,
  sources: ReadonlyMap<number, Source>,
  scratch: Scratch,
): ScanBlock {
  // The newest group goes on growing while this block is in use.
  const { from, to, records, bytes: rawBytes } = group;
  let frames: FrameHead[] | null = null;
  let rows: Rows | null = null;
  let text: BlockText | null = null;

  const framesHere = (): FrameHead[] => (frames ??= readFrames(memory, from, to));
  const atHand = (): boolean => text !== null && (framesHere().length === 1 || scratch.owner === block);

  function join(): Buffer {
    if (scratch.bytes.length < rawBytes) scratch.bytes = Buffer.allocUnsafeSlow(Math.max(rawBytes, GROUP_BYTES));
    let at = 0;
    for (const frame of framesHere()) at += frameMessages(memory, frame).copy(scratch.bytes, at);
    scratch.owner = block;
    return scratch.bytes.subarray(0, rawBytes);
  }

  function hashes(): BlockHashes | null {
    if (group.hashes || group.to > to) return group.hashes;
    // Hashing costs some ten times what one search for a word does: worth it from the second on.
    if (group.asked === to) group.hashes = hashBlock(block.text().bytes, block.rows().ends, records);
    group.asked = to;
    return group.hashes;
  }

  const block: ScanBlock = {
    records,
    rawBytes,
    first: group.first,
    last: group.last,
    inHead: true,
    runs: () => framesHere().map((frame) => runOf(memory, frame, sources)),
    rows() {
      const [one, ...more] = framesHere();
      rows ??= more.length === 0 ? frameColumns(memory, one) : joinRows(memory, framesHere(), records);
      return rows;
    },
    text() {
      if (text && atHand()) return text;
      const [one, ...more] = framesHere();
      text = blockText(more.length === 0 ? frameMessages(memory, one) : join(), group.hashes?.kind ?? null);
      return text;
    },
    patterns() {
      const known = group.patterns;
      if (known && known.indices.length === records) return known;
      return (group.patterns = patternColumn(blockPatterns(block.text().bytes, block.rows().ends, records), records));
    },
    textRead: atHand,
    release() {
      if (rows && framesHere().length > 1) for (const column of [rows.times, rows.offsets, rows.ends]) letGo(column);
      rows = null;
      text = null;
      frames = null;
    },
    passes(plan) {
      const known = plan.type === 'any' ? null : hashes();
      return known === null || bloomPasses(plan, (hash) => bloomHolds(known.bloom, hash));
    },
  };
  return block;
}

function readFrames(memory: FrameMemory, from: number, to: number): FrameHead[] {
  const frames: FrameHead[] = [];
  for (let at = from; at < to; ) {
    const head = readFrameHead(memory, at, to, false)!;
    if (head.kind === RECORDS_FRAME && head.count > 0) frames.push(head);
    at += head.length;
  }
  return frames;
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
