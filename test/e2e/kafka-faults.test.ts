import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../../collector/log.ts';
import type { KafkaConfig } from '../../model/config.ts';
import { createKafkaBus, type KafkaBus } from '../../transport/kafka-bus.ts';
import { dose } from '../doses.ts';
import { type GuardedProcess, startGuarded } from '../servers/guarded-process.ts';
import { startKafka } from '../servers/kafka.ts';
import { openConfig } from '../suites/default-config.ts';
import { loadFid, startLoad } from '../suites/kafka-load.ts';
import { openPositionList, type PositionList } from '../suites/position-list.ts';

const kafka = await startKafka();
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(warning.name));
afterAll(() => kafka?.stop());

const SOURCES = 24;
const until = (check: () => void, timeout = 60_000): Promise<void> => vi.waitFor(check, { timeout, interval: 25 });

describe.skipIf(!kafka)('Kafka under faults', () => {
  let dir = '';
  let list: PositionList;
  let settings: KafkaConfig;
  let topics = 0;
  const buses: KafkaBus[] = [];
  const processes: GuardedProcess[] = [];

  const open = async (overrides: Partial<KafkaConfig> = {}): Promise<KafkaBus> => {
    const bus = await createKafkaBus({
      kafka: { ...settings, ...overrides },
      capacityBytes: 8 << 20,
      log: silentLog,
    });
    buses.push(bus);
    return bus;
  };
  const consumer = (): GuardedProcess => {
    const script = fileURLToPath(new URL('../suites/kafka-ingest-process.ts', import.meta.url));
    const about = JSON.stringify({ kafka: settings, list: join(dir, 'list.db') });
    const one = startGuarded({ command: process.execPath, args: [script, about], log: join(dir, 'processes.log') });
    processes.push(one);
    return one;
  };

  /** Everything that was safe is there, once, and each source's records arrived in their order. */
  async function expectAll(sent: Map<string, number[]>): Promise<void> {
    const total = [...sent.values()].reduce((sum, offsets) => sum + offsets.length, 0);
    await until(() => expect(list.counts().records).toBe(total), 120_000);
    const got = list.byFid();
    let lost = 0;
    let outOfOrder = 0;
    for (const [fid, offsets] of sent) {
      const there = got.get(fid) ?? [];
      const known = new Set(there);
      lost += offsets.filter((offset) => !known.has(offset)).length;
      for (let i = 1; i < there.length; i++) if (there[i] < there[i - 1]) outOfOrder++;
    }
    const { deliveredAgain } = list.counts();
    process.stdout.write(
      `${expect.getState().currentTestName}: ${total} records, lost ${lost}, out of order ${outOfOrder}, delivered again ${deliveredAgain}\n`,
    );
    expect({ lost, outOfOrder, twice: [...got.values()].flat().length - total }).toEqual({
      lost: 0,
      outOfOrder: 0,
      twice: 0,
    });
  }

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'fleetlog-kafka-faults-'));
    list = openPositionList(join(dir, 'list.db'));
    const name = `faults-${topics++}`;
    settings = {
      ...openConfig().kafka,
      brokers: kafka!.brokers,
      topic: name,
      group: name,
      partitions: 6,
      sessionTimeoutMs: 2_000,
    };
  });
  afterEach(async () => {
    for (const one of processes.splice(0)) await one.kill();
    for (const bus of buses.splice(0)) await bus.close();
    list.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test('the broker is killed and started again', async () => {
    const bus = await open();
    await bus.consume((deliveries) => list.take(deliveries));
    const load = startLoad(bus, { sources: SOURCES });
    for (let n = 0; n < dose(2, 20); n++) {
      const before = load.acknowledged();
      await until(() => expect(load.acknowledged()).toBeGreaterThan(before + 500));
      await kafka!.kill();
      await kafka!.start();
    }
    const before = load.acknowledged();
    await until(() => expect(load.acknowledged()).toBeGreaterThan(before + 500));
    await expectAll(await load.stop());
  });

  test('ingest processes are killed while two share the work', async () => {
    const bus = await open();
    const running = [consumer(), consumer()];
    const load = startLoad(bus, { sources: SOURCES, perSource: 1 });
    for (let n = 0; n < dose(5, 50); n++) {
      const before = list.counts().records;
      await until(() => expect(list.counts().records).toBeGreaterThan(before + 300));
      await running[n % 2].kill();
      running[n % 2] = consumer();
    }
    const sent = await load.stop();
    await expectAll(sent);
    expect(list.byWriter().size).toBeGreaterThan(2);
  });

  test('members join and leave', async () => {
    const bus = await open();
    await bus.consume((deliveries) => list.take(deliveries));
    const load = startLoad(bus, { sources: SOURCES, perSource: 1 });
    for (let n = 0; n < dose(5, 50); n++) {
      const other = await createKafkaBus({ kafka: settings, capacityBytes: 1 << 20, log: silentLog });
      let took = 0;
      await other.consume(async (deliveries) => {
        await list.take(deliveries);
        took += deliveries.length;
      });
      await until(() => expect(took).toBeGreaterThan(20));
      await other.close();
    }
    await expectAll(await load.stop());
    // A member that leaves in order has committed all it stored: nothing comes again.
    expect(list.counts().deliveredAgain).toBe(0);
    expect(bus.counters().joins).toBeGreaterThan(dose(5, 50));
  });

  test('batches larger than a record, and a broker that takes less than it did', async () => {
    const { topic } = settings;
    const admin = new kafkajs.Kafka({ brokers: kafka!.brokers, logLevel: 0 }).admin();
    await admin.connect();
    const limit = (value: string) => [{ name: 'max.message.bytes', value }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: limit('65536') }] });
    const bus = await open({ compression: 'none', inFlightBytes: 4 << 20 });
    // Where a request has two partitions and one refuses, the other's batches come again: the list counts each once.
    await bus.consume((deliveries) => list.take(deliveries));
    const load = startLoad(bus, { sources: 4, bytes: 400_000, perSource: 3 });
    await until(() => expect(load.acknowledged()).toBeGreaterThan(40));
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type, name: topic, configEntries: limit('20000') }],
    });
    const before = load.acknowledged();
    await until(() => expect(load.acknowledged()).toBeGreaterThan(before + 40));
    const sent = await load.stop();
    const total = [...sent.values()].flat().length;
    await expectAll(sent);
    expect(bus.counters().sentRecords).toBeGreaterThan(total * 3);
    await admin.disconnect();
  });

  test('partitions are added', async () => {
    const admin = new kafkajs.Kafka({ brokers: kafka!.brokers, logLevel: 0 }).admin();
    await admin.connect();
    settings.partitions = 2;
    const bus = await open();
    await bus.consume((deliveries) => list.take(deliveries));
    const load = startLoad(bus, { sources: SOURCES });
    await until(() => expect(load.acknowledged()).toBeGreaterThan(500));
    await admin.createPartitions({ topicPartitions: [{ topic: settings.topic, count: 6 }] });
    const after = await open();
    const second = startLoad(after, { sources: 4, first: SOURCES });
    await until(() => expect(second.acknowledged()).toBeGreaterThan(50));
    const sent = new Map([...(await second.stop()), ...(await load.stop())]);
    const ends = await admin.fetchTopicOffsets(settings.topic);
    expect(
      ends
        .filter(({ high }) => high !== '0')
        .map(({ partition }) => partition)
        .sort(),
    ).toEqual([0, 1]);
    await expectAll(sent);
    await admin.disconnect();
  });

  test('brokers that are away at the start: batches wait, and a tail sees them when they are stored', async () => {
    await kafka!.halt();
    const bus = await open();
    expect(bus.trouble()).toContain('answers');
    const tapped: string[] = [];
    const tap = bus.tap(({ key }) => tapped.push(key));
    await bus.consume((deliveries) => list.take(deliveries));
    await kafka!.start();
    await tap.ready;
    expect(bus.trouble()).toBeNull();
    const load = startLoad(bus, { sources: 3 });
    await until(() => expect(load.acknowledged()).toBeGreaterThan(100));
    await kafka!.kill();
    await kafka!.start();
    const before = load.acknowledged();
    await until(() => expect(load.acknowledged()).toBeGreaterThan(before + 100));
    const sent = await load.stop();
    await expectAll(sent);
    const total = [...sent.values()].flat().length;
    await until(() => expect(tapped.length).toBeGreaterThanOrEqual(total));
    expect(new Set(tapped)).toEqual(new Set([0, 1, 2].map(loadFid)));
  });

  test('closing during an outage gives up what never arrived, and says so', async () => {
    const bus = await createKafkaBus({ kafka: settings, capacityBytes: 1 << 20, log: silentLog, closeMs: 200 });
    const load = startLoad(bus, { sources: 2 });
    await until(() => expect(load.acknowledged()).toBeGreaterThan(10));
    await kafka!.kill();
    const stopped = load.stop();
    await bus.close();
    await expect(stopped).rejects.toMatchObject({ code: 'closed' });
    await kafka!.start();
  });

  test('no timer was set for a moment before now', () => {
    expect(warnings.filter((name) => name === 'TimeoutNegativeWarning')).toEqual([]);
  });
});
