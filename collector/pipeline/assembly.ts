import type { DropReason } from '../../model/batch.ts';
import type { Oversize } from './oversize.ts';
import type { Held } from './workbench.ts';

/** A record whose next line may still come: one a stream at most. */
export interface OpenRecord {
  /** Its place on the bench; -1 when none is open. */
  index: number;
  kind: number;
  lines: number;
  /** µs of its last line. */
  lastTime: number;
  /** Raw offset right behind its last line. */
  lastEnd: number;
  /** The runtime cut its last line; the next line of the stream is a part of it. */
  partial: boolean;
  /** Set once a line of 16 KiB parts outgrew the cap: later parts are hashed, not kept. */
  over: Oversize | null;
  /** Raw offsets and lengths of blank lines after its last line, in pairs: they belong to it if more follows. */
  blanks: number[];
  /** Whether it warns or worse; null until asked. */
  severe: boolean | null;
}

/** Bytes that did not become searchable, at a raw offset. */
export interface Drop {
  offset: number;
  reason: DropReason;
  bytes: number;
}

/** All a file's parsing depends on at the start of a batch: the same context and bytes give the same batch. */
export interface ParseContext {
  /** µs of the last record before, for lines without a time of their own; 0 at the start of a file. */
  time: number;
  /** Streams (bits) that are inside a PEM block. */
  pem: number;
}

/** Where one file's joining stands. Records live on the bench during a turn and in `held` between turns. */
export interface Assembly {
  /** Raw offset where the next batch begins. */
  start: number;
  /** Context at `start`. */
  before: ParseContext;
  /** µs of the newest record begun. */
  time: number;
  open: OpenRecord[];
  /** Streams (bits) whose next line goes on with a PEM block of the batch before. */
  pem: number;
  /** Pairs (record, delta) as LinesBatch.joins has them, and whether they are out of order. */
  joins: number[];
  joinsMixed: boolean;
  /** Pairs (record, raw offset) of lines joined to a record that was not the newest: no cut may fall between. */
  spans: number[];
  drops: Drop[];
  held: Held | null;
}

const newOpen = (): OpenRecord => ({
  index: -1,
  kind: 0,
  lines: 0,
  lastTime: 0,
  lastEnd: 0,
  partial: false,
  over: null,
  blanks: [],
  severe: null,
});

export function newAssembly(start: number, context: ParseContext): Assembly {
  return {
    start,
    before: { ...context },
    time: context.time,
    open: [newOpen(), newOpen(), newOpen()],
    pem: context.pem,
    joins: [],
    joinsMixed: false,
    spans: [],
    drops: [],
    held: null,
  };
}

/** Notes raw bytes that became no message. Neighbours with one reason are one entry as long as no record lies between. */
export function drop(assembly: Assembly, offset: number, reason: DropReason, bytes: number, newest: number): void {
  const last = assembly.drops[assembly.drops.length - 1];
  if (last && last.reason === reason && last.offset > newest && offset >= last.offset) last.bytes += bytes;
  else assembly.drops.push({ offset, reason, bytes });
}

export function hasOpen(assembly: Assembly): boolean {
  return assembly.open[0].index >= 0 || assembly.open[1].index >= 0 || assembly.open[2].index >= 0;
}

/** The oldest open record, or `count` when none is open. */
export function oldestOpen(assembly: Assembly, count: number): number {
  let oldest = count;
  for (const open of assembly.open) if (open.index >= 0 && open.index < oldest) oldest = open.index;
  return oldest;
}
