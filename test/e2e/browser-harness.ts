import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Fleetlog, startFleetlog } from '../../cli/compose.ts';
import { ensureDashboard } from '../../cli/dashboard-build.ts';
import { createDockerEncoder, logPath, writeDockerConfig } from '../../cli/demo/docker-files.ts';
import type { DemoContainer } from '../../cli/demo/fleet.ts';
import type { Config } from '../../model/config.ts';
import { openConfig } from '../suites/default-config.ts';

const OUT = join(import.meta.dirname, '../.out');

/** The whole product in this process over the built dashboard and a directory in docker's shape. */
export interface Running {
  fleetlog: Fleetlog;
  dir: string;
  /** Makes a container if there is none of that name, and appends lines to its log; the first line gets the time `at`. */
  write(container: { app: string; env?: string; slot?: number }, lines: string[], at?: number): void;
  close(): Promise<void>;
}

export async function startProductWithPage(
  name: string,
  change: (config: Config) => void = () => {},
): Promise<Running> {
  const problem = await ensureDashboard(AbortSignal.timeout(120_000));
  if (problem !== null) throw new Error(problem);
  mkdirSync(OUT, { recursive: true });
  const dir = mkdtempSync(join(OUT, `${name}-`));
  const containersDir = join(dir, 'containers');
  mkdirSync(containersDir);
  const config = openConfig();
  config.dataDir = join(dir, 'data');
  config.http.port = 0;
  Object.assign(config.collector, {
    containersDir,
    dockerSocket: '',
    podLogsDir: '',
    host: 'browser-host',
    statusMs: 200,
  });
  change(config);
  const fleetlog = await startFleetlog({
    config,
    roles: { collector: true, ingest: true, api: true },
    log: pino({ level: 'silent' }),
  });
  const made = new Map<string, { container: DemoContainer; encode: ReturnType<typeof createDockerEncoder> }>();
  return {
    fleetlog,
    dir,
    write({ app, env = 'prod', slot = 1 }, lines, at = Date.now()) {
      const key = JSON.stringify([app, env, slot]);
      let one = made.get(key);
      if (one === undefined) {
        const number = made.size + 1;
        const container: DemoContainer = {
          id: number.toString(16).padStart(64, 'c0ffee'),
          name: `box-${number}`,
          app,
          env,
          slot,
          image: 'made/up',
          version: '1.4.2',
          voice: 'order',
          naming: 'labels',
          share: 1,
          seed: number,
        };
        one = { container, encode: createDockerEncoder() };
        made.set(key, one);
        const now = new Date();
        writeDockerConfig(containersDir, container, { running: true, createdAt: now, startedAt: now });
      }
      const { container, encode } = one;
      const text = lines
        .map((line, n) => encode(line, false, Math.floor(at / 1000), (at % 1000) * 1_000_000 + n * 1000))
        .join('');
      appendFileSync(logPath(containersDir, container.id), text);
    },
    async close() {
      await fleetlog.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function startBrowser(executablePath: string): Promise<Browser> {
  const quiet = ['quic', 'background-networking', 'component-update', 'sync', 'gpu'].map((what) => `--disable-${what}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...quiet] });
}

/** What must never happen on any page: dialogs, CSP violations, uncaught errors. */
export interface Watched {
  page: Page;
  faults: string[];
  close(): Promise<void>;
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    timezoneId: 'Asia/Shanghai',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('dialog', async (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (/content security policy|trusted ?types/i.test(message.text())) faults.push(`csp: ${message.text()}`);
  });
  return { page, faults, close: () => context.close() };
}
