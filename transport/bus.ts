/**
 * The seam between collectors and ingest. A bus carries encoded batches (`batch-codec.ts`), at least once.
 *
 * Contract, held by `test/suites/bus-suite.ts`:
 * - `publish` resolves only when the batch is safe: in process when the consumer's handler resolved for it (the store
 *   has it), on Kafka when all in-sync replicas have it. It rejects with `closed` after `close`, `body_too_large` for a batch over the
 *   bus' limit, and never otherwise because of an outage: it waits.
 * - Bounded in bytes: while the bus is full `publish` waits; that is the back-pressure which reaches the file.
 * - Batches with one key (`fid`; the host for status) reach the handler in the order they were published, also when re-delivered.
 * - A handler that rejects gets the same batches again, in order, after a growing pause; nothing is skipped.
 * - The publisher gives the buffer away: nobody changes it afterwards.
 */
export interface Bus {
  /** `signal` gives up waiting for room; once accepted a batch is not taken back. */
  publish(batch: Buffer, signal?: AbortSignal): Promise<void>;
  /** One consumer a bus (a group member on Kafka). The handler gets what has gathered since it last returned. */
  consume(handler: (deliveries: Delivery[]) => Promise<void>): Promise<Subscription>;
  /**
   * Watches batches after they were stored, for live tail; never blocks delivery and never acknowledges.
   * A listener must not throw and must not keep the buffers it does not need.
   */
  tap(listener: (delivery: Delivery) => void): Subscription;
  /** Bytes accepted and not yet acknowledged. */
  pendingBytes(): number;
  /** Refuses new batches, waits for what was accepted to be handled, then resolves. */
  close(): Promise<void>;
}

export interface Delivery {
  /** Order is kept per key. */
  key: string;
  batch: Buffer;
}

export interface Subscription {
  close(): Promise<void>;
  /** Resolves when all that is published from then on is seen; absent where that is at once. */
  ready?: Promise<void>;
}
