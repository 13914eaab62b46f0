import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The product as a user starts it: a child process of the real command, configured by its environment. */
export interface Product {
  pid: number;
  url: string;
  dataDir: string;
  /** Everything it wrote to both outputs goes there; appended over restarts. */
  logFile: string;
  /** Resolves when /readyz says 200; rejects when it ends before or takes too long. */
  ready(timeoutMs?: number): Promise<void>;
  /** A GET below /api/v1 with the local token; rejects with the body's text unless 200. */
  get(path: string): Promise<Response>;
  json<T>(path: string): Promise<T>;
  /** A POST of JSON below /api/v1; rejects unless 2xx. */
  post<T>(path: string, body: unknown): Promise<T>;
  alive(): boolean;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits until it is gone; gives its exit code and how long it took. */
  stop(): Promise<{ code: number | null; ms: number }>;
}

export interface ProductOptions {
  /** Subcommand; default `start`. */
  command?: 'start' | 'collector' | 'ingest' | 'api';
  dataDir: string;
  /** Default: a free one. */
  port?: number;
  /** Configuration, `collector.containersDir` → `FLEETLOG_COLLECTOR_CONTAINERS_DIR`. */
  env?: Record<string, string>;
  logFile?: string;
  /** File for the event loop's figures, see loop-probe.mjs. */
  loopFile?: string;
}

const COMMAND = fileURLToPath(new URL('../bin/fleetlog.mjs', import.meta.url));
const PROBE = new URL('./loop-probe.mjs', import.meta.url).href;
const READY_MS = 60_000;

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('cannot find a free port');
  return address.port;
}

/** Environment without our own variables, so that what a developer has set does not change a run. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLEETLOG_')));
}

export async function startProduct(options: ProductOptions): Promise<Product> {
  const { dataDir } = options;
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const logFile = options.logFile ?? `${dataDir}.log`;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child: ChildProcess = spawn(
    process.execPath,
    [...(options.loopFile ? ['--import', PROBE] : []), COMMAND, options.command ?? 'start'],
    {
      stdio: ['ignore', log, log],
      cwd: dirname(logFile),
      env: {
        ...cleanEnvironment(),
        FLEETLOG_DATA_DIR: dataDir,
        FLEETLOG_HTTP_PORT: String(port),
        FLEETLOG_COLLECTOR_DOCKER_SOCKET: '',
        FLEETLOG_COLLECTOR_POD_LOGS_DIR: '',
        ...(options.loopFile ? { BENCH_LOOP_FILE: options.loopFile } : {}),
        ...options.env,
      },
    },
  );
  closeSync(log);
  // Whoever started it may be interrupted; it must not live on.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;

  const ending = (): string => (child.signalCode ? `by ${child.signalCode}` : `exit code ${child.exitCode}`);

  function authorization(): Record<string, string> {
    const file = join(dataDir, 'cli-token');
    return existsSync(file) ? { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` } : {};
  }

  async function request(method: string, path: string, body?: unknown): Promise<Response> {
    if (!alive())
      throw new Error(`${method} ${path}: the product has ended (${ending()}); see ${logFile}\n${tail(logFile)}`);
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { ...authorization(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
  const get = (path: string): Promise<Response> => request('GET', path);

  return {
    pid: child.pid ?? -1,
    url,
    dataDir,
    logFile,
    async ready(timeoutMs = READY_MS) {
      const until = performance.now() + timeoutMs;
      while (performance.now() < until) {
        if (!alive())
          throw new Error(`the product ended before it was ready (${ending()}); see ${logFile}\n${tail(logFile)}`);
        const answer = await fetch(`${url}/readyz`).catch(() => null);
        await answer?.arrayBuffer();
        if (answer?.ok) return;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`the product was not ready after ${timeoutMs} ms; see ${logFile}\n${tail(logFile)}`);
    },
    get,
    json: async <T>(path: string) => (await (await get(path)).json()) as T,
    post: async <T>(path: string, body: unknown) => (await (await request('POST', path, body)).json()) as T,
    alive,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      const began = performance.now();
      child.kill('SIGTERM');
      const code = await exited;
      return { code, ms: performance.now() - began };
    },
  };
}

const tail = (file: string): string => readFileSync(file, 'utf8').slice(-4_000);
