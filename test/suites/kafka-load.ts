import { encodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { linesBatch } from './batches.ts';
import { createRandom } from './random.ts';

export const loadFid = (source: number): string => (source + 1).toString(16).padStart(32, '0');

export interface Load {
  /** Batches that are safe so far. */
  acknowledged(): number;
  /** Publishes no more; resolves when everything is safe, with the offsets by fid. */
  stop(): Promise<Map<string, number[]>>;
}

/** Publishes batches of one record for each source, in order, a few of each on their way at once, until it is stopped. */
export function startLoad(
  bus: Bus,
  options: { sources: number; first?: number; bytes?: number; perSource?: number },
): Load {
  const random = createRandom(7);
  const offsets = new Map<string, number[]>();
  let stopped = false;
  let acknowledged = 0;

  async function source(n: number): Promise<void> {
    const fid = loadFid(n);
    const sent: number[] = [];
    offsets.set(fid, sent);
    const flying: Promise<void>[] = [];
    for (let start = 0; !stopped; ) {
      const message = 'x'.repeat(1 + random.below(options.bytes ?? 400));
      const batch = linesBatch({ fid, start, messages: [message] });
      sent.push(start);
      start = batch.end;
      const one = bus.publish(encodeBatch(batch)).then(() => void acknowledged++);
      // Seen below, by whoever awaits it first.
      one.catch(() => {});
      flying.push(one);
      if (flying.length >= (options.perSource ?? 4)) await flying.shift();
    }
    await Promise.all(flying);
  }

  const running = Array.from({ length: options.sources }, (_, n) => source((options.first ?? 0) + n));
  for (const one of running) one.catch(() => {});
  return {
    acknowledged: () => acknowledged,
    async stop() {
      stopped = true;
      await Promise.all(running);
      return offsets;
    },
  };
}
