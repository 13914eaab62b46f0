import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../../model/config.ts';
import type { Delivery } from '../bus.ts';
import { type ConsumerLoop, membershipLost, startConsumerLoop } from './consumer-loop.ts';
import { createGather } from './gather.ts';
import type { KafkaLog } from './log.ts';
import { type Assembler, createAssembler, type Reading } from './parts.ts';

/** Offsets are committed this long after they are stored at the latest: what a killed process has stored and not committed is stored again. */
const COMMIT_MS = 250;
const HEARTBEAT_MS = 1_000;
/** Bytes handed to the store at once. */
const DELIVERY_BYTES = 8 << 20;
const RETRY_MS = { first: 50, max: 5_000 };
/** How long parts of a batch may stop coming, on a partition read to its end, before their sender counts as gone. */
const ABANDON_MS = 900_000;
/** Log lines shrink about eightfold in zstd; a fetch is bounded by its bytes on the wire, memory by what they become. */
const INFLATES = 8;

export interface GroupReader {
  close(): Promise<void>;
  counters(): GroupReaderCounters;
}

export interface GroupReaderCounters {
  joins: number;
  crashes: number;
  partitions: number;
  /** Records on the brokers behind what is stored, over the partitions of this process. */
  lagRecords: number;
  heldBytes: number;
  redeliveries: number;
  incompleteBatches: number;
}

export interface GroupReaderOptions {
  kafka: Kafka;
  topic: string;
  config: KafkaConfig;
  brokers: number;
  partitions: number;
  log: KafkaLog;
  prepare?(): Promise<void>;
  handler(deliveries: Delivery[]): Promise<void>;
}

interface Partition {
  assembler: Assembler;
  /** Next offset to commit, or null when it is committed. */
  commit: bigint | null;
  lag: number;
  /** When something was last read of it, on the monotonic clock. */
  readAt: number;
}

/**
 * The consumer of an ingest process. A partition's batches are in the handler's hands while kafkajs waits, and nothing more of that broker is fetched:
 * that is the back-pressure. Meanwhile heartbeats go on; when one says that the group rebalances, what has not begun is withdrawn,
 * what is in hand is finished and committed, and only then the member joins again. So a partition is never stored from twice at once
 * unless a process was taken for dead, and only stored offsets are ever committed.
 */
