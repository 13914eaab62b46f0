import { randomBytes } from 'node:crypto';
import type { Admin, Consumer, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../../model/config.ts';
import type { Delivery, Subscription } from '../bus.ts';
import { startConsumerLoop } from './consumer-loop.ts';
import type { KafkaLog } from './log.ts';
import { type Assembler, createAssembler } from './parts.ts';

/** How often is asked what the ingest processes have stored, while something waits for it. */
const STORED_MS = 250;
/** Bytes held over all partitions until they are stored; a partition that holds its share is paused. */
const HELD_BYTES = 32 << 20;

export interface TapOptions {
  kafka: Kafka;
  topic: string;
  config: KafkaConfig;
  brokers: number;
  partitions: number;
  log: KafkaLog;
  listener(delivery: Delivery): void;
  /** Records that went by unseen: the brokers had deleted them before they could be read. */
  skipped(records: number): void;
}

interface Held {
  delivery: Delivery;
  offset: bigint;
}

interface Place {
  /** Next offset to read: kept over new assignments and new connections, so that a tail has no hole. */
  next: bigint;
  held: Held[];
  bytes: number;
  paused: boolean;
  assembler: Assembler;
}

/**
 * Every batch from now on, once the ingest group has stored and committed it: what a tail shows can be found. It reads in a group of its own
 * that commits nothing, so it never delays the ingest processes, and the brokers forget the group when it leaves.
 */
export function startTap(options: TapOptions): Subscription & { ready: Promise<void> } {
  const { topic, config, log } = options;
  const share = Math.floor(HELD_BYTES / Math.max(1, options.partitions));
  const places = new Map<number, Place>();
  const admin: Admin = options.kafka.admin();
  let connected: Promise<void> | null = null;
  let consumer: Consumer | null = null;
  let asking = false;
  let closed = false;
  let joined = (): void => {};
  const ready = new Promise<void>((resolve) => {
    joined = resolve;
  });

  const asked = (): Promise<void> =>
    (connected ??= admin.connect().catch((error: unknown) => {
      connected = null;
      throw error;
    }));

  /** The ends of all partitions, once: from there on nothing is missed, however often the consumer is made anew. */
  async function prepare(): Promise<void> {
    await asked();
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
      const place = places.get(partition);
      if (!place) places.set(partition, createPlace(BigInt(high)));
      else if (place.next < BigInt(low)) {
        options.skipped(Number(BigInt(low) - place.next));
        place.next = BigInt(low);
        place.assembler = createAssembler();
      }
    }
  }

  /** Lets go of what is stored by now. */
  async function release(): Promise<void> {
    if (asking || closed || ![...places.values()].some((place) => place.held.length > 0)) return;
    asking = true;
    try {
      await asked();
      const [{ partitions }] = await admin.fetchOffsets({ groupId: config.group, topics: [topic] });
      for (const { partition, offset } of partitions) pass(partition, BigInt(offset));
    } catch (error) {
      log.debug({ err: error }, 'cannot ask what is stored yet');
      connected = null;
    } finally {
      asking = false;
    }
  }

  function pass(partition: number, stored: bigint): void {
    const place = places.get(partition);
    if (!place || closed) return;
    let count = 0;
    while (count < place.held.length && place.held[count].offset < stored) count++;
    for (const { delivery } of place.held.splice(0, count)) {
      place.bytes -= delivery.batch.length;
      options.listener(delivery);
    }
    if (place.paused && place.bytes < share / 2) {
      place.paused = false;
      consumer?.resume([{ topic, partitions: [partition] }]);
    }
  }

  const loop = startConsumerLoop({
    kafka: options.kafka,
    topic,
    // Only for partitions that are added later: of all others the place is known.
    fromBeginning: true,
    concurrency: Math.min(128, options.partitions),
    log,
    prepare,
    consumer: {
      groupId: `${config.group}-tail-${randomBytes(6).toString('hex')}`,
      sessionTimeout: Math.max(10_000, config.sessionTimeoutMs),
      heartbeatInterval: 3_000,
      maxWaitTimeInMs: 500,
      maxBytes: Math.max(config.recordBytes, Math.floor((4 << 20) / options.brokers)),
      maxBytesPerPartition: Math.max(config.recordBytes, 1 << 20),
    },
    joined(next, assigned) {
      consumer = next;
      for (const partition of assigned) {
        const place = places.get(partition);
        if (!place) continue;
        place.paused = false;
        next.seek({ topic, partition, offset: String(place.next) });
      }
      joined();
    },
    leaving: () => {},
    async eachBatch({ batch, resolveOffset }) {
      const { partition } = batch;
      let place = places.get(partition);
      if (!place) places.set(partition, (place = createPlace(0n)));
      const first = batch.firstOffset();
      if (first !== null && BigInt(first) > place.next) options.skipped(Number(BigInt(first) - place.next));
      const reading = place.assembler.read(batch.messages);
      reading.accept();
      for (const { key, batch: whole, offset } of reading.whole) {
        place.held.push({ delivery: { key, batch: whole }, offset });
        place.bytes += whole.length;
      }
      place.next = BigInt(batch.lastOffset()) + 1n;
      resolveOffset(batch.lastOffset());
      if (place.bytes < share || place.paused) return;
      place.paused = true;
      consumer?.pause([{ topic, partitions: [partition] }]);
    },
  });
  const timer = setInterval(() => void release(), STORED_MS);

  return {
    ready,
    async close() {
      closed = true;
      clearInterval(timer);
      await loop.close();
      await admin.disconnect().catch((error: unknown) => log.debug({ err: error }, 'an admin client left late'));
    },
  };
}

const createPlace = (next: bigint): Place => ({
  next,
  held: [],
  bytes: 0,
  paused: false,
  assembler: createAssembler(),
});
