import { afterAll, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../../collector/log.ts';
import type { KafkaConfig } from '../../model/config.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { createKafkaDeadLetters, openKafkaDeadLetters } from '../../transport/kafka/dead-letters.ts';
import { createKafkaBus } from '../../transport/kafka-bus.ts';
import { startKafka } from '../servers/kafka.ts';
import { linesBatch } from '../suites/batches.ts';
import { openConfig } from '../suites/default-config.ts';

const kafka = await startKafka({ secure: 'client-certificate' });
afterAll(() => kafka?.stop());

describe.skipIf(!kafka)('Kafka behind TLS and a login', () => {
  const { brokers, caFile, certFile, keyFile, otherCaFile, username, password } = kafka?.secure ?? ({} as never);
  const settings = (overrides: Partial<KafkaConfig>): KafkaConfig => ({
    ...openConfig().kafka,
    brokers,
    topic: 'secure',
    partitions: 1,
    tls: true,
    caFile,
    certFile,
    keyFile,
    saslMechanism: 'plain',
    username,
    password,
    ...overrides,
  });
  const open = (overrides: Partial<KafkaConfig> = {}) =>
    createKafkaBus({ kafka: settings(overrides), capacityBytes: 1 << 20, log: silentLog, closeMs: 200 });

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('%s carries batches', async (saslMechanism) => {
    const bus = await open({ saslMechanism, group: saslMechanism, topic: saslMechanism });
    const got: string[] = [];
    await bus.consume(async (deliveries) => void got.push(...deliveries.map((one) => one.key)));
    const batch = linesBatch({ messages: ['x'] });
    await bus.publish(encodeBatch(batch));
    await vi.waitFor(() => expect(got).toEqual([batch.fid]), 20_000);
    await bus.close();
  });

  const wrong: [string, Partial<KafkaConfig>, RegExp][] = [
    ['a wrong password', { password: 'wrong' }, /kafka\.password/],
    ['a wrong password by SCRAM', { saslMechanism: 'scram-sha-256', password: 'wrong' }, /kafka\.password/],
    ['an authority that did not sign', { caFile: otherCaFile }, /kafka\.caFile/],
    ['no certificate of its own', { certFile: '', keyFile: '' }, /kafka\.certFile/],
    ['a file that is not there', { caFile: '/nowhere/ca.pem' }, /PEM file/],
  ];
  test.each(wrong)('%s is refused at the start, with what to check', async (_, overrides, hint) => {
    const opening = open(overrides);
    await expect(opening).rejects.toMatchObject({ code: 'bad_config', hint: expect.stringMatching(hint) });
  });

  test('TLS on a plain port may be an outage: it is tried again, with what to check', async () => {
    const bus = await open({ brokers: kafka!.brokers, saslMechanism: 'none' });
    expect(bus.trouble()).toContain('kafka.tls');
    await bus.close();
  });
});

describe.skipIf(!kafka)('dead letters on Kafka', () => {
  const of = (topic: string) => ({
    kafka: { ...openConfig().kafka, brokers: kafka!.brokers, deadLetterTopic: topic, recordBytes: 20_000 },
    maxBytes: 8 << 20,
    nowUs: () => 1_795_219_200_000_000,
    log: silentLog,
  });

  test('are kept raw with why, driven again, dropped; what several processes buried', async () => {
    const [one, two] = [createKafkaDeadLetters(of('letters')), createKafkaDeadLetters(of('letters'))];
    const large = Buffer.alloc(70_000, 7);
    await one.bury(Buffer.from([1, 2, 255]), 'its checksum differs');
    await two.bury(large, 'too many fields: 数');
    await one.bury(Buffer.from([3]), 'x');
    expect(one.counts()).toMatchObject({ buried: 2, bytes: 4 });
    await one.close();
    await two.close();

    const box = await openKafkaDeadLetters(of('letters'));
    const letters = await box.list();
    expect(letters).toMatchObject([
      { bytes: 3, reason: 'its checksum differs', time: 1_795_219_200_000_000 },
      { bytes: 70_000, reason: 'too many fields: 数' },
      { bytes: 1, reason: 'x' },
    ]);
    expect((await box.read(letters[1].id))!.equals(large)).toBe(true);
    expect(await box.read('no such letter')).toBeNull();
    const offered: number[] = [];
    const handle = async (batch: Buffer): Promise<void> => {
      offered.push(batch.length);
      if (batch.length === 1) throw new Error('still broken');
    };
    expect(await box.redrive(handle)).toEqual({ taken: 2, left: 1 });
    expect(offered).toEqual([3, 70_000, 1]);
    expect((await box.list()).map((letter) => letter.bytes)).toEqual([1]);
    await box.drop([letters[2].id, 'no such letter']);
    expect(await box.list()).toEqual([]);
    expect(await box.redrive(handle)).toEqual({ taken: 0, left: 0 });
    await box.close();
  });
});
