import type { Clock } from '../model/clock.ts';
import { and } from '../model/query/build.ts';
import { withoutEvents } from '../model/query/defaults.ts';
import type { LogStore } from '../store/log-store.ts';
import { instanceKey } from './fleet-lists.ts';
import type { Log } from './log.ts';
import type { ReadGate } from './read-gate.ts';

/** The stored lines of so long are counted: long enough that a line every few seconds shows, short enough to follow a burst. */
const WINDOW_US = 60e6;
/** A minute's figure changes little in less; everybody who looks shares one count. */
const FRESH_MS = 5_000;
/** The list does not wait for a store that is slower than this: it then says that the figure is not known. */
const TIMEOUT_MS = 2_000;

/** Lines a second of every container over the last minute, by the lines' own times. */
export interface LineRates {
  /**
   * By `rateKey`; who wrote nothing is not in it. Null while the store does not answer. It holds everything stored: callers look up only
   * what they were allowed to list, and the key has app and env, so that nobody is told of lines that he may not see.
   */
  read(): Promise<ReadonlyMap<string, number> | null>;
}

export function rateKey(one: Parameters<typeof instanceKey>[0]): string {
  return JSON.stringify([one.app, one.env, instanceKey(one)]);
}

export function createLineRates(options: {
  store: Pick<LogStore, 'sources'>;
  gate: ReadGate;
  clock: Clock;
  log: Log;
}): LineRates {
  const { store, gate, clock, log } = options;
  let at = Number.NEGATIVE_INFINITY;
  let kept: Promise<ReadonlyMap<string, number> | null> = Promise.resolve(null);

  async function count(): Promise<ReadonlyMap<string, number> | null> {
    const now = clock.nowUs();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = { query: withoutEvents(and()), from: now - WINDOW_US, to: now, signal, timeoutMs: TIMEOUT_MS };
    try {
      const rates = new Map<string, number>();
      for (const { source, records } of await gate.run('line rates', signal, () => store.sources(request))) {
        const key = rateKey(source);
        rates.set(key, (rates.get(key) ?? 0) + records / (WINDOW_US / 1e6));
      }
      return rates;
    } catch (error) {
      log.warn({ err: error }, 'cannot count the lines of the last minute: the list of containers is without them');
      return null;
    }
  }

  return {
    read() {
      if (clock.monotonicMs() - at >= FRESH_MS) {
        at = clock.monotonicMs();
        kept = count();
      }
      return kept;
    },
  };
}
