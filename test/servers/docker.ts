import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Docker from 'dockerode';
import { cannotInstall, findCommand, installPackages } from './apt.ts';
import { alive, answers, readPid, stopEngine, until, wipeEngine } from './docker-guard.ts';

export const IMAGE = 'fleetlog-test/busybox:1';

export interface RunOptions {
  name: string;
  /** Set as `APP_NAME` and `ENVIRONMENT`. */
  app?: string;
  env?: string;
  labels?: Record<string, string>;
  envVars?: Record<string, string>;
  command: string[];
  rm?: boolean;
  logDriver?: string;
  logOpts?: Record<string, string>;
  tty?: boolean;
  image?: string;
  memoryBytes?: number;
  restart?: 'no' | 'always' | 'on-failure';
  /** Create only. */
  start?: boolean;
  healthcheck?: string[];
}

/** A private engine with its own data root and socket; ends with the process that started it, however that ends. */
export interface TestDocker {
  socket: string;
  containersDir: string;
  /** dockerode on that socket. */
  api: Docker;
  version: string;
  /** False in a sandbox without a bridge: containers have loopback only. */
  network: boolean;
  /** Creates and starts a container; gives its id. */
  run(options: RunOptions): Promise<string>;
  /** Runs a command in a container; gives exit code and both outputs. */
  exec(id: string, command: string[]): Promise<{ exitCode: number; output: string }>;
  /** Waits for the container's end; gives its exit code. */
  wait(id: string): Promise<number>;
  remove(id: string): Promise<void>;
  /** Another tag on the test image with another image id, for image changes. */
  image(tag: string): Promise<string>;
  stopDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
  restartDaemon(): Promise<void>;
  /** Stops the engine, its containers and mounts, and removes its files. */
  stop(): Promise<void>;
}

/** Why no engine can run here, or null; installs what is missing where it may. */
function prepare(): string | null {
  if (process.platform !== 'linux') return 'a private engine needs Linux';
  if (process.getuid?.() !== 0) return 'a private engine needs root';
  const missing = (): boolean => !findCommand('dockerd') || !findCommand('busybox') || !findCommand('iptables');
  if (!missing()) return null;
  try {
    installPackages(['docker.io', 'busybox-static', 'iptables']);
  } catch (error) {
    if (!findCommand('dockerd') || !findCommand('busybox')) return (error as Error).message;
  }
  return findCommand('dockerd') && findCommand('busybox') ? null : 'dockerd or a static busybox is missing';
}

/**
 * A private Docker engine for one test file, or null (the reason on standard error) where none can run; throws when `CI=true`.
 * `network` asks for a bridge, which touches the machine's iptables; without it containers have loopback only.
 */
export async function startDocker(options: { network?: boolean } = {}): Promise<TestDocker | null> {
  try {
    const reason = prepare();
    if (reason) throw new Error(reason);
    return await open(mkdtempSync(join(tmpdir(), 'fleetlog-docker-')), options.network ?? false, true);
  } catch (error) {
    const message = `no Docker engine for tests: ${(error as Error).message}`;
    if (process.env.CI === 'true') throw new Error(message, { cause: error });
    process.stderr.write(`SKIPPED tests with a real Docker engine: ${message}\n`);
    return null;
  }
}

