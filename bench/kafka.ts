import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fleetContainers } from '../cli/demo/fleet.ts';
import { containerRecords } from '../cli/demo/lines.ts';
import { startKafka } from '../test/servers/kafka.ts';
import { linesBatch } from '../test/suites/batches.ts';
import { openConfig } from '../test/suites/default-config.ts';
import { encodeBatch } from '../transport/batch-codec.ts';
import { createKafkaBus } from '../transport/kafka-bus.ts';
import { machine } from './machine.ts';

/**
 * `node bench/kafka.ts [MB]`: the bus alone, batches of 512 KiB from 24 sources through one broker, sent and then read by a handler that does
 * nothing. CPU is this process' own, codec threads included, and the broker's; per GB of messages.
 */
const megabytes = Number(process.argv[2] ?? 512);
const BATCH_BYTES = 512 << 10;
const SOURCES = 24;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };

/** Batches of what the demo's containers say, the next ones of each source in turn. */
function prepare(total: number): Buffer[] {
  const containers = fleetContainers(7, SOURCES);
  const plan = { seed: 7, from: Date.now() - 3_600_000, to: Date.now(), bytes: BATCH_BYTES };
  const models = containers.map((container, n) =>
    linesBatch({
      fid: n.toString(16).padStart(32, '0'),
      messages: [...containerRecords(container, plan)].map((record) => record.text),
    }),
  );
  const all: Buffer[] = [];
  for (let done = 0, n = 0; done < total; n++) {
    const model = models[n % SOURCES];
    const by = Math.floor(n / SOURCES) * model.end;
    const moved = { start: by, end: by + model.end, offsets: model.offsets.map((offset) => offset + by) };
    all.push(encodeBatch({ ...model, ...moved }));
    done += model.messages.length;
  }
  return all;
}

const kafka = await startKafka({ fast: true, heapMb: 512 });
if (!kafka) process.exit(1);
process.stdout.write(`${machine()}\nKafka ${kafka.version}, ${megabytes} MB of messages\n`);
process.stdout.write(
  '| compression | produce MB/s | own CPU-s/GB | broker CPU-s/GB | consume MB/s | own CPU-s/GB | broker CPU-s/GB | on disk |\n',
);
for (const compression of ['none', 'zstd'] as const) {
  const name = `bench-${compression}`;
  const settings = {
    ...openConfig().kafka,
    brokers: kafka.brokers,
    topic: name,
    group: name,
    partitions: 12,
    compression,
  };
  const all = prepare(megabytes * 1e6);
  collectGarbage();
  const gigabytes = megabytes / 1000;
  const measure = async (work: () => Promise<void>): Promise<string[]> => {
    const [own, broker, at] = [process.cpuUsage(), kafka.cpuSeconds(), performance.now()];
    await work();
    const seconds = (performance.now() - at) / 1000;
    const { user, system } = process.cpuUsage(own);
    const cpu = [(user + system) / 1e6, kafka.cpuSeconds() - broker].map((used) => (used / gigabytes).toFixed(2));
    return [(megabytes / seconds).toFixed(0), ...cpu];
  };
  const bus = await createKafkaBus({ kafka: settings, capacityBytes: 64 << 20, log });
  const produced = await measure(async () => {
    await Promise.all(all.map((batch) => bus.publish(batch)));
  });
  const { sentBytes = 0 } = bus.counters();
  const consumed = await measure(async () => {
    let got = 0;
    let done = (): void => {};
    const finished = new Promise<void>((resolve) => (done = resolve));
    await bus.consume(async (deliveries) => {
      got += deliveries.length;
      if (got >= all.length) done();
    });
    await finished;
  });
  await bus.close();
  const disk = `${((await bytesOf(kafka.dir, name)) / sentBytes).toFixed(2)}`;
  process.stdout.write(`| ${compression} | ${produced.join(' | ')} | ${consumed.join(' | ')} | ${disk} |\n`);
}
await kafka.stop();

async function bytesOf(dir: string, topic: string): Promise<number> {
  const { readdir, stat } = await import('node:fs/promises');
  let sum = 0;
  for (const name of await readdir(`${dir}/data`)) {
    if (!name.startsWith(`${topic}-`)) continue;
    for (const file of await readdir(`${dir}/data/${name}`))
      if (file.endsWith('.log')) sum += (await stat(`${dir}/data/${name}/${file}`)).size;
  }
  return sum;
}