export function startGroupReader(options: GroupReaderOptions): GroupReader {
  const { topic, config, log } = options;
  const partitions = new Map<number, Partition>();
  const gather = createGather({
    handler: options.handler,
    deliveryBytes: Math.min(DELIVERY_BYTES, config.inFlightBytes),
    retryMs: RETRY_MS,
    onRetry(error, attempt) {
      counters.redeliveries++;
      if (attempt === 1 || attempt % 20 === 0)
        log.warn({ err: error, attempt }, 'the store did not take a delivery; offering it again');
    },
  });
  const counters = { redeliveries: 0, incompleteBatches: 0 };
  const heartbeatInterval = Math.min(HEARTBEAT_MS, Math.floor(config.sessionTimeoutMs / 3));
  let commitNow: EachBatchPayload['commitOffsetsIfNecessary'] | null = null;
  let committing: Promise<void> | null = null;
  let committedAt = Number.NEGATIVE_INFINITY;
  let generation = 0;
  let closing = false;

  /** Commits what is stored; a failure leaves it for the next time. Offsets of an older generation are never sent. */
  async function commit(): Promise<void> {
    const due = [...partitions].filter(([, { commit: offset }]) => offset !== null);
    if (!commitNow || due.length === 0) return;
    const at = generation;
    const list = due.map(([partition, state]) => ({ partition, offset: String(state.commit) }));
    try {
      await commitNow({ topics: [{ topic, partitions: list }] });
      if (at !== generation) return;
      for (const { partition, offset } of list) {
        const state = partitions.get(partition);
        if (state && String(state.commit) === offset) state.commit = null;
      }
    } catch (error) {
      log.debug({ err: error }, 'cannot commit offsets yet');
    }
  }

  function commitSoon(): Promise<void> {
    committedAt = performance.now();
    committing ??= commit().finally(() => {
      committing = null;
    });
    return committing;
  }

  const timer = setInterval(() => {
    if (performance.now() - committedAt >= COMMIT_MS) void commitSoon();
  }, COMMIT_MS / 2);

  /** Waits for the handler while heartbeats go on; a membership that ends takes back what has not begun. */
  async function handled(
    deliveries: Delivery[],
    heartbeat: () => Promise<void>,
  ): Promise<{ taken: number; lost: unknown }> {
    const offer = gather.offer(deliveries);
    let lost: unknown = null;
    const beat = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        // Anything else is an outage of the broker, which does not concern what is in hand.
        if (!membershipLost(error)) return;
        lost ??= error;
        offer.withdraw();
      });
    }, heartbeatInterval);
    if (closing) offer.withdraw();
    const taken = await offer.taken;
    clearInterval(beat);
    return { taken, lost };
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary } = payload;
    const at = generation;
    const state = partitions.get(batch.partition);
    if (!state) return;
    commitNow = commitOffsetsIfNecessary;
    state.readAt = performance.now();
    const reading: Reading = state.assembler.read(batch.messages);
    counters.incompleteBatches += reading.orphans;
    state.lag = Math.max(0, Number(BigInt(batch.highWatermark) - BigInt(batch.firstOffset() ?? batch.highWatermark)));
    let result = { taken: 0, lost: null as unknown };
    if (reading.whole.length > 0)
      result = await handled(
        reading.whole.map(({ key, batch: whole }) => ({ key, batch: whole })),
        heartbeat,
      );
    if (at !== generation) return;
    if (result.taken > 0 || reading.whole.length === 0) state.commit = reading.resumeAt(result.taken);
    if (result.taken === reading.whole.length) {
      reading.accept();
      state.lag = Math.max(0, Number(BigInt(batch.highWatermark) - BigInt(batch.lastOffset()) - 1n));
      resolveOffset(batch.lastOffset());
    }
    if (result.lost === null) {
      // At once after a quiet time, with the partitions that were stored together; else with the next.
      if (performance.now() - committedAt >= COMMIT_MS) setImmediate(() => void commitSoon());
      return;
    }
    await commitSoon();
    throw result.lost;
  }

  const abandonTimer = setInterval(() => {
    for (const [partition, state] of partitions) {
      if (state.lag > 0 || state.assembler.open() === 0 || performance.now() - state.readAt < ABANDON_MS) continue;
      counters.incompleteBatches += state.assembler.abandon();
      log.warn({ topic, partition }, 'a batch was never sent to its end; its sender never called it sent');
    }
  }, 60_000);

  const loop: ConsumerLoop = startConsumerLoop({
    kafka: options.kafka,
    topic,
    fromBeginning: true,
    concurrency: Math.min(128, options.partitions),
    log,
    prepare: options.prepare,
    consumer: {
      groupId: config.group,
      sessionTimeout: config.sessionTimeoutMs,
      rebalanceTimeout: Math.max(30_000, config.sessionTimeoutMs),
      heartbeatInterval,
      maxWaitTimeInMs: 500,
      minBytes: 1,
      maxBytes: Math.max(config.recordBytes, Math.floor(config.inFlightBytes / INFLATES / options.brokers)),
      maxBytesPerPartition: Math.max(config.recordBytes, 1 << 20),
    },
    joined(_, assigned) {
      generation++;
      commitNow = null;
      partitions.clear();
      for (const partition of assigned)
        partitions.set(partition, { assembler: createAssembler(), commit: null, lag: 0, readAt: performance.now() });
    },
    leaving: () => void commitSoon(),
    eachBatch,
  });

  return {
    async close() {
      closing = true;
      // New offers withdraw themselves by now; what the last call of the handler stored is committed before the group is left.
      await gather.withdrawAll();
      await commitSoon();
      await commitSoon();
      await loop.close();
      clearInterval(timer);
      clearInterval(abandonTimer);
    },
    counters: () => ({
      ...loop.counters(),
      ...counters,
      partitions: partitions.size,
      lagRecords: [...partitions.values()].reduce((sum, { lag }) => sum + lag, 0),
      heldBytes: gather.bytes(),
    }),
  };
}
