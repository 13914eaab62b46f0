import type { Consumer, ConsumerConfig, EachBatchPayload, Kafka } from 'kafkajs';
import { pauseFor } from '../pause.ts';
import { configurationFault } from './client.ts';
import type { KafkaLog } from './log.ts';

export interface ConsumerLoopOptions {
  kafka: Kafka;
  topic: string;
  fromBeginning: boolean;
  consumer: ConsumerConfig;
  /** Partitions handled side by side. */
  concurrency: number;
  log: KafkaLog;
  /** Called before each new consumer joins; what it throws counts as a failure to start. */
  prepare?(): Promise<void>;
  /** A new assignment, before anything of it is fetched: whatever was known of partitions is void. */
  joined(consumer: Consumer, partitions: number[]): void;
  /** The group is about to take the partitions away. */
  leaving(): void;
  eachBatch(payload: EachBatchPayload): Promise<void>;
}

export interface ConsumerLoop {
  /** Leaves the group, so that others get its partitions at once. Returns when nothing of it runs any more. */
  close(): Promise<void>;
  counters(): { joins: number; crashes: number };
}

const RETRY_MS = { first: 200, max: 10_000 };
/** kafkajs shows life at least twice a second; a consumer that shows none for this long has died without a word, and is made anew. */
const SILENT_MS = 90_000;

/**
 * A consumer that is made anew whenever kafkajs gives one up, for ever. kafkajs' own restarting is off: it begins by disconnecting, and when
 * that fails it stays silent.
 */
export function startConsumerLoop(options: ConsumerLoopOptions): ConsumerLoop {
  const { log, topic } = options;
  const { groupId } = options.consumer;
  const stop = new AbortController();
  const counters = { joins: 0, crashes: 0 };
  let failures = 0;

  /** One consumer's life; resolves when it has left, rejects when it could not start or died. */
  async function live(): Promise<void> {
    await options.prepare?.();
    let over = false;
    let seenAt = performance.now();
    const consumer = options.kafka.consumer({
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      ...options.consumer,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
    });
    const { GROUP_JOIN, REBALANCING, CRASH, FETCH_START, HEARTBEAT, REQUEST } = consumer.events;
    let watch: NodeJS.Timeout | undefined;
    const died = new Promise<never>((_, reject) => {
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
      watch = setInterval(() => {
        if (performance.now() - seenAt > SILENT_MS) reject(new Error('the consumer shows no life'));
      }, 5_000);
    });
    died.catch(() => {});
    for (const event of [FETCH_START, HEARTBEAT, REQUEST] as const)
      consumer.on(event as typeof HEARTBEAT, () => {
        seenAt = performance.now();
      });
    consumer.on(REBALANCING, () => {
      if (!over) options.leaving();
    });
    consumer.on(GROUP_JOIN, ({ payload }) => {
      if (over) return;
      counters.joins++;
      if (failures > 0) log.info({ topic, groupId, attempts: failures }, 'consuming from Kafka again');
      failures = 0;
      const partitions = payload.memberAssignment[topic] ?? [];
      log.info({ topic, groupId, partitions: partitions.join(' ') }, 'partitions assigned');
      options.joined(consumer, partitions);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: options.fromBeginning });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        async eachBatch(payload) {
          if (!over) await options.eachBatch(payload);
        },
      });
      await Promise.race([died, aborted(stop.signal)]);
    } finally {
      clearInterval(watch);
      options.leaving();
      await consumer.disconnect().catch((error: unknown) => log.debug({ err: error }, 'a consumer left late'));
      over = true;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await live();
      } catch (error) {
        if (stop.signal.aborted) return;
        counters.crashes++;
        failures++;
        const hint = configurationFault(error);
        if (failures === 1 || failures % 20 === 0 || hint)
          log.warn({ err: error, topic, groupId, attempt: failures, hint }, 'cannot consume from Kafka; trying again');
        await pauseFor(Math.min(RETRY_MS.max, RETRY_MS.first * 2 ** Math.min(failures - 1, 16)), stop.signal);
      }
    }
  }

  const running = run();
  return {
    async close() {
      stop.abort();
      await running;
    },
    counters: () => ({ ...counters }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** True for the group's word that this member must join again, and for a membership that has run out. */
export function membershipLost(error: unknown): boolean {
  const { type = '' } = error as { type?: string };
  return /^(REBALANCE_IN_PROGRESS|ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID|NOT_COORDINATOR_FOR_GROUP)$/.test(type);
}
