import type { ApiEvent, ApiRecord, TailSkipped } from '../../api/contract.ts';
import { isoTime, microseconds } from '../format/time.ts';
import type { EventMark } from './event-marks.ts';
import type { Item } from './row-view.ts';
import { createTailMarks } from './tail-marks.ts';

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
  /** An event of a container. Its mark stands at its time among lines not drawn yet, and behind those that are: they do not move. */
  happened(event: ApiEvent): void;
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
  const events = createTailMarks();

  const isRecord = (item: Item) => item.kind === 'record';
  const add = (item: Item) => (paused ? waiting : incoming).push(item);
  /** The mark under that key says more now; it stays where it is. */
  const replace = (key: string, mark: EventMark) => {
    for (const list of [waiting, incoming]) {
      const at = list.findLastIndex((item) => item.key === key);
      if (at >= 0) list[at] = { kind: 'event', key, mark };
    }
    const at = items.findLastIndex((item) => item.key === key);
    if (at >= 0) items = items.with(at, { kind: 'event', key, mark });
  };

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
    happened(event) {
      const step = events.add(event);
      if (step === null) return;
      const { key, mark } = step;
      if (step.kind === 'more') return replace(key, mark);
      const list = paused ? waiting : incoming;
      list.splice(list.findLastIndex((item) => !isLater(item, mark.time)) + 1, 0, { kind: 'event', key, mark });
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

function isLater(item: Item, time: number): boolean {
  if (item.kind === 'event') return item.mark.time > time;
  return item.kind === 'record' && microseconds(item.record.time) > time;
}

function zero(): TailFigures {
  return { shown: 0, waiting: 0, skipped: 0, waitingErrors: 0, waitingWarnings: 0, left: 0 };
}

/** Ranges end before their end; the last skipped line must still be found. */
function justAfter(iso: string): string {
  return isoTime(microseconds(iso) + 1);
}
