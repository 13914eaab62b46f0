import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { busCheck, type Readiness, sendingCheck, startReadiness, storeCheck } from '../../cli/compose-readiness.ts';
import { type RoleServer, startRoleServer } from '../../cli/compose-role-server.ts';
import { exposeCounters } from '../../cli/compose-telemetry.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { defaultConfig, startHarness, until } from '../suites/api-harness.ts';

const TOKEN = 'a-token-of-more-than-24-characters';
const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function role(
  rest: Partial<Parameters<typeof startRoleServer>[0]> = {},
  host = '127.0.0.1',
): Promise<{ url: string; server: RoleServer }> {
  const config = defaultConfig((c) => {
    c.http.host = host;
    c.http.metricsToken = TOKEN;
  });
  const telemetry = new Registry();
  exposeCounters(telemetry, 'collector', [], () => ({ lines: 7 }));
  const server = await startRoleServer({ config, telemetry, ...rest });
  open.push(() => server.close());
  return { url: (await server.listen()).url, server };
}

/** With any headers at all, which fetch would not send. */
function get(
  url: string,
  headers: Record<string, string> = {},
  address?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { headers, ...(address && { host: address }) }, async (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    sent.once('error', reject).end();
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('a collector or ingest that runs alone', () => {
  test('shows health and its figures on this machine', async () => {
    const { url } = await role({
      figures: async () => ({ fleetlog_store_records: 3, fleetlog_store_merges_total: 1 }),
    });
    expect(await get(`${url}/healthz`)).toEqual({ status: 200, text: '{"status":"ok"}\n' });
    const { status, text } = await get(`${url}/metrics`);
    expect(status).toBe(200);
    expect(text).toContain('fleetlog_collector_lines_total 7');
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toMatch(/# TYPE fleetlog_store_merges_total counter\nfleetlog_store_merges_total 1\n/);
    expect((await get(`${url}/api/v1/logs`)).status).toBe(404);
    const posted = await fetch(`${url}/metrics`, { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('what a proxy here passes on, another name, or a wrong token does not count as local', async () => {
    const { url } = await role();
    expect((await get(`${url}/metrics`, { 'x-forwarded-for': '10.0.0.9' })).status).toBe(401);
    expect((await get(`${url}/metrics`, { host: 'evil.example' })).status).toBe(401);
    expect((await get(`${url}/metrics`, bearer('a-token-of-more-than-24-characterX'))).status).toBe(401);
    expect((await get(`${url}/metrics`, { ...bearer(TOKEN), 'x-forwarded-for': '10.0.0.9' })).status).toBe(200);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one && !one.internal && one.family === 'IPv4')?.address;
  test.skipIf(!outside)('from another address it takes the token', async () => {
    const { url } = await role({}, '0.0.0.0');
    const there = url.replace('localhost', outside ?? '');
    expect((await get(`${there}/metrics`)).status).toBe(401);
    expect((await get(`${there}/metrics`, bearer(TOKEN))).status).toBe(200);
    expect((await get(`${there}/readyz`)).status).toBe(200);
  });

  test('without a token configured nothing opens it from outside', async () => {
    const config = defaultConfig();
    const server = await startRoleServer({ config, telemetry: new Registry() });
    open.push(() => server.close());
    const { url } = await server.listen();
    expect((await get(`${url}/metrics`, { authorization: 'Bearer ' })).status).toBe(401);
    expect((await get(`${url}/metrics`, bearer('x'.repeat(24)))).status).toBe(401);
  });

  test('a port that is taken is said so, with what to do; a stop does not wait for an idle caller', async () => {
    const { url, server } = await role();
    const config = defaultConfig((c) => void (c.http.port = Number(new URL(url).port)));
    const second = await startRoleServer({ config, telemetry: new Registry() });
    await expect(second.listen()).rejects.toMatchObject({
      code: 'bad_config',
      hint: expect.stringContaining('http.port'),
    });
    const idle = connect(Number(new URL(url).port), '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const gone = new Promise((resolve) => idle.once('close', resolve));
    idle.resume();
    await server.close();
    await gone;
  });
});

describe('the API', () => {
  test('takes http.metricsToken at /metrics beside tokens of role metrics, and nowhere else', async () => {
    const h = await startHarness({ config: (c) => void (c.http.metricsToken = TOKEN) });
    open.push(() => h.close());
    const proxied = { 'x-forwarded-for': '10.0.0.9' };
    expect((await h.send('GET', '/metrics', undefined, proxied)).status).toBe(401);
    expect((await h.send('GET', '/metrics', undefined, { ...proxied, ...bearer(TOKEN) })).status).toBe(200);
    const { secret } = await h.token('metrics');
    expect((await h.send('GET', '/metrics', undefined, { ...proxied, ...bearer(secret) })).status).toBe(200);
    expect((await h.get('/api/v1/logs', TOKEN)).status).toBe(401);
  });
});

describe('readiness', () => {
  const clock = { now: 0, nowUs: () => 0, monotonicMs: () => clock.now };
  const start = async (checks: Parameters<typeof startReadiness>[0]['checks'], timeoutMs = 50): Promise<Readiness> => {
    const readiness = await startReadiness({ checks, clock, everyMs: 5, timeoutMs });
    open.push(() => readiness.close());
    return readiness;
  };

  test('is 503 while a part cannot work, names the reason, and comes back', async () => {
    let broken = true;
    const readiness = await start({
      store: () => {
        if (broken) throw new Error('cannot reach it');
        return 'open';
      },
      state: async () => 'open',
    });
    const { url } = await role({ readiness: readiness.state });
    const first = await get(`${url}/readyz`);
    expect(first.status).toBe(503);
    expect(JSON.parse(first.text)).toEqual({ ready: false, parts: { store: 'cannot reach it', state: 'open' } });
    broken = false;
    await until(
      () => get(`${url}/readyz`),
      ({ status }) => status === 200,
    );
  });

  test('a part that hangs counts as failed, and holds up no other', async () => {
    const readiness = await start({ store: () => new Promise<string>(() => {}), state: () => 'open' }, 20);
    expect(readiness.state()).toEqual({ ready: false, parts: { store: 'no answer within 20 ms', state: 'open' } });
  });

  test('a stop is said at once, while the process still answers', async () => {
    const readiness = await start({ store: () => 'open' });
    const { url } = await role({ readiness: readiness.state });
    expect((await get(`${url}/readyz`)).status).toBe(200);
    readiness.stopping();
    expect(await get(`${url}/readyz`)).toEqual({
      status: 503,
      text: '{"ready":false,"parts":{"store":"open","process":"stopping"}}\n',
    });
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  test('a collector is not ready when nothing it sends is acknowledged for half a minute', () => {
    clock.now = 0;
    const counters = { in_flight_bytes: 100, batches_acknowledged: 1 };
    const check = sendingCheck(() => counters, clock);
    expect(check()).toBe('100 bytes on their way');
    clock.now = 29_000;
    check();
    clock.now = 31_000;
    expect(() => check()).toThrow('nothing was acknowledged for 31 s');
    counters.batches_acknowledged = 2;
    expect(check()).toBe('100 bytes on their way');
    clock.now = 100_000;
    counters.in_flight_bytes = 0;
    expect(check()).toBe('0 bytes on their way');
  });

  test('a bus that stays full, or a store that refuses lines, is not ready', async () => {
    clock.now = 0;
    const pending = { bytes: 100 };
    const check = busCheck({ pendingBytes: () => pending.bytes }, 100, clock);
    check();
    clock.now = 31_000;
    expect(() => check()).toThrow('full with 100 bytes');
    pending.bytes = 10;
    expect(check()).toBe('10 bytes pending');
    const bus = createMemoryBus({ capacityBytes: 1 << 20 });
    expect(busCheck(bus, 1 << 20, clock)()).toBe('0 bytes pending');
    await bus.close();
    const stats = { stats: async () => ({ telemetry: { fleetlog_store_full: 1 } }) as never };
    await expect((async () => storeCheck(stats, true)())()).rejects.toThrow('too full');
    expect(await storeCheck(stats, false)()).toBe('open');
  });
});
