import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Locator, Page } from 'playwright-core';
import { eventBatch, eventsFid } from '../../collector/events/events-batch.ts';
import type { Batch, ContainerStatus, SourceStatus, StatusBatch } from '../../model/batch.ts';
import { BEHIND_CAUSES } from '../../model/behind-cause.ts';
import type { Source } from '../../model/source.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { statusBatch, until } from '../suites/api-harness.ts';
import { source } from '../suites/batches.ts';
import { openPage, type Running, startBrowser, startProductWithPage, type Watched } from './browser-harness.ts';

export const WITHIN = { timeout: 20_000, interval: 100 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const HOST = 'bj-h02';

/** The product with containers of this host, whose log files are written, and of another, whose collector is played. */
export interface FleetRig {
  product: Running;
  browser: Browser;
  page: Page;
  watched: Watched;
  /** µs; what the played collector tells stands before it. */
  now: number;
  grid: Locator;
  /** The row that a name is in. */
  row(name: string | RegExp): Locator;
  /** Sends a batch as the collector of the other host; it is stored when this resolves. */
  send(batch: Batch): Promise<void>;
  /** The other host as it is, with some of it changed. */
  status(change?: Partial<StatusBatch>): StatusBatch;
  /** Violations that axe finds, in a line each. */
  violations(): Promise<string[]>;
  remember(preferences: object): Promise<void>;
  close(): Promise<void>;
}

interface Box {
  n: number;
  app: string;
  env?: string;
  instance?: string;
  version?: string;
  status?: Partial<ContainerStatus>;
  file?: Partial<SourceStatus>;
}

export const idOf = (n: number): string => n.toString(16).padStart(12, 'a1b2c3d4e5f6').padEnd(64, '7');
const fidOf = (n: number): string => n.toString(16).padStart(32, 'f');

export async function startFleetRig(name: string, executable: string): Promise<FleetRig> {
  const product = await startProductWithPage(name, (config) => {
    config.auth.mode = 'none';
    config.ingest.silentMs = 3_600_000;
  });
  const now = Date.now() * 1000;
  const ago = (minutes: number): number => now - minutes * 60e6;
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `INFO order ${n} placed`);
  product.write({ app: 'shop-order' }, lines(120), Date.now() - 20_000);
  product.write({ app: 'shop-order', slot: 2 }, [...lines(40), '', ''], Date.now() - 20_000);
  product.write({ app: 'risk', env: 'staging' }, lines(3), Date.now() - 15_000);

  const ended = (state: 'exited' | 'removed', exitCode: number | null, minutes: number): Partial<ContainerStatus> => ({
    state,
    exitCode,
    startedAt: ago(minutes + 600),
    finishedAt: ago(minutes),
  });
  const boxes: Box[] = [
    { n: 1, app: 'pay', version: '2.0.1', status: { ...ended('exited', 137, 8), oomKilled: true } },
    { n: 2, app: 'report-worker', status: ended('exited', 1, 30) },
    { n: 3, app: 'coupon', status: ended('exited', 143, 12) },
    { n: 4, app: 'notify', status: { state: 'restarting', exitCode: 127, restarts: 41 } },
    { n: 5, app: 'user-center', status: { health: 'unhealthy' } },
    { n: 6, app: 'search-api', file: { state: 'reading', size: 9_000, inFlight: 400, searchable: 600 } },
    {
      n: 7,
      app: 'cart',
      instance: 'cart-1',
      version: '1.4.1',
      status: { ...ended('removed', 143, 5), createdAt: ago(900) },
    },
    { n: 8, app: 'cart', instance: 'cart-1', version: '1.4.2', status: { createdAt: ago(5.1), startedAt: ago(5) } },
    { n: 9, app: 'nightly', status: ended('removed', 0, 90) },
    {
      n: 10,
      app: 'ledger-db',
      status: { state: 'paused' },
      file: { state: 'denied', reason: 'EACCES: permission denied, open', read: 0, searchable: 0 },
    },
    {
      n: 11,
      app: 'gateway-with-a-name-that-is-longer-than-any-column',
      instance: 'gateway-with-a-name-that-is-longer-than-any-column-production-1',
    },
    {
      n: 12,
      app: '订单服务',
      env: '生产',
      file: { dropped: { blank: 20, too_old: 60, oversize: 20 }, searchable: 900 },
    },
  ];
  const boxSource = (box: Box): Source =>
    source({
      host: HOST,
      container: idOf(box.n),
      containerName: `${box.app}-${box.n}`,
      app: box.app,
      env: box.env ?? 'prod',
      instance: box.instance ?? `${box.app}-${box.n}`,
      image: `registry/${box.app}:${box.version ?? '1.0.0'}`,
      version: box.version ?? '1.0.0',
      path: `/var/lib/docker/containers/${idOf(box.n)}/${idOf(box.n)}-json.log`,
      named: { app: 'label', env: 'label' },
    });
  const containers = boxes.map((box): ContainerStatus => {
    const { labels: _, host: __, path: ___, ...identity } = boxSource(box);
    return {
      ...identity,
      state: 'running',
      health: null,
      createdAt: ago(700),
      startedAt: ago(650),
      finishedAt: null,
      exitCode: null,
      oomKilled: false,
      restarts: 0,
      logDriver: 'json-file',
      warnings: [],
      ...box.status,
    };
  });
  const sources = boxes.map(
    (box): SourceStatus => ({
      fid: fidOf(box.n),
      source: boxSource(box),
      state: 'idle',
      size: 1_000,
      read: 1_000,
      searchable: 1_000,
      dropped: {},
      inFlight: 0,
      lines: 12,
      lastLineAt: ago(9),
      ...box.file,
    }),
  );
  let seq = 0;
  const status = (change: Partial<StatusBatch> = {}): StatusBatch => {
    seq++;
    return statusBatch({
      host: HOST,
      time: now + seq,
      seq,
      containers,
      sources,
      behind: [
        { fid: fidOf(6), completeTo: ago(2), cause: BEHIND_CAUSES.not_acknowledged },
        { fid: fidOf(10), completeTo: ago(20), cause: 'EACCES: permission denied, open' },
      ],
      gaps: [{ fid: fidOf(9), from: ago(95), to: ago(94), bytes: 12_000, cause: 'damaged' }],
      ...change,
    });
  };
  const { url } = product.fleetlog;
  const made = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ name: 'other host', role: 'collector', host: HOST }),
  });
  const { secret } = (await made.json()) as { secret: string };
  const send = async (batch: Batch): Promise<void> => {
    const answer = await fetch(`${url}/api/v1/collect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/octet-stream' },
      body: Buffer.from(encodeBatch(batch)),
    });
    if (answer.status !== 204) throw new Error(`cannot send a batch: ${answer.status} ${await answer.text()}`);
  };
  await send(status());
  const happened = (n: number, type: 'die' | 'stop' | 'oom' | 'start', minutes: number, exitCode?: string) => {
    const from = boxSource(boxes.find((box) => box.n === n)!);
    const attributes: Record<string, string> = exitCode === undefined ? {} : { exitCode };
    return eventBatch(
      { time: ago(minutes), type, source: from, attributes },
      ago(minutes),
      eventsFid(HOST, from.container),
      now,
    );
  };
  for (const event of [
    happened(3, 'start', 612),
    happened(3, 'die', 12, '143'),
    happened(3, 'stop', 11.99),
    happened(1, 'oom', 8.01),
    happened(1, 'die', 8, '137'),
  ])
    await send(event);

  const browser = await startBrowser(executable);
  const watched = await openPage(browser, url);
  const { page } = watched;
  page.setDefaultTimeout(WITHIN.timeout);
  const grid = page.getByRole('grid');
  const rig: FleetRig = {
    product,
    browser,
    page,
    watched,
    now,
    grid,
    row: (text) => grid.getByRole('row').filter({ has: page.getByRole('rowheader', { name: text }) }),
    send,
    status,
    async violations() {
      // Injected as code of the test: the page's policy forbids inline scripts, and stays as it is.
      await page.evaluate(AXE);
      const found = await page.evaluate(async () => {
        interface Violation {
          id: string;
          nodes: { html: string; failureSummary: string }[];
        }
        const { axe } = window as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } };
        return (await axe.run({ resultTypes: ['violations'] })).violations;
      });
      return found.map((one) => {
        const [first] = one.nodes;
        return `${one.id} ×${one.nodes.length}: ${first.html.slice(0, 200)} | ${first.failureSummary.slice(0, 300)}`;
      });
    },
    remember: (preferences) =>
      page.evaluate((kept) => localStorage.setItem('fleetlog.preferences', JSON.stringify(kept)), preferences),
    async close() {
      await browser.close();
      await product.close();
    },
  };
  // Both hosts are known, with their lines, before the first test looks.
  await page.goto('/containers');
  const known = async () => {
    const answer = await page.request.get('/api/v1/ledger');
    const { items } = (await answer.json()) as { items: { lines: number; source: { host: string } }[] };
    const written = items.filter((one) => one.source.host === 'browser-host');
    return { files: items.length, lines: written.reduce((sum, one) => sum + one.lines, 0) };
  };
  await until(known, ({ files, lines }) => files === boxes.length + 3 && lines === 163, 60_000);
  return rig;
}
