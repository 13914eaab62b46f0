import type { Source } from '../../model/source.ts';
import { createBulkRecords } from './bulk-records.ts';
import type { HeadBlocks, HeadChunk } from './head-blocks.ts';
import { type BlockMatcher, createBlockMatcher, type Window } from './match-block.ts';
import { MINUTE_US } from './minute-counts.ts';
import { createPatternTally } from './pattern-tally.ts';
import { ALL_INDEX, NONE_INDEX } from './residual.ts';
import { type ScanBlock, type ScanRun, segmentBlock } from './scan-block.ts';
import {
  PART_BLOCKS,
  type ScanAnswer,
  type ScanControl,
  type ScanRequest,
  type ScanStats,
  STATE,
  UNIT_WIDTH,
} from './scan-request.ts';
import type { SegmentReader } from './segment-reader.ts';
import { createFacetTally, createHistogramTally, createSourceTally, type Tally } from './tallies.ts';
import { createTopRecords, type TopRecords } from './top-records.ts';

export interface ScanInput {
  request: ScanRequest;
  control: ScanControl;
  units: Float64Array;
  chunks: HeadChunk[];
}

export interface ScanTools {
  heads: HeadBlocks;
  sources: ReadonlyMap<number, Source>;
  /** Opens a segment, or gives the one that is open. Throws when it is damaged. */
  segment(id: number): SegmentReader;
}

/** One thread's share of a scan. `steps` does a block at a time and yields between, so that several scans take turns. */
export interface ScanWork {
  steps(): Generator<void, void, void>;
  stats: ScanStats;
  damaged: { segment: number; reason: string; whole: boolean }[];
  unseen: number | undefined;
  answer(): { answer: ScanAnswer; transfer: ArrayBuffer[] };
}

export function createScanWork(input: ScanInput, tools: ScanTools): ScanWork {
  const { request, control, units } = input;
  const { operation } = request;
  const matcher = createBlockMatcher(request.query);
  const top = operation.type === 'top' ? createTop(operation.bulk ?? false) : null;
  const tally = top ? null : createTally(request);
  const segmentOf = new WeakMap<ScanBlock, number>();
  const work: ScanWork = {
    steps: top ? () => topSteps(top) : () => tallySteps(tally!),
    stats: { blocksRead: 0, blocksTotal: 0, bytesRead: 0 },
    damaged: [],
    unseen: undefined,
    answer: () => (top ?? tally!).answer(),
  };

  function createTop(bulk: boolean): TopRecords {
    return bulk ? createBulkRecords(request, control) : createTopRecords(request, control);
  }

  /** Claims the next unit: its row's place, or -1 when none is left or the scan was stopped. */
  function claim(): number {
    if (Atomics.load(control.words, 0) !== STATE.RUN) return -1;
    const unit = Atomics.add(control.words, 1, 1) * UNIT_WIDTH;
    return unit < units.length ? unit : -1;
  }

  /** Blocks of a unit's segment or chunk; none when the segment cannot be read. */
  function open(unit: number): { reader: SegmentReader | null; blocks: ScanBlock[]; segment: number } {
    const ref = units[unit];
    if (ref < 0) {
      const blocks = tools.heads.of(input.chunks[-ref - 1], tools.sources);
      return { reader: null, blocks, segment: 0 };
    }
    try {
      const reader = tools.segment(ref);
      const blocks = Array.from({ length: reader.footer.head.blocks }, (_, i) => segmentBlock(reader, i));
      return { reader, blocks, segment: ref };
    } catch (error) {
      work.damaged.push({ segment: ref, reason: (error as Error).message, whole: true });
      return { reader: null, blocks: [], segment: ref };
    }
  }

  /** Runs one block; damage of a block is noted and the rest goes on. */
  function guarded(segment: number, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (segment === 0) throw error;
      work.damaged.push({ segment, reason: (error as Error).message, whole: false });
    }
  }

  function matchInto(block: ScanBlock, segment: number, windowOf: (run: ScanRun) => Window | null, take: Take): void {
    guarded(segment, () => {
      const before = matcher.textRead;
      const matches = matcher.match(block, windowOf);
      if (matcher.textRead > before) {
        work.stats.blocksRead++;
        work.stats.bytesRead += matcher.textRead - before;
      }
      if (matches) take(block, matches);
    });
  }

  function* topSteps(sink: TopRecords): Generator<void, void, void> {
    const best = (block: { first: number; last: number }): number => sink.bestOf(block);
    const miss = (scalar: number): void => {
      work.unseen = Math.max(work.unseen ?? Number.NEGATIVE_INFINITY, scalar);
    };
    for (let unit = claim(); unit >= 0; unit = claim()) {
      const span = { first: units[unit + 2], last: units[unit + 3] };
      if (sink.hopeless(best(span))) continue;
      const { reader, blocks, segment } = open(unit);
      const order = blocks.toSorted((a, b) => best(b) - best(a));
      const from = reader ? units[unit + 1] * PART_BLOCKS : 0;
      const part = reader ? order.slice(from, from + PART_BLOCKS) : order;
      for (const block of part) {
        if (block.last < request.from || block.first >= request.to) continue;
        work.stats.blocksTotal++;
        if (Atomics.load(control.words, 0) !== STATE.RUN) {
          miss(best(block));
          continue;
        }
        if (sink.hopeless(best(block))) continue;
        segmentOf.set(block, segment);
        matchInto(block, segment, sink.windowOf, sink.take);
        block.release();
        yield;
      }
    }
    yield* fillTexts(sink);
    // Units nobody will claim any more: the first of them is the best, since they come in order.
    if (Atomics.load(control.words, 0) === STATE.TIME_OUT) {
      const next = Atomics.load(control.words, 1) * UNIT_WIDTH;
      for (let unit = next; unit < units.length; unit += UNIT_WIDTH)
        miss(best({ first: units[unit + 2], last: units[unit + 3] }));
    }
  }

  /** Reads the text of records that made it and were chosen without it. */
  function* fillTexts(sink: TopRecords): Generator<void, void, void> {
    for (const block of sink.missing()) {
      if (Atomics.load(control.words, 0) === STATE.CANCEL) return;
      try {
        sink.fill(block);
        block.release();
        work.stats.blocksRead++;
        work.stats.bytesRead += block.rawBytes;
      } catch (error) {
        work.damaged.push({ segment: segmentOf.get(block) ?? 0, reason: (error as Error).message, whole: false });
        sink.drop(block);
      }
      yield;
    }
  }

  function* tallySteps(sink: Tally): Generator<void, void, void> {
    const edges = edgesOf(request.from, request.to);
    const whole = everything(request.from, request.to);
    for (let unit = claim(); unit >= 0; unit = claim()) {
      const { reader, blocks, segment } = open(unit);
      const part = reader ? units[unit + 1] : 0;
      const counted = reader && sink.byMinutes ? decidedSources(reader, matcher) : null;
      if (reader && counted && part === 0) addMinutes(reader, matcher, counted, request, sink);
      const all = counted !== null && counted.size === reader!.footer.head.sources.length;
      const from = reader ? part * PART_BLOCKS : 0;
      for (const block of reader ? blocks.slice(from, from + PART_BLOCKS) : blocks) {
        if (block.last < request.from || block.first >= request.to) continue;
        work.stats.blocksTotal++;
        if (Atomics.load(control.words, 0) !== STATE.RUN) {
          work.unseen = 0;
          return;
        }
        if (!counted) matchInto(block, segment, () => whole, sink.add);
        else {
          const near = edges.filter((edge) => block.last >= edge.from && block.first < edge.to);
          if (all && near.length === 0) continue;
          if (!all) matchInto(block, segment, (run) => (counted.has(run.source) ? null : whole), sink.add);
          for (const edge of near)
            matchInto(block, segment, (run) => (counted.has(run.source) ? edge : null), sink.add);
        }
        block.release();
        yield;
      }
    }
    if (Atomics.load(control.words, 1) * UNIT_WIDTH < units.length) work.unseen = 0;
  }

  return work;
}

