import type { Delivery } from '../bus.ts';

export interface Offer {
  /** How many of the deliveries, from the first, the handler took; all of them unless it was withdrawn. */
  taken: Promise<number>;
  /** Asks for it back: what the handler is at is finished first. */
  withdraw(): void;
}

/** Hands what several partitions have to one handler: together, in the order offered, again until it is taken. */
export interface Gather {
  offer(deliveries: Delivery[]): Offer;
  /** Takes everything back, and resolves when the handler has nothing in hand any more. */
  withdrawAll(): Promise<void>;
  bytes(): number;
}

export interface GatherOptions {
  handler(deliveries: Delivery[]): Promise<void>;
  /** Bytes handed over at once; larger groups share one request of the store, smaller ones are sooner searchable. */
  deliveryBytes: number;
  retryMs: { first: number; max: number };
  onRetry(error: unknown, attempt: number): void;
}

interface Waiting {
  deliveries: Delivery[];
  /** Deliveries the handler took. */
  at: number;
  withdrawn: boolean;
  resolve(taken: number): void;
}

interface Slice {
  waiting: Waiting;
  to: number;
}

export function createGather(options: GatherOptions): Gather {
  let queue: Waiting[] = [];
  let running: Promise<void> | null = null;
  let held = 0;
  /** What the handler has in its hands. */
  let current = new Set<Waiting>();
  let wakeUp: (() => void) | null = null;
  const sizeOf = (deliveries: Delivery[]): number => deliveries.reduce((sum, one) => sum + one.batch.length, 0);

  function take(): Slice[] {
    const slices: Slice[] = [];
    let bytes = 0;
    for (const waiting of queue) {
      let to = waiting.at;
      while (to < waiting.deliveries.length) {
        const { length } = waiting.deliveries[to].batch;
        if (bytes > 0 && bytes + length > options.deliveryBytes) break;
        bytes += length;
        to++;
      }
      if (to > waiting.at) slices.push({ waiting, to });
      if (to < waiting.deliveries.length) break;
    }
    return slices;
  }

  function settle(): void {
    const left: Waiting[] = [];
    for (const waiting of queue) {
      const done = waiting.withdrawn || waiting.at >= waiting.deliveries.length;
      if (!done || current.has(waiting)) left.push(waiting);
      else {
        held -= sizeOf(waiting.deliveries);
        waiting.resolve(waiting.at);
      }
    }
    queue = left;
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        wakeUp = null;
        resolve();
      }
      wakeUp = done;
    });

  async function run(): Promise<void> {
    for (let attempt = 0; ; ) {
      settle();
      const slices = take();
      if (slices.length === 0) return;
      current = new Set(slices.map((slice) => slice.waiting));
      try {
        await options.handler(slices.flatMap(({ waiting, to }) => waiting.deliveries.slice(waiting.at, to)));
        for (const { waiting, to } of slices) waiting.at = to;
        attempt = 0;
      } catch (error) {
        options.onRetry(error, ++attempt);
        const { first, max } = options.retryMs;
        if (!queue.some((waiting) => waiting.withdrawn))
          await pause(Math.min(max, first * 2 ** Math.min(attempt - 1, 16)));
      } finally {
        current = new Set();
      }
    }
  }

  function wake(): void {
    if (running || queue.length === 0) return;
    // A turn later: the partitions of one fetch come together.
    running = new Promise<void>((resolve) => setImmediate(resolve)).then(run).finally(() => {
      running = null;
      wake();
    });
  }

  function withdraw(waiting: Waiting): void {
    waiting.withdrawn = true;
    settle();
    wakeUp?.();
  }

  return {
    offer(deliveries) {
      let waiting!: Waiting;
      const taken = new Promise<number>((resolve) => {
        waiting = { deliveries, at: 0, withdrawn: false, resolve };
      });
      held += sizeOf(deliveries);
      queue.push(waiting);
      wake();
      return { taken, withdraw: () => withdraw(waiting) };
    },
    async withdrawAll() {
      for (const waiting of [...queue]) withdraw(waiting);
      await running;
    },
    bytes: () => held,
  };
}
