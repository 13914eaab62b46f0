import type { Arrivals } from './arrivals.ts';
import type { TailReader } from './reader.ts';

/** How long all tails together may hold the event loop before others get a turn. */
const TURN_MS = 8;
/** How long one tail may, so that a costly query does not starve the others. */
const SHARE_MS = 2;

/** Lets all tails read what arrives, in short turns and in rotation. */
export interface TailPump {
  add(reader: TailReader): () => void;
  /** A reader that had nothing to do may have now. */
  wake(): void;
  size(): number;
}

export function createTailPump(arrivals: Arrivals): TailPump {
  let readers: TailReader[] = [];
  let scheduled = false;
  let stopReading: (() => void) | null = null;
  let forgotten = 0;

  function wake(): void {
    if (scheduled || readers.length === 0) return;
    scheduled = true;
    setImmediate(turn);
  }

  function turn(): void {
    scheduled = false;
    const end = performance.now() + TURN_MS;
    let left = readers.length;
    while (left > 0 && performance.now() < end) left = round(end);
    forget();
    if (left > 0) wake();
  }

  /** A share for each reader, as far as the turn reaches. Gives how many have something left. */
  function round(end: number): number {
    let left = 0;
    let served = 0;
    for (const reader of readers) {
      const now = performance.now();
      if (now >= end) break;
      if (reader.step(Math.min(end, now + SHARE_MS))) left++;
      served++;
    }
    left += readers.length - served;
    // Those who had no share come first in the next round.
    readers = [...readers.slice(served), ...readers.slice(0, served)];
    return left;
  }

  /** Texts of what all have read are of no more use. */
  function forget(): void {
    const read = Math.min(arrivals.head(), ...readers.map((reader) => reader.position().seq));
    for (let seq = Math.max(forgotten, arrivals.oldest()); seq < read; seq++) arrivals.get(seq).forget();
    forgotten = Math.max(forgotten, read);
  }

  return {
    add(reader) {
      readers.push(reader);
      stopReading ??= arrivals.read({
        arrived: wake,
        evicted(seq, arrival) {
          for (const one of readers) one.evicted(seq, arrival);
        },
      });
      wake();
      return () => {
        readers = readers.filter((one) => one !== reader);
        if (readers.length > 0) return;
        stopReading?.();
        stopReading = null;
      };
    },
    wake,
    size: () => readers.length,
  };
}
