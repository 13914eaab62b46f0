import type { ApiRecord, TailSkipped } from '../../api/contract.ts';
import { isoTime, microseconds } from '../format/time.ts';
import type { Item } from './row-view.ts';

/** Rows kept on screen and rows kept while paused; a tab must stay quick after a day of 5,000 lines a second. */
export const TAIL_LIMITS = { shown: 5_000, waiting: 10_000 } as const;

export interface TailFigures {
  /** Lines that came to be seen, those that wait for the pause to end, those never shown; together all that was written. */
  shown: number;
  waiting: number;
  skipped: number;
  waitingErrors: number;
  waitingWarnings: number;
  /** Shown lines that left the view at its top. */
  left: number;
}

export interface TailBuffer {
  push(record: ApiRecord): void;
  skipped(skipped: TailSkipped): void;
  /** A line of our own: connection lost, resumed. */
  mark(key: string, text: string, good: boolean): void;
  pause(): void;
  resume(): void;
  clear(): void;
  /** A new array only when something changed since the last call. */
  items(): Item[];
  figures(): TailFigures;
  /** Items of all kinds that left the view at its top. */
  gone(): number;
}

/**
 * What a live view shows and keeps. While paused nothing that is shown moves: lines wait, and beyond the limit they are counted as skipped
 * with their range, so that shown + waiting + skipped = written always holds.
 */
export function createTailBuffer(limits: { shown: number; waiting: number } = TAIL_LIMITS): TailBuffer {
  let items: Item[] = [];
  let incoming: Item[] = [];
  let waiting: Item[] = [];
  let overflow: { count: number; from: string; to: string } | null = null;
  let paused = false;
  let figures: TailFigures = zero();
  let serial = 0;
  let left = 0;

  const isRecord = (item: Item) => item.kind === 'record';
  const add = (item: Item) => (paused ? waiting : incoming).push(item);

  return {
    push(record) {
      if (!paused) {
        figures.shown += 1;
        incoming.push({ kind: 'record', key: record.id, record });
        return;
      }
      if (figures.waiting >= limits.waiting) {
        figures.skipped += 1;
        overflow = { count: (overflow?.count ?? 0) + 1, from: overflow?.from ?? record.time, to: record.time };
        return;
      }
      figures.waiting += 1;
      if (record.level === 'error' || record.level === 'fatal') figures.waitingErrors += 1;
      if (record.level === 'warn') figures.waitingWarnings += 1;
      waiting.push({ kind: 'record', key: record.id, record });
    },
    skipped(skipped) {
      figures.skipped += skipped.count;
      add({ kind: 'skipped', key: `skipped ${serial++}`, ...skipped });
    },
    mark(key, text, good) {
      add({ kind: 'mark', key: `mark ${key} ${serial++}`, text, good });
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      incoming.push(...waiting);
      if (overflow !== null)
        incoming.push({
          kind: 'skipped',
          key: `skipped ${serial++}`,
          ...overflow,
          reason: 'slow_client',
          to: justAfter(overflow.to),
        });
      figures.shown += figures.waiting;
      figures.waiting = 0;
      figures.waitingErrors = 0;
      figures.waitingWarnings = 0;
      waiting = [];
      overflow = null;
    },
    clear() {
      left += items.length;
      items = [];
      incoming = [];
      figures = {
        ...zero(),
        waiting: figures.waiting,
        waitingErrors: figures.waitingErrors,
        waitingWarnings: figures.waitingWarnings,
      };
    },
    items() {
      if (incoming.length === 0) return items;
      const all = items.concat(incoming);
      incoming = [];
      const gone = Math.max(0, all.length - limits.shown);
      for (let i = 0; i < gone; i += 1) if (isRecord(all[i])) figures.left += 1;
      left += gone;
      items = gone === 0 ? all : all.slice(gone);
      return items;
    },
    figures: () => ({ ...figures }),
    gone: () => left,
  };
}

function zero(): TailFigures {
  return { shown: 0, waiting: 0, skipped: 0, waitingErrors: 0, waitingWarnings: 0, left: 0 };
}

/** Ranges end before their end; the last skipped line must still be found. */
function justAfter(iso: string): string {
  return isoTime(microseconds(iso) + 1);
}
