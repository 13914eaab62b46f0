import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, installPackages } from '../test/servers/apt.ts';
import type { TestElasticsearch } from '../test/servers/elasticsearch.ts';
import type { TestKafka } from '../test/servers/kafka.ts';
import { usageOf } from './machine.ts';

export interface RsyslogRun {
  seconds: number;
  /** CPU-s of rsyslogd, of Elasticsearch and of Kafka. */
  rsyslog: number;
  elasticsearch: number;
  kafka: number;
  documents: number;
}

const INDEX = 'rsyslog-bench';
const TOPIC = 'rsyslog.bench';
const STALL_MS = 60_000;

/** Debian's rsyslog with both outputs, installed when it is missing. */
export function ensureRsyslog(): string {
  const modules = ['/usr/lib/x86_64-linux-gnu/rsyslog', '/usr/lib/aarch64-linux-gnu/rsyslog'];
  const there = (name: string): boolean => modules.some((dir) => existsSync(join(dir, name)));
  if (!findCommand('rsyslogd') || !there('omelasticsearch.so') || !there('omkafka.so'))
    installPackages(['rsyslog', 'rsyslog-elasticsearch', 'rsyslog-kafka']);
  const command = findCommand('rsyslogd');
  if (!command) throw new Error('rsyslog is not there after installing it');
  return command;
}

/** The same files by rsyslog's imfile: docker's JSON is parsed, so that the message is searchable by itself as ours is. */
export async function runRsyslog(options: {
  dir: string;
  containersDir: string;
  lines: number;
  to: 'elasticsearch' | 'kafka';
  elasticsearch: TestElasticsearch;
  kafka: TestKafka;
}): Promise<RsyslogRun> {
  const { dir, to, elasticsearch, kafka } = options;
  const command = ensureRsyslog();
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, 'state'), { recursive: true });
  const config = join(dir, 'rsyslog.conf');
  writeFileSync(config, configuration(options));
  if (to === 'elasticsearch') await makeIndex(elasticsearch);
  const before = { elasticsearch: elasticsearch.cpuSeconds(), kafka: kafka.cpuSeconds() };
  const began = performance.now();
  const child: ChildProcess = spawn(command, ['-n', '-f', config, '-i', join(dir, 'pid')], { stdio: 'ignore' });
  try {
    const done = to === 'elasticsearch' ? () => counted(elasticsearch) : () => offsets(kafka);
    const documents = await until(done, options.lines, child);
    const seconds = (performance.now() - began) / 1000;
    return {
      seconds,
      rsyslog: usageOf(child.pid as number).cpu,
      elasticsearch: elasticsearch.cpuSeconds() - before.elasticsearch,
      kafka: kafka.cpuSeconds() - before.kafka,
      documents,
    };
  } finally {
    child.kill('SIGKILL');
  }
}

function configuration(options: Parameters<typeof runRsyslog>[0]): string {
  const { dir, containersDir, to, elasticsearch, kafka } = options;
  const port = new URL(elasticsearch.url).port;
  const output =
    to === 'elasticsearch'
      ? `action(type="omelasticsearch" server="127.0.0.1" serverport="${port}" searchIndex="${INDEX}" searchType=""
         template="document" bulkmode="on" maxbytes="4m" errorfile="${dir}/errors" action.resumeRetryCount="-1")`
      : `action(type="omkafka" broker=["${kafka.brokers.join('","')}"] topic="${TOPIC}" template="document"
         confParam=["compression.codec=zstd","acks=all"] action.resumeRetryCount="-1")`;
  return `global(workDirectory="${dir}/state" maxMessageSize="1m")
module(load="imfile" mode="inotify")
module(load="mmjsonparse")
module(load="om${to}")
template(name="document" type="list") {
  constant(value="{") property(name="$!log" outname="message" format="jsonf")
  constant(value=",") property(name="$!stream" outname="stream" format="jsonf")
  constant(value=",") property(name="$!time" outname="@timestamp" format="jsonf") constant(value="}")
}
input(type="imfile" File="${containersDir}/*/*-json.log" Tag="docker" ruleset="docker")
ruleset(name="docker" queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="4000" queue.workerThreads="2") {
  action(type="mmjsonparse" cookie="")
  ${output}
}
`;
}

/** What Elasticsearch would make of it by itself, on one shard without replicas. */
async function makeIndex(elasticsearch: TestElasticsearch): Promise<void> {
  await fetch(`${elasticsearch.url}/${INDEX}`, { method: 'DELETE' });
  const mappings = {
    properties: { message: { type: 'text' }, stream: { type: 'keyword' }, '@timestamp': { type: 'date_nanos' } },
  };
  const settings = { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '1s' };
  const answer = await fetch(`${elasticsearch.url}/${INDEX}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ settings, mappings }),
  });
  if (!answer.ok) throw new Error(`cannot make the index of rsyslog: ${await answer.text()}`);
}

async function counted(elasticsearch: TestElasticsearch): Promise<number> {
  const answer = await fetch(`${elasticsearch.url}/${INDEX}/_count`);
  return answer.ok ? ((await answer.json()) as { count: number }).count : 0;
}

async function offsets(kafka: TestKafka): Promise<number> {
  const { Kafka, logLevel } = await import('kafkajs');
  const admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const partitions = await admin.fetchTopicOffsets(TOPIC).catch(() => []);
    return partitions.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Waits until `count` reaches `wanted`; gives what there is when nothing has moved for a minute. */
async function until(count: () => Promise<number>, wanted: number, child: ChildProcess): Promise<number> {
  let last = -1;
  let moved = performance.now();
  for (;;) {
    const now = await count();
    if (now >= wanted) return now;
    if (now !== last) moved = performance.now();
    last = now;
    if (child.exitCode !== null) throw new Error(`rsyslog ended with ${child.exitCode} after ${now} of ${wanted}`);
    if (performance.now() - moved > STALL_MS) return now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Topics are not made by themselves on the bench's broker. */
export async function makeRsyslogTopic(kafka: TestKafka): Promise<void> {
  const { Kafka, logLevel } = await import('kafkajs');
  const admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic: TOPIC, numPartitions: 12, replicationFactor: 1 }],
    waitForLeaders: true,
  });
  await admin.disconnect();
}
