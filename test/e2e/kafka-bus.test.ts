import { afterAll, describe } from 'vitest';
import { silentLog } from '../../collector/log.ts';
import { createKafkaBus, type KafkaBus } from '../../transport/kafka-bus.ts';
import { KAFKA_VERSIONS, startKafka } from '../servers/kafka.ts';
import { busSuite } from '../suites/bus-suite.ts';
import { openConfig } from '../suites/default-config.ts';

const capacityBytes = 64 << 10;

for (const version of KAFKA_VERSIONS) {
  const kafka = await startKafka({ version });
  let topics = 0;

  describe.skipIf(!kafka)(`Kafka ${version}`, () => {
    afterAll(() => kafka?.stop());

    busSuite(
      `Kafka ${version}`,
      async () => {
        const name = `suite-${topics++}`;
        const all: KafkaBus[] = [];
        const open = async (): Promise<KafkaBus> => {
          const bus = await createKafkaBus({
            kafka: { ...openConfig().kafka, brokers: kafka!.brokers, topic: name, group: name, partitions: 4 },
            capacityBytes,
            log: silentLog,
          });
          all.push(bus);
          return bus;
        };
        return {
          bus: await open(),
          reopen: open,
          async close() {
            for (const one of all) await one.close();
          },
        };
      },
      {
        capacityBytes,
        safeWith: 'broker',
        optOut: {
          'publish resolves only after the handler resolved':
            'on Kafka a batch is safe when all in-sync replicas have it',
        },
      },
    );
  });
}
