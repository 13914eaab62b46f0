import type { KafkaConfig } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';
import type { Bus, Delivery, Subscription } from './bus.ts';
import { createByteGate } from './byte-gate.ts';
import { createKafkaClient } from './kafka/client.ts';
import { startConnecting } from './kafka/connect.ts';
import { type GroupReader, startGroupReader } from './kafka/group-reader.ts';
import type { KafkaLog } from './kafka/log.ts';
import { createSender, type Sender } from './kafka/sender.ts';
import { createRouter, type Router } from './kafka/split-status.ts';
import { startTap } from './kafka/tap.ts';
import { ensureTopic, type TopicFacts } from './kafka/topic.ts';

export interface KafkaBusOptions {
  kafka: KafkaConfig;
  /** Bytes accepted and not yet with the brokers before `publish` waits. */
  capacityBytes: number;
  log: KafkaLog;
  /** Shown by the brokers' tools. */
  clientId?: string;
  /** How long what was accepted may take to reach the brokers when the bus is closed; the files still have it after that. */
  closeMs?: number;
}

/** A bus over Kafka. `publish` resolves when all in-sync replicas have the batch. */
export interface KafkaBus extends Bus {
  /** Names in camel case; all grow but `lagRecords`, `partitions` and `heldBytes`. */
  counters(): Record<string, number>;
  /** Why it does not carry batches right now, or null. */
  trouble(): string | null;
}

interface Open {
  facts: TopicFacts;
  sender: Sender;
  router: Router;
}

/**
 * Connects, makes the topic when it is missing, and returns. Brokers that are away are no error: what is published waits, and consumers begin
 * when they are back. Rejects with `bad_config` for what only an operator can mend: a refused login, a certificate, missing rights.
 */
export async function createKafkaBus(options: KafkaBusOptions): Promise<KafkaBus> {
  const { kafka: config, log } = options;
  const kafka = await createKafkaClient(config, options.clientId ?? 'fleetlog', log);
  const gate = createByteGate(options.capacityBytes);
  const stop = new AbortController();
  /** What waits for the first connection, with what to do when it never comes. */
  const waiting: { begin(open: Open): void; refuse(): void }[] = [];
  const subscriptions = new Set<Subscription>();
  const refusal = (): FleetlogError => new FleetlogError('closed', 'cannot publish: the bus is closed');
  let open: Open | null = null;
  let reader: GroupReader | null = null;
  let consuming = false;
  let skippedRecords = 0;

  async function attempt(): Promise<void> {
    const facts = await ensureTopic(kafka, batchTopic(config));
    if (stop.signal.aborted) return;
    // Partitions that were added later are not used before the configuration says so: a file whose lines move to another partition
    // keeps its order only when everything before was consumed.
    const used = Math.min(config.partitions, facts.partitions);
    if (facts.partitions !== config.partitions)
      log.warn({ topic: config.topic, partitions: facts.partitions, used }, 'the topic has not kafka.partitions');
    const sender = createSender({ kafka, topic: config.topic, config, maxRecordBytes: facts.maxRecordBytes, log });
    open = { facts, sender, router: createRouter(used) };
    log.info({ topic: config.topic, ...facts }, 'connected to Kafka');
    for (const { begin } of waiting.splice(0)) begin(open);
  }

  function whenOpen(begin: (open: Open) => void, refuse: () => void): void {
    if (open) begin(open);
    else waiting.push({ begin, refuse });
  }

  /** A subscription that begins when the brokers are there, and may be closed before. */
  function subscribe(begin: (open: Open) => Subscription): Subscription & { ready: Promise<void> } {
    let inner: Subscription | null = null;
    let closing: Promise<void> | null = null;
    const ready = new Promise<void>((resolve) => {
      whenOpen((now) => {
        if (closing) return resolve();
        inner = begin(now);
        void (inner.ready ?? Promise.resolve()).then(resolve);
      }, resolve);
    });
    const subscription = {
      ready,
      close(): Promise<void> {
        subscriptions.delete(subscription);
        return (closing ??= inner?.close() ?? Promise.resolve());
      },
    };
    subscriptions.add(subscription);
    return subscription;
  }

  const connecting = await startConnecting({ config, log, signal: stop.signal, attempt });

  return {
    publish(batch, signal) {
      return new Promise<void>((resolve, reject) => {
        const end = (settle: () => void): void => {
          gate.leave(batch.length);
          settle();
        };
        const begin = ({ router, sender }: Open): void => {
          const parts = router.route(batch);
          let left = parts.length;
          const refused = (error: unknown): void => {
            if (left > 0) end(() => reject(error));
            left = 0;
          };
          const sent = (): void => {
            if (--left === 0) end(resolve);
          };
          for (const part of parts) sender.add({ ...part, sent, refused });
        };
        const enter = (): void => whenOpen(begin, () => end(() => reject(refusal())));
        gate.wait(batch.length, enter, reject, signal);
      });
    },

    async consume(handler) {
      if (consuming) throw new FleetlogError('unavailable', 'cannot consume: the bus has a consumer');
      consuming = true;
      const subscription = subscribe(({ facts }) => {
        const { brokers, partitions } = facts;
        reader = startGroupReader({ kafka, topic: config.topic, config, brokers, partitions, log, handler });
        return reader;
      });
      return {
        async close() {
          await subscription.close();
          reader = null;
          consuming = false;
        },
      };
    },

    tap(listener: (delivery: Delivery) => void) {
      return subscribe(({ facts }) => {
        const { brokers, partitions } = facts;
        const skipped = (records: number): void => {
          skippedRecords += records;
          log.warn({ topic: config.topic, records }, 'live tails missed records that the brokers had deleted already');
        };
        return startTap({ kafka, topic: config.topic, config, brokers, partitions, log, listener, skipped });
      });
    },

    pendingBytes: gate.bytes,
    counters: () => ({ ...open?.sender.counters(), ...reader?.counters(), tapSkippedRecords: skippedRecords }),
    trouble: connecting.fault,

    async close() {
      gate.close();
      stop.abort();
      for (const { refuse } of waiting.splice(0)) refuse();
      await open?.sender.close(options.closeMs ?? 5_000);
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await connecting.ended;
    },
  };
}

function batchTopic(config: KafkaConfig): Parameters<typeof ensureTopic>[1] {
  return {
    topic: config.topic,
    partitions: config.partitions,
    replicas: config.replicas,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': String(config.retentionHours * 3_600_000),
      // A compressed batch may come out a little larger than it went in.
      'max.message.bytes': String(Math.max(1 << 20, config.recordBytes + (64 << 10))),
      'compression.type': 'producer',
      // One replica may be away without stopping the fleet, and what was acknowledged is on two.
      ...(config.replicas >= 3 ? { 'min.insync.replicas': '2' } : {}),
    },
  };
}
