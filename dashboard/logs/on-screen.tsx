import { useSyncExternalStore } from 'react';
import type { Range } from '../format/range.ts';
import styles from './histogram.module.css';
import { place } from './histogram-model.ts';

/** The time of the lines in the window; its own store, so that scrolling draws nothing else anew. */
export interface WindowStore {
  get(): Range | null;
  set(range: Range | null): void;
  subscribe(changed: () => void): () => void;
}

export function createWindowStore(): WindowStore {
  let range: Range | null = null;
  const listeners = new Set<() => void>();
  return {
    get: () => range,
    set(next) {
      if (range?.from === next?.from && range?.to === next?.to) return;
      range = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A bar under the axis: where the lines on screen are. */
export function OnScreen({ store, axis }: { store: WindowStore; axis: Range }) {
  const range = useSyncExternalStore(store.subscribe, store.get);
  if (range === null) return null;
  const left = place(axis, range.from) * 100;
  const width = Math.max(0.4, place(axis, range.to) * 100 - left);
  return <span className={styles.onScreen} style={{ left: `${Math.min(left, 99.6)}%`, width: `${width}%` }} />;
}
