import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../api/server.ts';
import { defaultConfig, type Harness, startHarness } from '../suites/api-harness.ts';

const PASSWORD = 'blue horse 77 sky';
let h: Harness;
let cookie: string;
beforeAll(async () => {
  h = await startHarness({ deps: { collect: async () => {} } });
  const token = (await h.api.setupUrl())!.split('#')[1];
  const done = await h.send('POST', '/api/v1/setup', { token, name: 'ann', password: PASSWORD }, {});
  cookie = done.headers.get('set-cookie')!.split(';')[0];
});
afterAll(() => h.close());

interface Route {
  method: string;
  url: string;
}

/** Every route fastify knows, from its own table. */
function routes(): Route[] {
  const found: Route[] = [];
  const stack: string[] = [];
  for (const line of h.api.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^((?:[│ ] {3})*)[├└]── (.*?) \((.*)\)$/.exec(line);
    if (!match) continue;
    const depth = match[1].length / 4;
    stack.length = depth;
    stack.push(match[2]);
    // The tree prints a wildcard below `static/` without that part.
    const url = stack.join('').replace('/api/docs/*', '/api/docs/static/*').replace(/^\*$/, '/*');
    for (const method of match[3].split(', ')) found.push({ method, url });
  }
  return found;
}

/** Health, the ways in, and the page, whose files hold nothing of anybody's. */
const OPEN = [
  'GET /*',
  'HEAD /*',
  'GET /healthz',
  'HEAD /healthz',
  'GET /readyz',
  'HEAD /readyz',
  'POST /api/v1/login',
  'GET /api/v1/login/methods',
  'HEAD /api/v1/login/methods',
  'POST /api/v1/setup',
];
/** Free on loopback, which a test is. */
const PEER = ['GET /metrics', 'HEAD /metrics'];

describe('default deny', () => {
  test('the table lists what it should', () => {
    const all = routes().map(({ method, url }) => `${method} ${url}`);
    expect(all.length).toBeGreaterThan(35);
    for (const route of [
      ...OPEN,
      ...PEER,
      'GET /api/v1/logs/tail',
      'POST /api/v1/collect',
      'DELETE /api/v1/users/:name',
    ])
      expect(all).toContain(route);
  });

  test('without a principal every route but the open ones is 401', async () => {
    for (const { method, url } of routes()) {
      const name = `${method} ${url}`;
      if (OPEN.includes(name) || PEER.includes(name)) continue;
      for (const path of [url, url.replace(/:\w+/, 'aaaaaaaaaaaa').replace('*', 'x')]) {
        const response = await fetch(h.url + path, { method, headers: { 'x-fleetlog': '1' } });
        expect(`${name} ${response.status}`).toBe(`${name} 401`);
      }
    }
  });

  test('roles: who may use what', async () => {
    const reader = (await h.token('reader')).secret;
    const collector = (await h.token('collector', undefined, { host: 'h1' })).secret;
    const push = (await h.token('push')).secret;
    const metrics = (await h.token('metrics')).secret;
    const may: Record<string, (route: Route) => boolean> = {
      [collector]: ({ url }) => /collect|\/me$|logout|docs|openapi|password/.test(url),
      [push]: ({ url }) => /push|\/me$|logout|docs|openapi|password/.test(url),
      [metrics]: ({ url }) => /\/me$|logout|docs|openapi|password/.test(url),
      [reader]: ({ url }) => !/collect|push|users|audit|hosts\/:host|retention|redaction/.test(url),
    };
    for (const [token, allowed] of Object.entries(may)) {
      for (const route of routes()) {
        if (OPEN.includes(`${route.method} ${route.url}`) || route.url === '/metrics' || /tail/.test(route.url))
          continue;
        const path = route.url.replace(/:\w+/, 'aaaaaaaaaaaa').replace('*', 'x');
        const response = await fetch(h.url + path, {
          method: route.method,
          headers: { authorization: `Bearer ${token}` },
        });
        await response.arrayBuffer();
        // A password belongs to a person: to tokens that route says forbidden itself.
        if (/password/.test(route.url)) continue;
        expect(`${route.method} ${route.url} ${response.status === 403}`).toBe(
          `${route.method} ${route.url} ${!allowed(route)}`,
        );
      }
    }
  });

  test('a wrong token is not made up for by a right cookie', async () => {
    const answer = await h.send('GET', '/api/v1/me', undefined, { cookie, authorization: 'Bearer flt_x' });
    expect(answer.status).toBe(401);
  });

  test('two session cookies are none', async () => {
    expect((await h.send('GET', '/api/v1/me', undefined, { cookie: `${cookie}; ${cookie}` })).status).toBe(401);
  });
});

