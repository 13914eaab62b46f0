import { createHash } from 'node:crypto';
import { isCode } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { Log } from '../log.ts';

const KIND = 'push-arrival';
const HOUR = 3600e6;

/**
 * When a request with an `Idempotency-Key` came first. A line without a time of its own has its arrival's, and sent again it must
 * have the same: a store may find lines by time.
 */
export interface Arrivals {
  /** µs; `now` for a key that is new. */
  of(owner: string, key: string, now: number): Promise<number>;
}

export function createArrivals(options: { state: StateStore; log: Log; hours: number }): Arrivals {
  const { state, log, hours } = options;
  let sweptAt: number | null = null;

  async function sweep(now: number): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await state.list<{ at: number }>(KIND, { cursor, limit: 1_000 });
      for (const { id, doc } of page.items) if (doc.at < now - hours * HOUR) await state.delete(KIND, id);
      cursor = page.next ?? undefined;
    } while (cursor);
  }

  return {
    async of(owner, key, now) {
      sweptAt ??= now;
      if (now - sweptAt > HOUR) {
        sweptAt = now;
        void sweep(now).catch((err: unknown) => log.warn({ err }, 'cannot remove old arrivals of pushed requests'));
      }
      const id = createHash('sha256')
        .update(JSON.stringify([owner, key]))
        .digest('hex');
      try {
        await state.put(KIND, id, { at: now }, null);
        return now;
      } catch (error) {
        if (!isCode(error, 'version_conflict')) throw error;
        return (await state.get<{ at: number }>(KIND, id))?.doc.at ?? now;
      }
    },
  };
}
