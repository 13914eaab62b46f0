import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import { mendRequestQueue } from '../../transport/kafka/request-queue.ts';
import { until } from './docker-guard.ts';
import { type GuardedProcess, startGuarded } from './guarded-process.ts';
import { ensureJdk, type Jdk } from './java.ts';
import { makeTlsFiles, SASL, saslSettings, type TlsFiles } from './kafka-secure.ts';
import { cached, copyLibraries } from './maven.ts';

/** Brokers the bus is tried against: the newest with all its artifacts on Maven Central, and the last of the 3 line. */
export const KAFKA_VERSIONS = ['4.3.1', '3.9.2'] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

export interface KafkaOptions {
  version?: KafkaVersion;
  /** A second listener with TLS and SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), which may demand a client's certificate. */
  secure?: boolean | 'client-certificate';
  /** Java heap; 256 MB carries the tests. */
  heapMb?: number;
  /** Compiles with C2, for measured load; tests start faster without. */
  fast?: boolean;
  /** Further broker settings. */
  settings?: Record<string, string>;
}

/** One KRaft broker on loopback with free ports; ends with the process that started it. */
export interface TestKafka {
  version: KafkaVersion;
  /** `host:port` of the plain listener; the same over all restarts. */
  brokers: string[];
  secure: (TlsFiles & { brokers: string[]; username: string; password: string }) | null;
  dir: string;
  /** SIGKILL, as a power cut of the process; the data stays. */
  kill(): Promise<void>;
  /** SIGTERM; the data stays. */
  halt(): Promise<void>;
  /** Starts again on the same ports and data; resolves when it answers. */
  start(): Promise<void>;
  cpuSeconds(): number;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/** A broker for one test file, or null (the reason on standard error) where none can run; throws when `CI=true`. */
export async function startKafka(options: KafkaOptions = {}): Promise<TestKafka | null> {
  mendRequestQueue();
  const version = options.version ?? KAFKA_VERSIONS[0];
  try {
    const jdk = ensureJdk(version.startsWith('3.') ? 11 : 17);
    return await open(version, jdk, await kafkaLibraries(version), options);
  } catch (error) {
    const message = `no Kafka ${version} for tests: ${(error as Error).message}`;
    if (process.env.CI === 'true') throw new Error(message, { cause: error });
    process.stderr.write(`SKIPPED tests with a real Kafka: ${message}\n`);
    return null;
  }
}

async function kafkaLibraries(version: KafkaVersion): Promise<string> {
  const dir = await cached(`kafka-${version}`, (making) =>
    copyLibraries(making, [`org.apache.kafka:kafka_2.13:${version}`, 'org.slf4j:slf4j-simple:1.7.36']),
  );
  return `${dir}/libs/*`;
}

async function open(version: KafkaVersion, jdk: Jdk, libraries: string, options: KafkaOptions): Promise<TestKafka> {
  const dir = mkdtempSync(join(tmpdir(), `fleetlog-kafka-${version}-`));
  const ports = await freePorts(3);
  const [port, controller, securePort] = ports;
  const clientAuth = options.secure === 'client-certificate' ? 'required' : 'requested';
  const tls = options.secure ? makeTlsFiles(dir) : null;
  const settings = {
    ...basicSettings(dir, port, controller),
    ...(tls ? saslSettings(tls, clientAuth, ports) : {}),
    ...options.settings,
  };
  const config = join(dir, 'server.properties');
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(config, lines.join(''));
  const java = [
    '-XX:+UseSerialGC',
    '-Djava.awt.headless=true',
    `-Dkafka.logs.dir=${dir}`,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    ...(options.fast ? [] : ['-XX:TieredStopAtLevel=1']),
  ];
  const heap = options.heapMb ?? 256;
  const log = join(dir, 'kafka.log');
  const brokers = [`127.0.0.1:${port}`];
  let server: GuardedProcess | null = null;

  async function start(): Promise<void> {
    const args = [...java, `-Xms${heap}m`, `-Xmx${heap}m`, '-cp', libraries, 'kafka.Kafka', config];
    const running = startGuarded({ command: jdk.java, args, log });
    server = running;
    const up = await until(async () => running.ended() || (await answers(brokers)), 120_000, 100);
    if (up && !running.ended()) return;
    await running.kill();
    throw new Error(`cannot start Kafka: ${readFileSync(log, 'utf8').trim().split('\n').slice(-5).join(' | ')}`);
  }
  try {
    await format(jdk, java, libraries, config, log, tls !== null);
    await start();
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  return {
    version,
    brokers,
    secure: tls ? { ...tls, ...SASL, brokers: [`127.0.0.1:${securePort}`] } : null,
    dir,
    kill: async () => server?.kill(),
    halt: async () => server?.stop(),
    start,
    cpuSeconds: () => server?.cpuSeconds() ?? 0,
    async stop() {
      await server?.stop(5_000);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function basicSettings(dir: string, port: number, controller: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': `${dir}/data`,
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '2',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '2',
  };
}

async function format(
  jdk: Jdk,
  java: string[],
  libraries: string,
  config: string,
  log: string,
  scram: boolean,
): Promise<void> {
  // Cluster ids are 16 random bytes in base64url; a fixed one is as good for a cluster of one.
  const args = ['format', '-t', 'AAAAAAAAAAAAAAAAAAAAAQ', '-c', config];
  for (const mechanism of scram ? ['SCRAM-SHA-256', 'SCRAM-SHA-512'] : [])
    args.push('--add-scram', `${mechanism}=[name=${SASL.username},password=${SASL.password}]`);
  // The tool exists under this name in 3.9 and in 4.
  const tool = [...java, '-Xms64m', '-Xmx128m', '-cp', libraries, 'kafka.tools.StorageTool', ...args];
  const run = startGuarded({ command: jdk.java, args: tool, log });
  await until(run.ended, 60_000);
  const formatted = existsSync(join(config, '../data/meta.properties'));
  await run.kill();
  if (!formatted) throw new Error(`cannot format Kafka's directory: ${readFileSync(log, 'utf8').trim().slice(-1_000)}`);
}

/** An open port is not yet readiness: a broker answers when it is unfenced and knows itself. */
async function answers(brokers: string[]): Promise<boolean> {
  const admin = new Kafka({
    brokers,
    clientId: 'fleetlog-test',
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** Ports free at this moment, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** `node test/servers/kafka.ts [4.3.1|3.9.2]`: a broker by hand, until standard input ends or a signal comes. */
async function main(version: string | undefined): Promise<void> {
  const kafka = await startKafka({ version: KAFKA_VERSIONS.find((v) => v === version), secure: true });
  if (!kafka) process.exit(1);
  process.stdout.write(`FLEETLOG_KAFKA_BROKERS=${kafka.brokers[0]}\n${JSON.stringify(kafka.secure)}\n`);
  const stop = (): void => void kafka.stop().then(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  process.stdin.once('end', stop).resume();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv[2]);