describe('other sites', () => {
  const post = (headers: Record<string, string>, body = '{"name":"v","query":"x"}') =>
    fetch(`${h.url}/api/v1/views`, { method: 'POST', body, headers: { cookie, ...headers } });
  const JSON_TYPE = { 'content-type': 'application/json' };

  test('a form of another origin is refused, whatever it claims to be', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await post({ 'content-type': type })).status).toBe(403);
    expect((await post({ ...JSON_TYPE, origin: 'http://evil.example' })).status).toBe(403);
    expect((await post({ ...JSON_TYPE, origin: 'null' })).status).toBe(403);
    expect((await post({ ...JSON_TYPE, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post({ ...JSON_TYPE, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    const refused = await post({ ...JSON_TYPE, origin: h.url.replace(/\d+$/, '1') });
    expect(((await refused.json()) as { error: { code: string } }).error.code).toBe('foreign_origin');
    expect((await h.get('/api/v1/views')).json.items).toEqual([]);
  });

  test('our own page may', async () => {
    expect((await post({ ...JSON_TYPE, origin: h.url, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
  });

  test('login too is for our own page only', async () => {
    const login = (headers: Record<string, string>) =>
      fetch(`${h.url}/api/v1/login`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ name: 'ann', password: PASSWORD }),
      });
    expect((await login({ ...JSON_TYPE, origin: 'http://evil.example' })).status).toBe(403);
    expect((await login({ 'content-type': 'text/plain' })).status).toBe(403);
  });

  test('reading with a foreign Origin is refused, and nothing is ever allowed across', async () => {
    const answer = await h.send('GET', '/api/v1/me', undefined, { cookie, origin: 'http://evil.example' });
    expect(answer.status).toBe(403);
    const tail = await h.send('GET', '/api/v1/logs/tail', undefined, { cookie, origin: 'http://evil.example' });
    expect(tail.status).toBe(403);
    const preflight = await fetch(`${h.url}/api/v1/me`, {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('no GET changes anything', () => {
    const changing = routes().filter((r) => r.method === 'GET' && /login$|logout|setup|collect|password/.test(r.url));
    expect(changing).toEqual([]);
  });
});

describe('listener', () => {
  const refusal = async (change: (config: ReturnType<typeof defaultConfig>) => void): Promise<string> => {
    try {
      const parts = { ...h, config: defaultConfig(change), log: h.logged };
      const api = await createApi(parts as never);
      await api.close();
      return 'accepted';
    } catch (error) {
      const { code, hint } = error as { code: string; hint?: string };
      return `${code}${hint ? ' with hint' : ''}`;
    }
  };

  test('off loopback plain HTTP is refused unless asked for', async () => {
    expect(await refusal((c) => void (c.http.host = '0.0.0.0'))).toBe('bad_config with hint');
    expect(await refusal((c) => void (c.http.host = '192.168.1.1'))).toBe('bad_config with hint');
    expect(await refusal((c) => void (c.http.host = '127.0.0.1.example'))).toBe('bad_config with hint');
  });
  test('without users only loopback, and no proxy', async () => {
    for (const change of [
      { host: '0.0.0.0', insecure: true },
      { host: '127.0.0.1', trustProxy: true },
    ])
      expect(
        await refusal((c) => {
          c.auth.mode = 'none';
          Object.assign(c.http, change);
        }),
      ).toBe('bad_config with hint');
  });
  test('half a TLS setting, or files that are not there', async () => {
    expect(await refusal((c) => void (c.http.tlsCert = '/nowhere.pem'))).toBe('bad_config with hint');
    expect(await refusal((c) => Object.assign(c.http, { tlsCert: '/nowhere.pem', tlsKey: '/nowhere.pem' }))).toBe(
      'bad_config with hint',
    );
  });
  test('a taken port says so', async () => {
    const port = Number(h.url.split(':').pop());
    const other = startHarness({ config: (config) => void (config.http.port = port) });
    await expect(other).rejects.toMatchObject({ code: 'bad_config', hint: expect.stringContaining('http.port') });
  });
});

describe('auth.mode none', () => {
  let open: Harness;
  beforeAll(async () => {
    open = await startHarness({ config: (config) => void (config.auth.mode = 'none') });
  });
  afterAll(() => open.close());

  const ask = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(open.url);
      httpRequest({ port, host: '127.0.0.1', path: '/api/v1/me', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .on('error', reject)
        .end();
    });

  test('everyone here is admin, and there is no setup link', async () => {
    expect((await open.get('/api/v1/me', null)).json).toMatchObject({ kind: 'anonymous', role: 'admin' });
    expect(await open.api.setupUrl()).toBeNull();
  });
  test('but not a page whose name was pointed at this machine', async () => {
    expect(await ask('localhost:1')).toBe(200);
    expect(await ask('[::1]:1')).toBe(200);
    expect(await ask('rebound.example')).toBe(403);
    expect(await ask('127.0.0.1.rebound.example')).toBe(403);
  });
});

describe('metrics', () => {
  test('free for programs here, not for what a proxy passes on or another name', async () => {
    expect((await h.send('GET', '/metrics', undefined, {})).status).toBe(200);
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'forwarded', 'via'])
      expect((await h.send('GET', '/metrics', undefined, { [name]: '127.0.0.1' })).status).toBe(401);
  });
  test('a token of role metrics reads them, a reader does not; each figure has a help text', async () => {
    const metrics = (await h.token('metrics')).secret;
    const reader = (await h.token('reader')).secret;
    const answer = await h.get('/metrics', metrics);
    expect(answer.status).toBe(200);
    expect((await h.get('/metrics', reader)).status).toBe(401);
    const names = [...answer.text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    const helped = [...answer.text.matchAll(/^# HELP (\S+) \S+/gm)].map((match) => match[1]);
    expect(helped).toEqual(names);
    expect(names).toContain('fleetlog_api_requests_total');
    expect(names).toContain('fleetlog_store_records');
    expect(answer.text).not.toMatch(/flt_|ann|aaaaaaaaaaaa/);
  });
});
