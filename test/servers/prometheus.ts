import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { findCommand, installPackages } from './apt.ts';
import { until } from './docker-guard.ts';
import { startGuarded } from './guarded-process.ts';

export interface TestPrometheus {
  url: string;
  version: string;
  /** Resolves when each of the targets was scraped since the call, or throws after 20 s with what Prometheus says of them. */
  scraped(): Promise<void>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** `host:port` of each process to scrape; with `token` as bearer. */
  targets: string[];
  scrapeMs: number;
  token?: string;
  /** Basic authentication (bcrypt hash by name) of its own API. */
  webUsers?: Record<string, string>;
  /** PEM files for https. */
  tls?: { certFile: string; keyFile: string };
  /** Samples of the past, as OpenMetrics text with times. */
  past?: string;
}

/** Installs what is missing where it may; throws with the reason otherwise. */
function prepare(): void {
  if (!findCommand('prometheus') || !findCommand('promtool')) installPackages(['prometheus']);
}

/** What `CI=true` turns from a skip into a failure. */
function skipped(error: unknown): null {
  const message = `no Prometheus for tests: ${(error as Error).message}`;
  if (process.env.CI === 'true') throw new Error(message, { cause: error });
  process.stderr.write(`SKIPPED tests with a real Prometheus: ${message}\n`);
  return null;
}

/** `promtool` with these arguments; null (the reason on standard error) where it cannot be had. */
export function promtool(args: string[]): { status: number | null; output: string } | null {
  try {
    prepare();
  } catch (error) {
    return skipped(error);
  }
  const { status, stdout, stderr } = spawnSync(findCommand('promtool')!, args, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

/** A Prometheus of its own on loopback, or null where it cannot be had; it ends with the process that started it. */
export async function startPrometheus(options: PrometheusOptions): Promise<TestPrometheus | null> {
  try {
    prepare();
  } catch (error) {
    return skipped(error);
  }
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-prometheus-'));
  mkdirSync(join(dir, 'data'));
  const port = await freePort();
  const scrape = `${options.scrapeMs}ms`;
  writeFileSync(
    join(dir, 'prometheus.yml'),
    stringify({
      global: { scrape_interval: scrape, scrape_timeout: scrape, evaluation_interval: scrape },
      scrape_configs: [
        {
          job_name: 'fleetlog',
          static_configs: [{ targets: options.targets }],
          ...(options.token && { authorization: { credentials: options.token } }),
        },
      ],
    }),
  );
  writeFileSync(
    join(dir, 'web.yml'),
    stringify({
      ...(options.webUsers && { basic_auth_users: options.webUsers }),
      ...(options.tls && { tls_server_config: { cert_file: options.tls.certFile, key_file: options.tls.keyFile } }),
    }),
  );
  if (options.past !== undefined) {
    writeFileSync(join(dir, 'past.txt'), options.past);
    const made = promtool([
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      '--quiet',
      join(dir, 'past.txt'),
      join(dir, 'data'),
    ]);
    if (made?.status !== 0) throw new Error(`cannot make blocks of the past: ${made?.output}`);
  }
  const log = join(dir, 'prometheus.log');
  const server = startGuarded({
    command: findCommand('prometheus')!,
    args: [
      `--config.file=${dir}/prometheus.yml`,
      `--web.config.file=${dir}/web.yml`,
      `--storage.tsdb.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    log,
  });
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const closed = options.webUsers !== undefined || options.tls !== undefined;
  const up = await until(async () => server.ended() || (await (closed ? listens(port) : isReady(url))), 20_000);
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  if (!up || server.ended()) {
    const said = readFileSync(log, 'utf8').trim().split('\n').slice(-5).join(' | ');
    await stop();
    throw new Error(`cannot start Prometheus: ${said}`);
  }
  const { stderr, stdout } = spawnSync(findCommand('prometheus')!, ['--version'], { encoding: 'utf8' });
  return {
    url,
    version: /version (\S+)/.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown',
    async scraped() {
      const since = Date.now();
      let last: Target[] = [];
      const all = await until(async () => {
        last = await targets(url);
        // It learns of its targets some seconds after it is ready.
        const known = last.length === options.targets.length;
        return known && last.every((one) => one.health === 'up' && Date.parse(one.lastScrape) > since);
      }, 20_000);
      if (!all) throw new Error(`not every target was scraped: ${JSON.stringify(last)}`);
    },
    stop,
  };
}

interface Target {
  health: string;
  lastScrape: string;
  lastError: string;
}

async function targets(url: string): Promise<Target[]> {
  const answer = await fetch(`${url}/api/v1/targets?state=active`);
  const { data } = (await answer.json()) as { data: { activeTargets: Target[] } };
  return data.activeTargets;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false;
  }
}

async function listens(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  } catch (error) {
    return (error as { cause?: { code?: string } }).cause?.code !== 'ECONNREFUSED';
  }
}

/** `node test/servers/prometheus.ts HOST:PORT…`: one by hand that scrapes these each second, until it is stopped. */
async function main(scraped: string[]): Promise<void> {
  const prometheus = await startPrometheus({ targets: scraped, scrapeMs: 1_000 });
  if (!prometheus) process.exit(1);
  process.stdout.write(`FLEETLOG_PROMETHEUS_URL=${prometheus.url}\n`);
  const stop = (): void => void prometheus.stop().then(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  process.stdin.once('end', stop).resume();
}

/** A port nobody listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
