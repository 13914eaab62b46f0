import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { eventBatch, eventsFid } from '../../collector/events/events-batch.ts';
import type { LinesBatch } from '../../model/batch.ts';
import type { Source } from '../../model/source.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { until } from '../suites/api-harness.ts';
import type { Running } from './browser-harness.ts';

export const BULK = 6_000;
export const TRACE_ID = '7f3a9c1e5b2d4408';
/** Lines of the whole fleet; a joined trace is one. */
const LINES = BULK + 40 + 12 + 1 + 10 + 30 + 14;

/** The lines of a small fleet within an hour. `ago` gives the ms so many minutes back. */
export function writeFleet(product: Running, ago: (minutes: number) => number): void {
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
}

/** Events of the same fleet: a deploy over two replicas, and an OOM kill with its exit. */
export async function tellFleet(happen: Happen): Promise<void> {
  const deployed = { image: 'registry/shop-order:1.4.2', version: '1.4.2', previousVersion: '1.4.1' };
  await happen('shop-order', 1, 'deploy', 18, deployed);
  await happen('shop-order', 2, 'deploy', 17, deployed);
  await happen('shop-order', 1, 'oom', 8.5, {});
  await happen('shop-order', 1, 'die', 8.49, { exitCode: '137' });
}

/** Everything `writeFleet` wrote can be found. */
export async function untilStored(page: Page, range = 'from=now-1h'): Promise<void> {
  const stored = async () => {
    const answer = await page.request.get(`/api/v1/logs/facets?${range}&fields=env&size=10`);
    const { facets } = (await answer.json()) as { facets: { env: { count: number }[] } };
    return facets.env.reduce((sum, one) => sum + one.count, 0);
  };
  await until(stored, (count) => count === LINES, 60_000);
}

/** Tells the product of an event of the container `APP-N`, so many minutes ago; resolves when it is stored. */
export type Happen = (
  app: string,
  n: number,
  type: 'deploy' | 'oom' | 'die' | 'restart',
  minutes: number,
  attributes: Record<string, string>,
) => Promise<void>;

/** `nowUs` is what `minutes` are counted back from. */
export async function startEvents(url: string, nowUs = () => Date.now() * 1000): Promise<Happen> {
  const collect = await startCollecting(url);
  return async (app, n, type, minutes, attributes) => {
    const now = nowUs();
    const time = now - Math.round(minutes * 60e6);
    const source = eventSource(app, n);
    await collect(eventBatch({ time, type, source, attributes }, time, eventsFid(source.host, source.container), now));
  };
}

/** Sends batches as the collector of `browser-host` would; each resolves when it is stored. */
export async function startCollecting(url: string): Promise<(batch: LinesBatch) => Promise<void>> {
  const made = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ name: 'collector', role: 'collector', host: 'browser-host' }),
  });
  const { secret } = (await made.json()) as { secret: string };
  return async (batch) => {
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
