import { FleetlogError } from '../model/errors.ts';
import { batchKey } from './batch-codec.ts';
import type { Bus, Delivery, Subscription } from './bus.ts';
import { createByteGate } from './byte-gate.ts';

export interface MemoryBusOptions {
  /** Bytes accepted and unacknowledged before `publish` waits: memory against the length of a burst. */
  capacityBytes: number;
  /** Bytes handed to the handler at once; larger groups share one fsync, smaller ones become searchable sooner. */
  deliveryBytes?: number;
  /** First and longest pause before a rejected delivery is offered again. */
  retryMs?: { first: number; max: number };
  onRetry?: (error: unknown, attempt: number) => void;
}

interface Entry {
  delivery: Delivery;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The in-process bus: a queue in memory; safe means handled. What it holds at a crash was never acknowledged and is read again. */
export function createMemoryBus(options: MemoryBusOptions): Bus {
  const deliveryBytes = options.deliveryBytes ?? 8 << 20;
  const retry = options.retryMs ?? { first: 50, max: 5_000 };
  const queue: Entry[] = [];
  const gate = createByteGate(options.capacityBytes);
  const taps = new Set<(delivery: Delivery) => void>();
  let handler: ((deliveries: Delivery[]) => Promise<void>) | null = null;
  let pumping: Promise<void> | null = null;
  let stopPause: (() => void) | null = null;

  function take(): Entry[] {
    let bytes = 0;
    let n = 0;
    while (n < queue.length && (n === 0 || bytes + queue[n].delivery.batch.length <= deliveryBytes)) {
      bytes += queue[n].delivery.batch.length;
      n++;
    }
    return queue.splice(0, n);
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        stopPause = null;
        resolve();
      }
      stopPause = done;
    });

  async function deliver(group: Entry[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const current = handler;
      if (!current) {
        queue.unshift(...group);
        return;
      }
      try {
        await current(group.map((entry) => entry.delivery));
        break;
      } catch (error) {
        options.onRetry?.(error, attempt);
        await pause(Math.min(retry.max, retry.first * 2 ** Math.min(attempt - 1, 16)));
      }
    }
    for (const entry of group) {
      gate.leave(entry.delivery.batch.length);
      for (const tap of taps) tap(entry.delivery);
      entry.resolve();
    }
  }

  async function pump(): Promise<void> {
    while (handler && queue.length > 0) await deliver(take());
  }

  function wake(): void {
    if (pumping || !handler || queue.length === 0) return;
    // A microtask later, so that batches published in one turn travel together.
    pumping = Promise.resolve()
      .then(pump)
      .finally(() => {
        pumping = null;
        wake();
      });
  }

  return {
    publish(batch, signal) {
      return new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          queue.push({ delivery: { key: batchKey(batch), batch }, resolve, reject });
          wake();
        };
        gate.wait(batch.length, enter, reject, signal);
      });
    },
    async consume(next) {
      if (handler) throw new FleetlogError('unavailable', 'cannot consume: the bus has a consumer');
      handler = next;
      wake();
      return {
        async close() {
          if (handler === next) handler = null;
          stopPause?.();
          await pumping;
        },
      };
    },
    tap(listener): Subscription {
      taps.add(listener);
      return {
        async close() {
          taps.delete(listener);
        },
      };
    },
    pendingBytes: gate.bytes,
    async close() {
      gate.close();
      while (handler && (queue.length > 0 || pumping)) await (pumping ?? pump());
      const error = new FleetlogError('closed', 'cannot publish: the bus is closed');
      for (const entry of queue.splice(0)) entry.reject(error);
    },
  };
}
