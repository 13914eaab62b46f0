import type { Clock } from '../../model/clock.ts';
import type { RetentionConfig, StoreConfig } from '../../model/config.ts';
import { createEmbeddedLogStore, type EmbeddedLogStoreOptions } from '../../store/embedded/log-store.ts';
import type { LogStore } from '../../store/log-store.ts';
import { openConfig } from './default-config.ts';
import { SUITE_NOW } from './log-store-suite.ts';

/** A clock that stands until it is moved (ms). */
export function standingClock(nowUs = SUITE_NOW): Clock & { forward(ms: number): void } {
  let now = nowUs;
  return {
    nowUs: () => now,
    monotonicMs: () => now / 1_000,
    forward(ms) {
      now += ms * 1_000;
    },
  };
}

type Change = Partial<Omit<EmbeddedLogStoreOptions, 'dir' | 'store' | 'retention'>> & {
  store?: Partial<StoreConfig>;
  retention?: Partial<RetentionConfig>;
};

/** The embedded store with small segments and a standing clock. */
export function openStore(dir: string, change: Change = {}): Promise<LogStore> {
  const { store, retention } = openConfig();
  return createEmbeddedLogStore({
    clock: standingClock(),
    ...change,
    dir,
    store: {
      ...store,
      flushBytes: 4 << 20,
      blockBytes: 64 << 10,
      freePercent: 0,
      syncMs: 0,
      workers: 2,
      ...change.store,
    },
    retention: { ...retention, ...change.retention },
  });
}