type Take = (block: ScanBlock, matches: NonNullable<ReturnType<BlockMatcher['match']>>) => void;

function createTally(request: ScanRequest): Tally {
  switch (request.operation.type) {
    case 'histogram':
      return createHistogramTally(request);
    case 'facets':
      return createFacetTally(request);
    case 'patterns':
      return createPatternTally(request);
    default:
      return createSourceTally();
  }
}

const everything = (from: number, to: number): Window => ({
  from,
  to,
  lowest: Number.NEGATIVE_INFINITY,
  highest: Number.POSITIVE_INFINITY,
});

/** First and last whole minute of a range: minutes [first, end) lie wholly within. */
function wholeMinutes(from: number, to: number): { first: number; end: number } {
  return { first: Math.ceil(from / MINUTE_US), end: Math.floor(to / MINUTE_US) };
}

/** The parts of a range at its ends that are no whole minutes. */
function edgesOf(from: number, to: number): Window[] {
  const { first, end } = wholeMinutes(from, to);
  if (first >= end) return [everything(from, to)];
  const edges = [];
  if (from < first * MINUTE_US) edges.push(everything(from, first * MINUTE_US));
  if (end * MINUTE_US < to) edges.push(everything(end * MINUTE_US, to));
  return edges;
}

/** Sources whose every cell is decided without text: the minute counts answer for them. */
function decidedSources(reader: SegmentReader, matcher: BlockMatcher): Set<Source> {
  const decided = new Set<Source>();
  for (const source of reader.footer.head.sources)
    if (matcher.residuals.of(source).every((index) => index === ALL_INDEX || index === NONE_INDEX)) decided.add(source);
  return decided;
}

function addMinutes(
  reader: SegmentReader,
  matcher: BlockMatcher,
  counted: ReadonlySet<Source>,
  request: ScanRequest,
  sink: Tally,
): void {
  const { head, counts } = reader.footer;
  const { first, end } = wholeMinutes(request.from, request.to);
  let at = -1;
  let source = head.sources[0];
  let cells: Uint8Array | null = null;
  for (let i = 0; i < head.counts; i++) {
    if (counts.source[i] !== at) {
      at = counts.source[i];
      source = head.sources[at];
      cells = counted.has(source) ? matcher.residuals.of(source) : null;
    }
    if (!cells || cells[counts.cell[i]] !== ALL_INDEX) continue;
    const minute = counts.minute[i];
    if (minute >= first && minute < end) sink.addMinute(source, minute, counts.cell[i], counts.count[i]);
  }
}
