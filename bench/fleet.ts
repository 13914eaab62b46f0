import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startElasticsearch, type TestElasticsearch } from '../test/servers/elasticsearch.ts';
import { startKafka, type TestKafka } from '../test/servers/kafka.ts';
import { describeData, prepareData } from './data.ts';
import { type Fleet, fleetEnvironment, startFleet } from './fleet-products.ts';
import { makeRsyslogTopic, type RsyslogRun, runRsyslog } from './fleet-rsyslog.ts';
import { benchEnvironment } from './ingest.ts';
import { createWriter, openTail, runPhase } from './latency.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import type { Product } from './product.ts';
import { mib, quantile, short, thousands } from './report.ts';

const STALL_MS = 120_000;
/** Lines a second of the delay run: a tenth of what the cluster takes at most, so that the delay is not a queue's. */
const DELAY_RATE = 1_000;

/** Files → Kafka → ingest → Elasticsearch with a process of each role, the delay under a steady load, and rsyslog over the same files. */
export async function benchFleet(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title('fleet: files → Kafka → ingest → Elasticsearch, beside rsyslog');
  const data = await prepareData(options);
  report.line(describeData(data));
  const dir = join(options.dir, 'fleet');
  const kafka = await startKafka({ fast: true, heapMb: 512 });
  const elasticsearch = await startElasticsearch({ fast: true, heapMb: 1024 });
  if (!kafka || !elasticsearch) throw new Error('this bench needs Kafka and Elasticsearch');
  let fleet: Fleet | null = null;
  try {
    const env = { ...fleetEnvironment(kafka, elasticsearch), ...benchEnvironment(data) };
    const before = { elasticsearch: elasticsearch.cpuSeconds(), kafka: kafka.cpuSeconds() };
    const began = performance.now();
    fleet = await startFleet({ dir: join(dir, 'load'), env });
    const { collector, ingest, api } = fleet;
    const all = await untilStored(api, data.records, (n) =>
      report.progress(`${thousands(n)} of ${thousands(data.records)} records searchable`),
    );
    const seconds = (performance.now() - began) / 1000;
    const cpu = {
      collector: usageOf(collector.pid).cpu,
      ingest: usageOf(ingest.pid).cpu,
      elasticsearch: elasticsearch.cpuSeconds() - before.elasticsearch,
      kafka: kafka.cpuSeconds() - before.kafka,
    };
    report.table(
      ['ours', 'value'],
      [
        ['records searchable (generator)', `${thousands(all)} (${thousands(data.records)})`],
        ['records/s (wall), start included', thousands(data.records / seconds)],
        ['CPU-s: collector / ingest', `${short(cpu.collector)} / ${short(cpu.ingest)}`],
        ['CPU-s: Kafka / Elasticsearch', `${short(cpu.kafka)} / ${short(cpu.elasticsearch)}`],
        ['ingest, share of Elasticsearch’s CPU', (cpu.ingest / cpu.elasticsearch).toFixed(3)],
        [
          'CPU-s per 1 M records: ingest / Elasticsearch',
          `${short((cpu.ingest / data.records) * 1e6)} / ${short((cpu.elasticsearch / data.records) * 1e6)}`,
        ],
        [
          'peak RSS: collector / ingest / api',
          [collector, ingest, api].map((product) => mib(usageOf(product.pid).peakRss)).join(' / '),
        ],
      ],
    );
    await fleet.stop();
    fleet = null;
    if (all !== data.records) throw new Error(`${all} records are searchable, ${data.records} were written`);
    await measureDelay(options, dir, kafka, elasticsearch);
    await besideRsyslog(options, dir, kafka, elasticsearch, { containersDir: data.containersDir, lines: data.lines });
  } finally {
    await fleet?.stop();
    await elasticsearch.stop();
    await kafka.stop();
  }
}

/** Records searchable through the API; waits for `wanted`, or until nothing has moved for two minutes. */
async function untilStored(api: Product, wanted: number, onProgress: (n: number) => void): Promise<number> {
  let last = -1;
  let moved = performance.now();
  for (;;) {
    const path = 'logs/histogram?from=now-7d&to=now%2B1d&interval=1d';
    const { buckets } = await api.json<{ buckets: { counts: Record<string, number> }[] }>(path);
    const now = buckets.reduce((sum, { counts }) => sum + Object.values(counts).reduce((a, n) => a + n, 0), 0);
    onProgress(now);
    if (now >= wanted) return now;
    if (now !== last) moved = performance.now();
    last = now;
    if (performance.now() - moved > STALL_MS) return now;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function measureDelay(
  options: BenchOptions,
  dir: string,
  kafka: TestKafka,
  elasticsearch: TestElasticsearch,
): Promise<void> {
  const { report } = options;
  const place = join(dir, 'delay');
  const containersDir = join(place, 'containers');
  const loopFile = join(place, 'loop.json');
  const env = {
    ...fleetEnvironment(kafka, elasticsearch),
    ...benchEnvironment({ containersDir }),
    FLEETLOG_KAFKA_TOPIC: 'fleetlog.delay',
    FLEETLOG_ELASTICSEARCH_PREFIX: 'delay',
  };
  rmSync(place, { recursive: true, force: true });
  mkdirSync(containersDir, { recursive: true });
  const fleet = await startFleet({ dir: join(place, 'products'), env, loopFile });
  const writer = createWriter(containersDir, options.seed, DELAY_RATE);
  try {
    const tail = await openTail(fleet.api, writer);
    const run = { product: fleet.api, writer, tail, loopFile, querying: false };
    await runPhase({ ...run, name: 'warm-up', ms: Math.min(10_000, options.seconds * 500) });
    const phase = await runPhase({ ...run, name: 'steady', ms: options.seconds * 1000 });
    await tail.close();
    const pair = (values: number[]): string => `${short(quantile(values, 0.5))} / ${short(quantile(values, 0.99))}`;
    report.line('');
    report.table(
      [`delay at ${thousands(DELAY_RATE)} lines/s, ms`, 'p50 / p99'],
      [
        ['written → live tail', pair(phase.tail)],
        ['written → found by search', pair(phase.search)],
      ],
    );
  } finally {
    await writer.close();
    await fleet.stop();
  }
}

async function besideRsyslog(
  options: BenchOptions,
  dir: string,
  kafka: TestKafka,
  elasticsearch: TestElasticsearch,
  files: { containersDir: string; lines: number },
): Promise<void> {
  const { report } = options;
  await makeRsyslogTopic(kafka);
  const one = (to: 'elasticsearch' | 'kafka'): Promise<RsyslogRun> =>
    runRsyslog({ dir: join(dir, `rsyslog-${to}`), ...files, to, elasticsearch, kafka });
  const [direct, bus] = [await one('elasticsearch'), await one('kafka')];
  report.line('');
  report.table(
    ['rsyslog (imfile, mmjsonparse; lines, traces not joined)', 'omelasticsearch', 'omkafka'],
    [
      [
        'lines there (written)',
        ...[direct, bus].map((run) => `${thousands(run.documents)} (${thousands(files.lines)})`),
      ],
      ['lines/s (wall), start included', ...[direct, bus].map((run) => thousands(run.documents / run.seconds))],
      ['CPU-s: rsyslog', short(direct.rsyslog), short(bus.rsyslog)],
      ['CPU-s: Elasticsearch', short(direct.elasticsearch), ''],
      ['CPU-s: Kafka', '', short(bus.kafka)],
    ],
  );
}
