import type { SamplesBatch } from '../../model/batch.ts';
import { isCode } from '../../model/errors.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import type { Log } from '../log.ts';

/** Longest wait at the end for what is on its way. */
const CLOSE_MS = 1_000;

/**
 * Gives samples to the bus, one batch at a time. They are worth less than lines: while one waits for room only the newest other waits with it,
 * in memory, and an older one is dropped and counted.
 */
export interface SamplesPublisher {
  publish(batch: SamplesBatch): void;
  counters(): { batches_published: number; batches_dropped: number };
  close(): Promise<void>;
}

export function createSamplesPublisher(options: { bus: Bus; log: Log }): SamplesPublisher {
  const { bus, log } = options;
  const giveUp = new AbortController();
  let waiting: SamplesBatch | null = null;
  let sending: Promise<void> | null = null;
  let published = 0;
  let dropped = 0;

  async function send(): Promise<void> {
    while (waiting && !giveUp.signal.aborted) {
      const batch = waiting;
      waiting = null;
      try {
        await bus.publish(encodeBatch(batch), giveUp.signal);
        published++;
      } catch (error) {
        dropped++;
        if (giveUp.signal.aborted || isCode(error, 'closed')) return;
        log.warn({ err: error }, 'cannot publish figures: the next ones follow');
      }
    }
  }

  return {
    publish(batch) {
      if (giveUp.signal.aborted) return;
      if (waiting) dropped++;
      waiting = batch;
      sending ??= send().finally(() => {
        sending = null;
      });
    },
    counters: () => ({ batches_published: published, batches_dropped: dropped }),
    async close() {
      // A bus that cannot reach its other end gives up when it is closed, not before.
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([sending, limit]);
      clearTimeout(timer);
      giveUp.abort();
    },
  };
}
