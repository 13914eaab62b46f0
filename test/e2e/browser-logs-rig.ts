import type { Browser, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { eventBatch, eventsFid } from '../../collector/events/events-batch.ts';
import type { Source } from '../../model/source.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { until } from '../suites/api-harness.ts';
import { openPage, type Running, startBrowser, startProductWithPage, type Watched } from './browser-harness.ts';

export const WITHIN = { timeout: 20_000, interval: 100 };
export const BULK = 6_000;
export const TRACE_ID = '7f3a9c1e5b2d4408';

/** The product with a small fleet's lines and events, signed in by nobody, and one page. */
export interface Rig {
  product: Running;
  browser: Browser;
  page: Page;
  watched: Watched;
  /** µs; lines and events stand before it. */
  now: number;
  query: Locator;
  rows(): Locator;
  grid: Locator;
  happen: Happen;
  run(text: string): Promise<void>;
  /** Runs, waits for the count, and leaves the field, so that keys are keys again. */
  find(text: string, lines: string): Promise<void>;
  total(): Promise<string>;
  open(path: string): Promise<void>;
  param(name: string): string | null;
  close(): Promise<void>;
}

/** Tells the product of an event of the container `APP-N`, so many minutes ago; resolves when it is stored. */
export type Happen = (
  app: string,
  n: number,
  type: 'deploy' | 'oom' | 'die' | 'restart',
  minutes: number,
  attributes: Record<string, string>,
) => Promise<void>;

export async function startEvents(url: string): Promise<Happen> {
  const made = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ name: 'events', role: 'collector', host: 'browser-host' }),
  });
  const { secret } = (await made.json()) as { secret: string };
  return async (app, n, type, minutes, attributes) => {
    const now = Date.now() * 1000;
    const time = now - Math.round(minutes * 60e6);
    const source = eventSource(app, n);
    const batch = eventBatch({ time, type, source, attributes }, time, eventsFid(source.host, source.container), now);
    const answer = await fetch(`${url}/api/v1/collect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/octet-stream' },
      body: Buffer.from(encodeBatch(batch)),
    });
    expect(answer.status).toBe(204);
  };
}

function eventSource(app: string, n: number): Source {
  return {
    host: 'browser-host',
    container: n.toString(16).padStart(64, 'beef'),
    containerName: `${app}-${n}`,
    image: `registry/${app}:1.4.2`,
    version: '1.4.2',
    app,
    env: 'prod',
    instance: String(n),
    stream: 'stdout',
    path: '',
    labels: {},
    reader: 'event',
    named: { app: 'label', env: 'label' },
  } as Source;
}

export async function startRig(name: string, executable: string): Promise<Rig> {
  const product = await startProductWithPage(name, (config) => {
    config.auth.mode = 'none';
  });
  const now = Date.now() * 1000;
  const ago = (minutes: number) => Math.floor(now / 1000 - minutes * 60_000);
  const many = (count: number, text: (n: number) => string) => Array.from({ length: count }, (_, n) => text(n));
  product.write(
    { app: 'bulk', env: 'test' },
    many(BULK, (n) => `INFO bulk ${n} ready`),
    ago(50),
  );
  product.write(
    { app: 'shop-order' },
    many(40, (n) => `INFO order ${n} placed orderNo=20261121${1000 + n}`),
    ago(20),
  );
  product.write(
    { app: 'shop-order' },
    many(12, (n) => `DEBUG heartbeat ${n} seq=${n * 7}`),
    ago(15),
  );
  product.write(
    { app: 'shop-order' },
    [
      `ERROR 创建订单失败 原因=支付超时 traceId=${TRACE_ID}`,
      'java.util.concurrent.TimeoutException: pay.timeout',
      ...many(20, (n) => `\tat org.springframework.aop.Proxy.proceed(Proxy.java:${n})`),
    ],
    ago(9),
  );
  product.write(
    { app: 'risk' },
    [
      `{"level":"warn","msg":"score timeout","traceId":"${TRACE_ID}","status":503,"user":{"id":88213},"stack":"a\\\\nb"}`,
      ...many(
        9,
        (n) => `{"level":"info","msg":"score ok","traceId":"aa${n}bbcc11223344","status":200,"user":{"id":${n}}}`,
      ),
    ],
    ago(8),
  );
  product.write(
    { app: 'gateway', env: 'staging' },
    many(30, (n) => `INFO upstream ${n} failed 502`),
    ago(2),
  );
  for (let n = 0; n < 14; n += 1) product.write({ app: `svc-${n}`, env: 'test' }, ['INFO up'], ago(30));

  const { url } = product.fleetlog;
  const happen = await startEvents(url);
  const deployed = { image: 'registry/shop-order:1.4.2', version: '1.4.2', previousVersion: '1.4.1' };
  await happen('shop-order', 1, 'deploy', 18, deployed);
  await happen('shop-order', 2, 'deploy', 17, deployed);
  await happen('shop-order', 1, 'oom', 8.5, {});
  await happen('shop-order', 1, 'die', 8.49, { exitCode: '137' });

  const browser = await startBrowser(executable);
  const watched = await openPage(browser, url, { acceptDownloads: true });
  const { page } = watched;
  page.setDefaultTimeout(WITHIN.timeout);
  const query = page.getByRole('textbox', { name: 'Query' });
  const grid = page.getByRole('grid', { name: 'Log lines' });
  const rig: Rig = {
    product,
    browser,
    page,
    watched,
    now,
    query,
    grid,
    happen,
    rows: () => grid.getByRole('row'),
    async run(text) {
      await query.fill(text);
      await query.press('Enter');
    },
    async find(text, lines) {
      await rig.run(text);
      await expect.poll(rig.total, WITHIN).toBe(lines);
      await query.press('Escape');
    },
    total: async () => (await page.getByLabel('Lines over time').innerText()).split('\n')[0],
    async open(path) {
      await page.goto(path);
      await query.waitFor();
    },
    param: (key) => new URL(page.url()).searchParams.get(key),
    async close() {
      await browser.close();
      await product.close();
    },
  };
  // Everything is searchable before the first test looks.
  await page.goto('/logs');
  const stored = async () => {
    const answer = await page.request.get('/api/v1/logs/facets?from=now-1h&fields=env&size=10');
    const { facets } = (await answer.json()) as { facets: { env: { count: number }[] } };
    return facets.env.reduce((sum, one) => sum + one.count, 0);
  };
  await until(stored, (count) => count === BULK + 40 + 12 + 1 + 10 + 30 + 14, 60_000);
  return rig;
}
