import { randomBytes } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { KafkaConfig } from '../../model/config.ts';
import type { DeadLetter, DeadLetterBox, DeadLetters } from '../../model/dead-letters.ts';
import { createKafkaClient } from './client.ts';
import type { KafkaLog } from './log.ts';
import { createAssembler } from './parts.ts';
import { createSender, type Sender } from './sender.ts';
import { ensureTopic } from './topic.ts';

export interface KafkaDeadLetterOptions {
  kafka: KafkaConfig;
  /** Bytes the topic may hold when it is made here; the brokers remove the oldest beyond. */
  maxBytes: number;
  nowUs(): number;
  log: KafkaLog;
}

const DAYS = 30;
/** Marks a letter as dropped, or as taken when it was driven again; the bytes go when all before are gone too. */
const DROPPED = 'dropped';

interface Opened {
  kafka: Kafka;
  sender: Sender;
}

/** One partition: letters are few, and have one order. */
async function open({ kafka: config, maxBytes, log }: KafkaDeadLetterOptions): Promise<Opened> {
  const kafka = await createKafkaClient(config, 'fleetlog-dead-letters', log);
  const topic = config.deadLetterTopic;
  const { maxRecordBytes } = await ensureTopic(kafka, {
    topic,
    partitions: 1,
    replicas: config.replicas,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': String(DAYS * 86_400_000),
      'retention.bytes': String(maxBytes),
      'segment.bytes': String(Math.max(1 << 20, Math.min(maxBytes >> 2, 64 << 20))),
      'max.message.bytes': String(Math.max(1 << 20, config.recordBytes + (64 << 10))),
    },
  });
  return { kafka, sender: createSender({ kafka, topic, config, maxRecordBytes, log }) };
}

function put(sender: Sender, id: string, batch: Buffer, headers: Record<string, string>): Promise<void> {
  return new Promise((sent, refused) => sender.add({ partition: 0, key: id, batch, headers, sent, refused }));
}

/** Where the ingest processes of a fleet leave what they cannot read. The topic is made at the first letter. */
export function createKafkaDeadLetters(options: KafkaDeadLetterOptions): DeadLetters & { close(): Promise<void> } {
  let opening: Promise<Opened> | null = null;
  const counts = { buried: 0, evicted: 0, bytes: 0 };
  return {
    async bury(batch, reason) {
      opening ??= open(options).catch((error: unknown) => {
        opening = null;
        throw error;
      });
      const { sender } = await opening;
      const time = options.nowUs();
      const id = `${String(time).padStart(16, '0')}-${randomBytes(6).toString('hex')}`;
      await put(sender, id, Buffer.from(batch), { reason, time: String(time), bytes: String(batch.length) });
      counts.buried++;
      counts.bytes += batch.length;
    },
    counts: () => ({ ...counts }),
    async close() {
      await (await opening)?.sender.close(5_000);
    },
  };
}

/** The letters of a fleet: every call reads the topic from its beginning to where it ends at that moment. */
export async function openKafkaDeadLetters(options: KafkaDeadLetterOptions): Promise<DeadLetterBox> {
  const { kafka, sender } = await open(options);
  const topic = options.kafka.deadLetterTopic;

  /** Calls `each` for every letter, dropped ones included until they are gone, one after the other. */
  async function scan(each: (letter: Found) => Promise<void> | void): Promise<void> {
    const [{ low, high }] = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
    if (BigInt(low) >= BigInt(high)) return;
    const consumer = kafka.consumer({
      groupId: `${options.kafka.group}-letters-${randomBytes(6).toString('hex')}`,
      sessionTimeout: 60_000,
      maxWaitTimeInMs: 200,
      retry: { retries: 4, restartOnFailure: async () => false },
    });
    const assembler = createAssembler();
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        void consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          async eachBatch({ batch, heartbeat, resolveOffset }) {
            const headers = new Map(batch.messages.map((m) => [m.offset, m.headers]));
            const reading = assembler.read(batch.messages);
            reading.accept();
            try {
              for (const { key: id, batch: bytes, offset } of reading.whole) {
                const of = headers.get(String(offset)) ?? {};
                const reason = String(of.reason ?? 'unknown');
                const letter = { id, time: Number(of.time ?? 0), bytes: bytes.length, reason };
                await each({ letter, batch: bytes, offset, dropped: of[DROPPED] !== undefined });
                await heartbeat();
              }
            } catch (error) {
              return reject(error);
            }
            resolveOffset(batch.lastOffset());
            if (BigInt(batch.lastOffset()) + 1n >= BigInt(high)) resolve();
          },
        });
      });
    } finally {
      await consumer.disconnect();
    }
  }

  /** Letters that are there, with the offset of their last record. */
  async function living(): Promise<Map<string, { letter: DeadLetter; offset: bigint }>> {
    const letters = new Map<string, { letter: DeadLetter; offset: bigint }>();
    await scan(({ letter, offset, dropped }) => {
      if (dropped) letters.delete(letter.id);
      else letters.set(letter.id, { letter, offset });
    });
    return letters;
  }

  const mark = (id: string): Promise<void> => put(sender, id, Buffer.alloc(0), { [DROPPED]: '1' });

  /** Has the brokers delete everything when no letter is left. */
  async function tidy(): Promise<void> {
    await withAdmin(kafka, async (admin) => {
      const [{ partition, high: offset }] = await admin.fetchTopicOffsets(topic);
      // A letter that came meanwhile is seen by this last look.
      if ((await living()).size === 0) await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset }] });
    });
  }

  return {
    list: async () => [...(await living()).values()].map(({ letter }) => letter),
    async read(id) {
      let found: Buffer | null = null;
      await scan(({ letter, batch, dropped }) => {
        if (letter.id === id) found = dropped ? null : Buffer.from(batch);
      });
      return found;
    },
    async drop(ids) {
      const letters = await living();
      for (const id of ids) if (letters.delete(id)) await mark(id);
      if (letters.size === 0) await tidy();
    },
    async redrive(handle) {
      const letters = await living();
      const { size } = letters;
      await scan(async ({ letter, batch, dropped }) => {
        if (dropped || !letters.has(letter.id)) return;
        try {
          await handle(Buffer.from(batch));
        } catch {
          // It stays, and is counted as left.
          return;
        }
        await mark(letter.id);
        letters.delete(letter.id);
      });
      if (letters.size === 0 && size > 0) await tidy();
      return { taken: size - letters.size, left: letters.size };
    },
    close: () => sender.close(5_000),
  };
}

interface Found {
  letter: DeadLetter;
  batch: Buffer;
  offset: bigint;
  dropped: boolean;
}

async function withAdmin<T>(kafka: Kafka, work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
