import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import type { KafkaConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { pauseFor, untilSettled } from '../pause.ts';
import { configurationFault } from './client.ts';
import type { KafkaLog } from './log.ts';
import { createSendQueue, type Outgoing, type Taken } from './send-queue.ts';

/** Bytes of one request before compression: long enough that a round trip does not matter, short enough to wait for. */
const REQUEST_BYTES = 4 << 20;
/** A record batch is never cut below this, whatever a broker says. */
const LEAST_RECORD_BYTES = 4_096;
const RETRY_MS = { first: 100, max: 5_000 };

export interface Sender {
  add(outgoing: Outgoing): void;
  counters(): SenderCounters;
  /** Lets what is queued go for `graceMs`, then refuses the rest with `closed`. */
  close(graceMs: number): Promise<void>;
}

export interface SenderCounters {
  sentBytes: number;
  sentRecords: number;
  sendRetries: number;
}

export interface SenderOptions {
  kafka: Kafka;
  topic: string;
  config: KafkaConfig;
  /** The brokers' limit on a record batch, when known. */
  maxRecordBytes: number | null;
  log: KafkaLog;
}

/**
 * Sends to one topic: acks=all, idempotent, one request at a time, so that a partition never has two. After a failure that kafkajs gives up
 * on, a new producer sends the same records: its sequence numbers are no longer to be trusted (kafkajs takes them back, but the
 * broker may have them, and would take the next batch for a repetition). What that doubles, stores know by its position.
 */
export function createSender(options: SenderOptions): Sender {
  const { topic, config, log } = options;
  const { CompressionTypes } = kafkajs;
  const compression = config.compression === 'zstd' ? CompressionTypes.ZSTD : CompressionTypes.None;
  const queue = createSendQueue(() => performance.now());
  const stop = new AbortController();
  const counters: SenderCounters = { sentBytes: 0, sentRecords: 0, sendRetries: 0 };
  // The broker counts headers of its own; a limit that is reached exactly is one too far.
  let recordBytes = Math.min(config.recordBytes, (options.maxRecordBytes ?? Number.MAX_SAFE_INTEGER) - 1_024);
  recordBytes = Math.max(LEAST_RECORD_BYTES, recordBytes);
  let producer: Producer | null = null;
  let pumping: Promise<void> | null = null;
  let failures = 0;

  async function send(taken: Taken): Promise<void> {
    if (!producer) {
      const next = options.kafka.producer({
        idempotent: true,
        allowAutoTopicCreation: false,
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition ?? 0,
        metadataMaxAge: 60_000,
      });
      producer = next;
      await next.connect();
    }
    const messages = taken.records.map(({ partition, key, piece, headers }) => ({
      partition,
      key,
      value: piece.value,
      headers,
    }));
    await producer.send({ topic, acks: -1, timeout: 30_000, compression, messages });
  }

  async function failed(error: unknown, taken: Taken): Promise<void> {
    const old = producer;
    producer = null;
    void old?.disconnect().catch(() => {});
    if (stop.signal.aborted) return;
    counters.sendRetries++;
    failures++;
    if (tooLarge(error) && recordBytes > LEAST_RECORD_BYTES) {
      recordBytes = Math.max(LEAST_RECORD_BYTES, recordBytes >> 1);
      taken.again();
      log.warn({ recordBytes, topic }, 'records are larger than the brokers take; cut smaller: see kafka.recordBytes');
      return;
    }
    const hint = configurationFault(error);
    if (failures === 1 || failures % 20 === 0 || hint)
      log.warn({ err: error, topic, attempt: failures, hint }, 'cannot send to Kafka; batches wait and are sent again');
    await pauseFor(Math.min(RETRY_MS.max, RETRY_MS.first * 2 ** Math.min(failures - 1, 16)), stop.signal);
  }

  async function pump(): Promise<void> {
    for (let taken = queue.take(recordBytes, REQUEST_BYTES); taken; taken = queue.take(recordBytes, REQUEST_BYTES)) {
      if (stop.signal.aborted) return;
      try {
        await send(taken);
        if (failures > 0) log.info({ topic, attempts: failures }, 'Kafka takes batches again');
        failures = 0;
        counters.sentBytes += taken.bytes;
        counters.sentRecords += taken.records.length;
        taken.done();
      } catch (error) {
        await failed(error, taken);
      }
    }
  }

  function wake(): void {
    if (pumping || stop.signal.aborted) return;
    // A microtask later, so that batches published in one turn travel together.
    pumping = Promise.resolve()
      .then(pump)
      .finally(() => {
        pumping = null;
        if (!queue.empty()) wake();
      });
  }

  return {
    add(outgoing) {
      queue.add(outgoing);
      wake();
    },
    counters: () => ({ ...counters }),
    async close(graceMs) {
      if (pumping && !(await untilSettled(pumping, graceMs))) {
        stop.abort();
        // A request that is under way ends within kafkajs' own few attempts; nobody waits for them.
        await untilSettled(pumping, 1_000);
      }
      stop.abort();
      queue.clear(new FleetlogError('closed', 'cannot publish: the bus is closed'));
      await producer?.disconnect().catch((error: unknown) => log.debug({ err: error }, 'the producer left late'));
    },
  };
}

function tooLarge(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if (/MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/.test((at as Error & { type?: string }).type ?? '')) return true;
  return false;
}
