import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort, type Product, startProduct } from '../../bench/product.ts';

const WITHIN = { timeout: 30_000, interval: 20 };
const TOKEN = 'a-token-of-more-than-24-characters';
/** Orchestrators kill after 10 s. */
const STOP_MS = 10_000;

describe('roles that run alone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-roles-'));
  const running: Product[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) if (one.alive()) await one.kill();
    rmSync(dir, { recursive: true, force: true });
  });
  const start = async (command: 'collector' | 'ingest' | 'api', env: Record<string, string> = {}): Promise<Product> => {
    const one = await startProduct({
      command,
      dataDir: join(dir, command),
      env: { FLEETLOG_HTTP_METRICS_TOKEN: TOKEN, FLEETLOG_COLLECTOR_CONTAINERS_DIR: '', ...env },
    });
    running.push(one);
    return one;
  };
  const status = async (one: Product, path: string): Promise<number> =>
    (await fetch(one.url + path).catch(() => null))?.status ?? 0;
  const figures = async (one: Product): Promise<string> => {
    // As from another host: without the token it would be refused.
    const headers = { 'x-forwarded-for': '10.0.0.9', authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${one.url}/metrics`, { headers });
    expect(answer.status).toBe(200);
    return answer.text();
  };

  test('an API that is asked to stop is not ready at once, and answers until load balancers know', async () => {
    const api = await start('api', { FLEETLOG_HTTP_DRAIN_MS: '4000' });
    await api.ready();
    expect(await figures(api)).toContain('fleetlog_api_requests_total');
    const stopped = api.stop();
    await expect.poll(() => status(api, '/readyz'), WITHIN).toBe(503);
    const body = (await (await fetch(`${api.url}/readyz`)).json()) as { parts: Record<string, string> };
    expect(body.parts.process).toBe('stopping');
    expect(await status(api, '/healthz')).toBe(200);
    expect((await api.get('me')).status).toBe(200);
    const { code, ms } = await stopped;
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
  });

  test('an ingest shows its own figures, and stops', async () => {
    const ingest = await start('ingest');
    await ingest.ready();
    const text = await figures(ingest);
    for (const name of ['fleetlog_ingest_up 1', 'fleetlog_log_lines_total', 'process_cpu_seconds_total'])
      expect(text).toContain(name);
    expect((await ingest.stop()).code).toBe(0);
  });

  test('a collector whose central process is away stays alive, keeps its lines, and still stops in time', async () => {
    const logs = join(dir, 'logs');
    mkdirSync(logs, { recursive: true });
    const collector = await start('collector', {
      FLEETLOG_COLLECTOR_TO: `http://127.0.0.1:${await freePort()}`,
      FLEETLOG_COLLECTOR_TOKEN: 'none',
      FLEETLOG_COLLECTOR_PATHS: `${logs}/{app}.log`,
    });
    await collector.ready();
    appendFileSync(join(logs, 'shop.log'), 'a line that waits\n');
    await expect.poll(() => figures(collector), WITHIN).toMatch(/^fleetlog_collector_in_flight_bytes [1-9]/m);
    const stopped = collector.stop();
    // Its health can be asked while everything else ends.
    await expect.poll(() => status(collector, '/readyz'), WITHIN).toBe(503);
    expect(await status(collector, '/healthz')).toBe(200);
    const { code, ms } = await stopped;
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
  });
});
