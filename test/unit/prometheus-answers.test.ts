import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { PrometheusConfig } from '../../model/config.ts';
import type { MetricStore } from '../../store/metric-store.ts';
import { createPrometheusMetricStore } from '../../store/prometheus/metric-store.ts';
import { defaultConfig } from '../suites/api-harness.ts';

const T0 = 1_795_219_200_000_000;
const clock = { nowUs: () => T0 + 7200e6, monotonicMs: () => 0 };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Seen {
  path: string;
  form: URLSearchParams;
  authorization: string | undefined;
}

/** An endpoint that answers as told, for what a healthy Prometheus never does; how it is asked is kept. */
async function endpoint(
  answer: (response: ServerResponse) => void,
  change: (config: PrometheusConfig) => void = () => {},
): Promise<{ store: MetricStore; seen: Seen[]; warned: object[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({
      path: `${request.method} ${request.url}`,
      form: new URLSearchParams(body),
      authorization: request.headers.authorization,
    });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { prometheus } = defaultConfig();
  prometheus.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  change(prometheus);
  const warned: object[] = [];
  const store = createPrometheusMetricStore({ prometheus, clock, log: { warn: (about) => void warned.push(about) } });
  closers.push(
    () => store.close(),
    () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  );
  return { store, seen, warned };
}

const json = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const success = (result: unknown[], rest: object = {}) =>
  json(200, { status: 'success', data: { resultType: 'matrix', result }, ...rest });
const failure = (status: number, errorType: string, error: string) =>
  json(status, { status: 'error', errorType, error });

const ask = (store: MetricStore, rest: { signal?: AbortSignal; timeoutMs?: number } = {}) =>
  store.series({
    metric: 'log_lines_per_second',
    by: 'app',
    filter: {},
    scopes: [[{ app: '*', env: '*' }]],
    from: T0,
    to: T0 + 3600e6,
    step: 60e6,
    limit: 10,
    ...rest,
  });

describe('answers of a PromQL endpoint', () => {
  test('points stand at the start of their step; what is no number is left out', async () => {
    const values = [
      [T0 / 1e6 + 60, '1.5'],
      [T0 / 1e6 + 120, 'NaN'],
      [T0 / 1e6 + 180, '+Inf'],
      [T0 / 1e6 + 240, '0'],
    ];
    const { store, seen } = await endpoint(
      success([
        { metric: { app: 'shop' }, values },
        { metric: {}, values: [[T0 / 1e6 + 60, '2']] },
      ]),
    );
    expect(await ask(store)).toEqual({
      unit: 'lines/s',
      series: [
        { labels: { app: '' }, points: [[T0 / 1000, 2]] },
        {
          labels: { app: 'shop' },
          points: [
            [T0 / 1000, 1.5],
            [T0 / 1000 + 180_000, 0],
          ],
        },
      ],
      notes: [],
    });
    expect(seen[0].path).toBe('POST /api/v1/query_range');
    expect(Object.fromEntries(seen[0].form)).toMatchObject({ step: '60', timeout: '15000ms' });
  });

  test('warnings are noted, for a part of the figures may be missing', async () => {
    const { store, warned } = await endpoint(success([], { warnings: ['store 10.0.0.7 is away'] }));
    const note = { code: 'store_warning', reason: 'store 10.0.0.7 is away' };
    expect((await ask(store)).notes).toEqual([note]);
    expect(warned).toEqual([note]);
  });

  test('it may live below a path, and gets its credentials', async () => {
    const below = await endpoint(success([]), (config) => {
      config.url += '/prom/';
      config.token = 'tok';
      config.username = 'ignored';
    });
    await ask(below.store);
    expect(below.seen[0]).toMatchObject({ path: 'POST /prom/api/v1/query_range', authorization: 'Bearer tok' });
    const basic = await endpoint(success([]), (config) => {
      config.username = 'lin';
      config.password = 'p:w';
    });
    await ask(basic.store);
    expect(basic.seen[0].authorization).toBe(`Basic ${Buffer.from('lin:p:w').toString('base64')}`);
    const inUrl = await endpoint(success([]), (config) => {
      config.url = config.url.replace('//', '//lin:a%20b@');
    });
    await ask(inUrl.store);
    expect(inUrl.seen[0].authorization).toBe(`Basic ${Buffer.from('lin:a b').toString('base64')}`);
    const none = await endpoint(success([]));
    await ask(none.store);
    expect(none.seen[0].authorization).toBeUndefined();
  });

  const refusals: [string, (response: ServerResponse) => void, string, RegExp][] = [
    ['a refused login', json(401, {}), 'unavailable', /prometheus\.token/],
    ['missing rights', json(403, {}), 'unavailable', /prometheus\.token/],
    ['its own timeout', failure(503, 'timeout', 'query timed out'), 'query_timeout', /shorter range/],
    [
      'too much for it',
      failure(422, 'execution', 'query processing would load too many samples'),
      'bad_request',
      /shorter range/,
    ],
    ['too many at once', json(429, {}), 'too_many_requests', /^$/],
    ['a query it does not read', failure(400, 'bad_data', 'parse error'), 'internal', /^$/],
    ['an ill server', failure(500, 'internal', 'tsdb is closed'), 'unavailable', /its own log/],
    [
      'a proxy without one behind it',
      (response) => void response.writeHead(502).end('<html>'),
      'unavailable',
      /its own log/,
    ],
    [
      'another kind of server',
      (response) => void response.writeHead(200).end('<html>hello'),
      'unavailable',
      /prometheus\.url/,
    ],
    [
      'a page that is not there',
      (response) => void response.writeHead(404).end('no'),
      'unavailable',
      /prometheus\.url/,
    ],
    [
      'a redirection',
      (response) => void response.writeHead(302, { location: '/login' }).end(),
      'unavailable',
      /prometheus\.url/,
    ],
    ['half an answer', json(200, { status: 'success', data: {} }), 'unavailable', /prometheus\.url/],
  ];
  test.each(refusals)('%s is said as what it is', async (_, answer, code, hint) => {
    const { store } = await endpoint(answer);
    const error = await ask(store).then(
      () => null,
      (reason: { code: string; hint?: string }) => reason,
    );
    expect(error?.code).toBe(code);
    expect(error?.hint ?? '').toMatch(hint);
  });

  test('an answer that does not come is given up after the caller’s time, or when the caller leaves', async () => {
    const { store } = await endpoint(() => {});
    await expect(ask(store, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'query_timeout',
      message: /within 30 ms/,
    });
    const leaving = new AbortController();
    const asked = ask(store, { signal: leaving.signal });
    leaving.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('an answer that breaks off is no answer', async () => {
    const { store } = await endpoint((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"status":"success"', () => response.destroy());
    });
    await expect(ask(store)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('nobody there, and a certificate file that is not there, are said with the key to look at', async () => {
    const { store } = await endpoint(success([]), (config) => {
      config.url = 'http://user:secret@127.0.0.1:1';
    });
    const refused = (await ask(store).catch((error: unknown) => error)) as { message: string; hint: string };
    expect(refused.message).toBe('cannot reach Prometheus at 127.0.0.1:1: ECONNREFUSED');
    expect(refused.hint).toContain('prometheus.url');
    const dir = mkdtempSync(join(tmpdir(), 'fleetlog-ca-'));
    closers.push(() => rmSync(dir, { recursive: true }));
    await expect(
      endpoint(success([]), (config) => {
        config.url = 'https://127.0.0.1:1';
        config.caFile = join(dir, 'none.pem');
      }),
    ).rejects.toMatchObject({ code: 'bad_config', hint: expect.stringContaining('prometheus.caFile') });
  });

  test('top has what stood still left out, and the peak of each key', async () => {
    const { store } = await endpoint((response) =>
      success([
        { metric: { app: 'shop' }, value: [0, '3'] },
        { metric: { app: 'still' }, value: [0, '0'] },
        { metric: { app: 'pay' }, value: [0, '5'] },
      ])(response),
    );
    const { items } = await store.top({
      metric: 'log_bytes_per_second',
      by: 'app',
      filter: {},
      scopes: [[{ app: '*', env: '*' }]],
      from: T0,
      to: T0 + 3600e6,
      limit: 10,
    });
    expect(items).toEqual([
      { key: 'pay', average: 5, peak: 5 },
      { key: 'shop', average: 3, peak: 3 },
    ]);
  });
});