async function open(dir: string, wantNetwork: boolean, guarded: boolean): Promise<TestDocker> {
  let guard: ChildProcess | null = null;
  if (guarded) {
    const script = fileURLToPath(new URL('./docker-guard.ts', import.meta.url));
    guard = spawn(process.execPath, [script, 'guard', dir], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
    guard.unref();
    (guard.stdin as unknown as { unref(): void }).unref();
  }
  const socket = join(dir, 'docker.sock');
  const api = new Docker({ socketPath: socket, host: undefined, port: undefined, protocol: 'http' });
  let network = wantNetwork;
  const startDaemon = async (): Promise<void> => {
    if (await launch(dir, socket, network)) return;
    if (network) {
      network = false;
      if (await launch(dir, socket, false)) return;
    }
    const log = readFileSync(join(dir, 'dockerd.log'), 'utf8');
    throw new Error(`cannot start dockerd: ${log.trim().split('\n').slice(-5).join(' | ')}`);
  };
  const stop = async (): Promise<void> => {
    if (!guard) return wipeEngine(dir);
    const ended = new Promise((resolve) => guard.once('exit', resolve));
    guard.ref();
    guard.stdin?.end();
    if (guard.exitCode === null) await ended;
  };
  try {
    await startDaemon();
    await importImage(api, dir, IMAGE);
  } catch (error) {
    await stop();
    throw error;
  }
  const { Version } = await api.version();
  return {
    socket,
    containersDir: join(dir, 'data', 'containers'),
    api,
    version: Version,
    network,
    run: (run) => runContainer(api, run, network),
    exec: (id, command) => execIn(api, id, command),
    async wait(id) {
      return ((await api.getContainer(id).wait()) as { StatusCode: number }).StatusCode;
    },
    async remove(id) {
      await api.getContainer(id).remove({ force: true });
    },
    async image(tag) {
      await importImage(api, dir, tag);
      return tag;
    },
    stopDaemon: () => stopEngine(dir),
    startDaemon,
    async restartDaemon() {
      await stopEngine(dir);
      await startDaemon();
    },
    stop,
  };
}

/** Starts dockerd and waits until it answers; false when it ended instead. */
async function launch(dir: string, socket: string, network: boolean): Promise<boolean> {
  const plain = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'];
  rmSync(join(dir, 'dockerd.pid'), { force: true });
  rmSync(socket, { force: true });
  const output = openSync(join(dir, 'dockerd.log'), 'a');
  const args = ['--data-root', `${dir}/data`, '--exec-root', `${dir}/exec`, '--pidfile', `${dir}/dockerd.pid`];
  // A file of the machine's own engine must not change this one.
  writeFileSync(`${dir}/daemon.json`, '{}');
  args.push('--config-file', `${dir}/daemon.json`, '-H', `unix://${socket}`, ...(network ? [] : plain));
  const child = spawn(findCommand('dockerd')!, args, { stdio: ['ignore', output, output], detached: true });
  closeSync(output);
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  const up = await until(async () => ended || (await answers(socket)), 30_000);
  return up && !ended;
}

/** A 2 MB image from the machine's static busybox; each tag gets another image id. */
async function importImage(api: Docker, dir: string, tag: string): Promise<void> {
  const images = await api.listImages();
  if (images.some((image) => image.RepoTags?.includes(tag))) return;
  const root = mkdtempSync(join(dir, 'image-'));
  for (const part of ['bin', 'tmp', 'proc', 'sys', 'dev', 'etc']) mkdirSync(join(root, part));
  cpSync(findCommand('busybox')!, join(root, 'bin/busybox'), { dereference: true });
  const { stdout } = spawnSync(join(root, 'bin/busybox'), ['--list'], { encoding: 'utf8' });
  for (const name of stdout.split('\n'))
    if (name && name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name));
  const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [repo, version] = tag.split(':');
  const answer: unknown = await api.importImage(tar.stdout, {
    fromSrc: '-',
    repo,
    tag: version,
    changes: ['CMD ["/bin/sh"]', `LABEL made.for=${tag}`],
  } as never);
  await new Promise<void>((resolve, reject) => {
    api.modem.followProgress(answer as NodeJS.ReadableStream, (error) => (error ? reject(error) : resolve()));
  });
  rmSync(root, { recursive: true, force: true });
}

async function runContainer(api: Docker, options: RunOptions, network: boolean): Promise<string> {
  const vars = { ...options.envVars };
  if (options.app !== undefined) vars.APP_NAME = options.app;
  if (options.env !== undefined) vars.ENVIRONMENT = options.env;
  const container = await api.createContainer({
    name: options.name,
    Image: options.image ?? IMAGE,
    Cmd: options.command,
    Tty: options.tty ?? false,
    // A shell as first process ignores SIGTERM; stopping an engine must not wait ten seconds for each.
    StopTimeout: 1,
    Env: Object.entries(vars).map(([name, value]) => `${name}=${value}`),
    Labels: options.labels ?? {},
    Healthcheck: options.healthcheck
      ? { Test: ['CMD', ...options.healthcheck], Interval: 200e6, Timeout: 5e9, Retries: 1 }
      : undefined,
    HostConfig: {
      AutoRemove: options.rm ?? false,
      NetworkMode: network ? 'bridge' : 'none',
      Memory: options.memoryBytes,
      // Without this the kernel swaps instead of killing; a machine without swap accounting ignores it.
      MemorySwap: options.memoryBytes,
      RestartPolicy: options.restart ? { Name: options.restart } : undefined,
      LogConfig: { Type: options.logDriver ?? 'json-file', Config: options.logOpts ?? {} },
    },
  });
  if (options.start !== false) await container.start();
  return container.id;
}

async function execIn(api: Docker, id: string, command: string[]): Promise<{ exitCode: number; output: string }> {
  const exec = await api.getContainer(id).exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const merged = new PassThrough();
  stream.on('error', (error) => merged.destroy(error));
  api.modem.demuxStream(stream, merged, merged);
  stream.on('end', () => merged.end());
  const chunks: Buffer[] = [];
  for await (const chunk of merged) chunks.push(chunk as Buffer);
  stream.destroy();
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? -1, output: Buffer.concat(chunks).toString('utf8') };
}

/**
 * `node test/servers/docker.ts get|start|stop`: an engine by hand, kept until stopped. `start --network` gives it a bridge; dockerd leaves
 * `docker0` and its iptables rules behind.
 */
async function main(command: string | undefined): Promise<number> {
  const dir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fleetlog-test', 'docker');
  if (command === 'stop') {
    await wipeEngine(dir);
    return 0;
  }
  const reason = prepare();
  if (reason) {
    process.stderr.write(`${reason}${cannotInstall() ? ` (${cannotInstall()})` : ''}\n`);
    return 1;
  }
  if (command === 'get') return 0;
  if (command !== 'start') {
    process.stderr.write('usage: node test/servers/docker.ts get|start|stop [--network]\n');
    return 2;
  }
  mkdirSync(dir, { recursive: true });
  const pid = readPid(dir);
  if (pid === null || !alive(pid)) await open(dir, process.argv.includes('--network'), false);
  process.stdout.write(`DOCKER_HOST=unix://${dir}/docker.sock\ncontainersDir=${dir}/data/containers\n`);
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main(process.argv[2]));
