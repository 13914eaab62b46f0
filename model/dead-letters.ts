/**
 * Batches that cannot be read are kept raw, with why. They are acknowledged on the bus, shown, and can be driven again once the
 * reason is mended (reliability case 42).
 */
export interface DeadLetters {
  /** Keeps one batch; resolves when it is safe. Beyond the size limit the oldest letters go. */
  bury(batch: Uint8Array, reason: string): Promise<void>;
  counts(): { buried: number; evicted: number; bytes: number };
}

export interface DeadLetter {
  id: string;
  /** µs since the epoch. */
  time: number;
  bytes: number;
  reason: string;
}

/** The letters of a fleet or of one data directory, for the person who looks after them. */
export interface DeadLetterBox {
  /** In the order they were buried. */
  list(): Promise<DeadLetter[]>;
  /** The bytes of one letter as they came, or null. */
  read(id: string): Promise<Buffer | null>;
  /** Ids that are not there are passed over. */
  drop(ids: string[]): Promise<void>;
  /** Offers every letter to `handle`, oldest first; letters it takes are removed, those it rejects stay. */
  redrive(handle: (batch: Buffer) => Promise<void>): Promise<{ taken: number; left: number }>;
  close(): Promise<void>;
}
