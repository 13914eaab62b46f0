import { silentLog } from '../../collector/log.ts';
import type { KafkaConfig } from '../../model/config.ts';
import { createKafkaBus } from '../../transport/kafka-bus.ts';
import { openPositionList } from './position-list.ts';

/** A process that consumes and writes a position list until it is killed, or told by SIGTERM. Argument: JSON of `{ kafka, list }`. */
const { kafka, list } = JSON.parse(process.argv[2]) as { kafka: KafkaConfig; list: string };
const store = openPositionList(list);
const bus = await createKafkaBus({ kafka, capacityBytes: 1 << 20, log: silentLog });
await bus.consume((deliveries) => store.take(deliveries));
process.once('SIGTERM', () => {
  void bus.close().then(() => {
    store.close();
    process.exit(0);
  });
});
