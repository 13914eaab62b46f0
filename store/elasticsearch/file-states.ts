import type { LinesBatch } from '../../model/batch.ts';
import { covers, type Intervals, including, NOTHING } from '../intervals.ts';
import type { LinesWanted, StoredLines } from './stored-lines.ts';

/** Files whose state is remembered; of others the cluster is asked again. */
const MOST_FILES = 100_000;

interface FileState {
  /** What this process wrote or saw acknowledged, or has under way. */
  done: Intervals;
  /** Where the next batch begins when nothing is read twice. */
  next: number;
  /** What the cluster said it has. */
  stored: StoredLines;
}

/**
 * What this process knows of each file, so that the cluster is asked only when a file is new to it or is not read on where it
 * stopped. In the usual case nothing is asked and every line of a batch is new.
 */
export interface FileStates {
  /** What must be asked before these batches, in this order, can be selected from. */
  unknown(batches: LinesBatch[]): LinesWanted[];
  learn(wanted: LinesWanted, stored: StoredLines): void;
  /** True for offsets of lines that are stored or under way. */
  isStored(batch: LinesBatch): (offset: number) => boolean;
  /** The batch is under way now. */
  add(batch: LinesBatch): void;
  forget(fid: string, gen: number): void;
  /** After a failure nobody knows what arrived. */
  clear(): void;
  size(): number;
}

export function createFileStates(): FileStates {
  const states = new Map<string, FileState>();
  const keyOf = (fid: string, gen: number): string => `${fid}${gen}`;
  const endOf = (batch: LinesBatch): number =>
    Math.max(batch.end, batch.count === 0 ? 0 : batch.offsets[batch.count - 1] + 1);

  function knows(state: FileState | undefined, next: number, batch: LinesBatch): boolean {
    if (!state) return false;
    if (covers(state.done, batch.start, endOf(batch))) return true;
    const { from, to } = state.stored;
    return (
      from <= batch.start && (batch.start === next ? to === Number.POSITIVE_INFINITY || endOf(batch) <= to : false)
    );
  }

  return {
    unknown(batches) {
      const chains = new Map<string, LinesWanted & { next: number; known: boolean }>();
      for (const batch of batches) {
        if (batch.kind !== 'lines') continue;
        const key = keyOf(batch.fid, batch.gen);
        const state = states.get(key);
        const chain = chains.get(key) ?? {
          fid: batch.fid,
          gen: batch.gen,
          from: batch.start,
          to: 0,
          next: state?.next ?? -1,
          known: true,
        };
        chain.known &&= knows(state, chain.next, batch);
        chain.from = Math.min(chain.from, batch.start);
        chain.to = Math.max(chain.to, endOf(batch));
        chain.next = endOf(batch);
        chains.set(key, chain);
      }
      return [...chains.values()]
        .filter(({ known }) => !known)
        .map(({ fid, gen, from, to }) => ({ fid, gen, from, to }));
    },
    learn({ fid, gen }, stored) {
      const key = keyOf(fid, gen);
      const state = states.get(key);
      // What is under way is not searchable yet: it stays known.
      states.delete(key);
      states.set(key, { done: state?.done ?? NOTHING, next: stored.from, stored });
      if (states.size > MOST_FILES) states.delete(states.keys().next().value as string);
    },
    isStored(batch) {
      const state = states.get(keyOf(batch.fid, batch.gen));
      if (batch.kind === 'events' || !state) return () => false;
      const { done, stored } = state;
      if (stored.lines.size === 0 && batch.start >= (done[done.length - 1] ?? 0)) return () => false;
      return (offset) => stored.lines.has(offset) || covers(done, offset, offset + 1);
    },
    add(batch) {
      const state = states.get(keyOf(batch.fid, batch.gen));
      if (batch.kind === 'events' || !state) return;
      state.done = including(state.done, batch.start, endOf(batch));
      state.next = endOf(batch);
    },
    forget: (fid, gen) => void states.delete(keyOf(fid, gen)),
    clear: () => states.clear(),
    size: () => states.size,
  };
}
