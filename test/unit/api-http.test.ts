import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isCode } from '../../model/errors.ts';
import type { SearchRequest, SearchResult } from '../../store/log-store.ts';
import { type Harness, startHarness, T0, until } from '../suites/api-harness.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

let h: Harness;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetlog-page-'));
  await mkdir(join(root, 'dist', 'assets'), { recursive: true });
  await writeFile(join(root, 'dist', 'index.html'), '<!doctype html><title>Fleetlog</title>');
  await writeFile(join(root, 'dist', 'assets', 'app-1a2b.js'), 'export {};');
  await writeFile(join(root, 'dist', 'assets', 'app-1a2b.js.br'), brotliCompressSync('export {};'));
  await writeFile(join(root, 'dist', '.hidden'), 'hidden');
  await writeFile(join(root, 'secret.txt'), 'TOP SECRET');
  await mkdir(join(root, 'dist2'));
  await writeFile(join(root, 'dist2', 'secret.txt'), 'TOP SECRET');
  h = await startHarness({ deps: { dashboardDir: join(root, 'dist') } });
});
afterAll(async () => {
  await h.close();
  await rm(root, { recursive: true });
});

/** Exactly these bytes, as no client library would send them. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(h.url);
    const socket = connect(Number(port), hostname, () => socket.end(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('the page', () => {
  test('is sent as the build compressed it, to who understands that', async () => {
    const asked = (encoding: string) =>
      fetch(`${h.url}/assets/app-1a2b.js`, { headers: { 'accept-encoding': encoding } });
    const small = await asked('gzip, br');
    expect(small.headers.get('content-encoding')).toBe('br');
    expect(small.headers.get('content-type')).toContain('javascript');
    expect(await small.text()).toBe('export {};');
    const plain = await asked('identity');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.headers.get('vary')).toContain('accept-encoding');
    expect(await plain.text()).toBe('export {};');
  });

  test('is one document for all its paths; files are files; the API keeps its own', async () => {
    for (const path of ['/', '/logs', '/setup', '/assets/', '/assets', '/board/shop', '/login?next=/logs']) {
      const answer = await h.get(path, null);
      expect(`${path} ${answer.status} ${answer.text.includes('<title>Fleetlog')}`).toBe(`${path} 200 true`);
      expect(answer.headers.get('cache-control')).toBe('no-cache');
    }
    const asset = await h.get('/assets/app-1a2b.js', null);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    for (const path of [
      '/assets/gone.js',
      '/assets/.x',
      '/favicon.png',
      '/api/v1/nothing',
      '/api',
      '/metrics/x',
      '/healthz/x',
    ]) {
      const answer = await h.get(path, null);
      expect(`${path} ${answer.status} ${answer.json?.error.code}`).toBe(`${path} 404 not_found`);
    }
  });

  test('carries a strict policy, as does everything else', async () => {
    for (const path of ['/', '/assets/app-1a2b.js', '/api/v1/me', '/api/v1/nothing', '/healthz']) {
      const { headers } = await h.get(path, null);
      const policy = headers.get('content-security-policy')!;
      for (const part of [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ])
        expect(policy.split('; ')).toContain(part);
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
    const docs = await h.get('/api/docs');
    expect(docs.status).toBe(200);
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(docs.text).not.toMatch(/<script>|<style>| on\w+=/);
    const answer = await h.get('/api/v1/me');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('no spelling of a path leaves its folder', async () => {
    const dots = [
      '..',
      '%2e%2e',
      '%2E.',
      '.%2e',
      '..%00',
      '%252e%252e',
      '..;',
      '%c0%ae%c0%ae',
      '%uff0e%uff0e',
      '．．',
      '....',
      '.../..',
    ];
    const slashes = ['/', '%2f', '%2F', '\\', '%5c', '%5C', '%252f', '//', '/./', '%c0%af', '∕'];
    const starts = ['/', '/assets/', '/assets/..%2f', '//', '/./', '/api/docs/static/'];
    let tried = 0;
    for (const start of starts)
      for (const dot of dots)
        for (const slash of slashes) {
          for (const target of ['secret.txt', `dist2${slash}secret.txt`]) {
            const path = `${start}${dot}${slash}${target}`;
            const answer = await raw(
              `GET ${encodeURI(path).replaceAll('%25', '%')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
            );
            expect(answer).not.toContain('TOP SECRET');
            expect(answer).not.toContain('root:');
            expect(answer).not.toMatch(/^HTTP\/1.1 5/);
            tried++;
          }
        }
    expect(tried).toBeGreaterThan(400);
    for (const path of [
      '/.hidden',
      '/%2ehidden',
      '/assets/../.hidden',
      '/etc/passwd',
      '//etc/passwd',
      '/C:/secret.txt',
    ])
      expect(await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).not.toMatch(
        /hidden\r?\n?$|root:/,
      );
  }, 60_000);

  test('parameters are names, not paths', async () => {
    const odd = ['..%2f..%2fetc%2fpasswd', '%2e%2e', 'a%00b', "a'--", '%F0%9F%A6%8A', 'x'.repeat(600)];
    for (const value of odd) {
      for (const path of [`/api/v1/users/${value}`, `/api/v1/tokens/${value}`, `/api/v1/views/${value}`]) {
        const answer = await h.send('DELETE', path);
        expect([400, 404]).toContain(answer.status);
        expect(answer.json.error.code).toMatch(/not_found|bad_request/);
      }
    }
    expect((await h.get('/api/v1/users')).json.items).toEqual([]);
  });
});

describe('requests', () => {
  test('what is no HTTP gets a 400, not a crash', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
    expect(await raw('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 (400|404)/);
    expect((await h.get('/healthz', null)).status).toBe(200);
  });

  test('each refusal has the same shape', async () => {
    const refused = [
      await h.get('/api/v1/nothing'),
      await h.get('/api/v1/me', 'flt_no'),
      await h.send('PUT', '/api/v1/me', {}),
      await h.get('/api/v1/logs?limit=x'),
      await h.send('POST', '/api/v1/login', { name: 'x' }),
      await h.send('POST', '/api/v1/login', { name: 'x', password: 'y', more: 1 }),
    ];
    for (const answer of refused) {
      expect(Object.keys(answer.json)).toEqual(['error']);
      expect(answer.json.error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
      for (const key of Object.keys(answer.json.error))
        expect(['code', 'message', 'hint', 'position', 'action']).toContain(key);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    }
    const broken = await fetch(`${h.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":',
    });
    expect(broken.status).toBe(400);
    expect((await broken.json()) as object).toMatchObject({ error: { code: 'bad_request' } });
  });

  test('prototypes are data', async () => {
    const keys = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
    const bodies = keys.flatMap((key) => [
      `{"name":"v","query":"x","${key}":{"x":1}}`,
      `{"name":"v","query":"x","params":{"${key}":"y"}}`,
      `{"${key}":{"name":"v","query":"x"}}`,
      `{"name":"v","query":"x","params":{"a":{"${key}":{"x":1}}}}`,
      `[{"${key}":1}]`,
    ]);
    for (const body of bodies) {
      const answer = await fetch(`${h.url}/api/v1/views`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${h.admin}` },
        body,
      });
      expect(answer.status).toBeLessThan(500);
      await answer.arrayBuffer();
    }
    for (const key of keys) {
      expect((await h.get(`/api/v1/logs?${key}=1`)).status).toBe(400);
      expect((await h.get(`/api/v1/logs?query=${key}:1`)).status).toBe(200);
      expect((await h.get(`/api/v1/logs/facets?fields=${key}`)).status).toBe(200);
    }
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('one request is one line in our own log, whatever is in it', async () => {
    const before = h.logged.length;
    const evil = 'x%0d%0a{"level":"error","message":"forged"}';
    await h.get(`/api/v1/logs?query=${evil}`);
    await h.get(`/${evil}`);
    await h.send('POST', '/api/v1/login', { name: 'a\r\nb', password: 'c\r\nd' }, { 'user-agent': 'x' });
    const own = h.logged.slice(before).filter((line) => line.message === 'answered');
    expect(own).toHaveLength(3);
    expect(JSON.stringify(h.logged)).not.toContain('forged');
  });
});

describe('limits', () => {
  /** A store whose searches end when they are told to, or when the caller goes. */
  function slow() {
    const waiting: { request: SearchRequest; done: (result: SearchResult) => void }[] = [];
    let cancelled = 0;
    const store = {
      ...createMemoryLogStore(),
      search: (request: SearchRequest) =>
        new Promise<SearchResult>((resolve, reject) => {
          waiting.push({ request, done: resolve });
          request.signal?.addEventListener('abort', () => {
            cancelled++;
            reject(new Error('cancelled'));
          });
        }),
    };
    const empty = {
      records: [],
      more: false,
      notes: [{ code: 'time_limit_reached' }],
      stats: { tookMs: 1, blocksRead: 0, blocksTotal: 0, bytesRead: 0 },
    };
    return {
      store,
      waiting,
      cancelled: () => cancelled,
      finish() {
        for (const { done } of waiting.splice(0)) done(empty);
      },
    };
  }

  test('so many queries at once, of all and of one; the others wait, then are sent away', async () => {
    const s = slow();
    const own = await startHarness({
      store: s.store,
      config: (config) => Object.assign(config.query, { concurrency: 3, perPrincipal: 2, waitMs: 200 }),
    });
    const other = (await own.token('reader')).secret;
    const third = (await own.token('reader')).secret;
    const asked = Array.from({ length: 4 }, () => own.get('/api/v1/logs'));
    await until(
      () => s.waiting.length,
      (n) => n === 2,
    );
    const others = [own.get('/api/v1/logs', other), own.get('/api/v1/logs', third)];
    await until(
      () => s.waiting.length,
      (n) => n === 3,
    );
    const sentAway = await Promise.all([asked[2], asked[3], others[1]]);
    for (const answer of sentAway) {
      expect(answer.json.error).toMatchObject({ code: 'too_many_requests', hint: expect.any(String) });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    s.finish();
    expect((await Promise.all([asked[0], asked[1], others[0]])).map((answer) => answer.status)).toEqual([
      200, 200, 200,
    ]);
    const next = own.get('/api/v1/logs');
    await until(
      () => s.waiting.length,
      (n) => n === 1,
    );
    s.finish();
    const answer = await next;
    expect(answer.json).toMatchObject({ records: [], next: null, notes: [{ code: 'time_limit_reached' }] });
    await own.close();
  });

  test('who leaves gives up the query and the place', async () => {
    const s = slow();
    const own = await startHarness({
      store: s.store,
      config: (config) => Object.assign(config.query, { perPrincipal: 1 }),
    });
    for (let i = 1; i <= 3; i++) {
      const leave = new AbortController();
      const call = fetch(`${own.url}/api/v1/logs`, {
        headers: { authorization: `Bearer ${own.admin}` },
        signal: leave.signal,
      });
      await until(
        () => s.waiting.length,
        (n) => n === i,
      );
      leave.abort();
      await call.catch(() => undefined);
      await until(s.cancelled, (n) => n === i);
    }
    await own.close();
  });

  test('what the store says goes through with its status', async () => {
    const { FleetlogError } = await import('../../model/errors.ts');
    let thrown: unknown = new FleetlogError('query_timeout');
    const store = { ...createMemoryLogStore(), histogram: () => Promise.reject(thrown) };
    const own = await startHarness({ store });
    const ask = () => own.get(`/api/v1/logs/histogram?from=${T0}&to=${T0 + 1e6}`);
    expect((await ask()).status).toBe(504);
    thrown = new FleetlogError('unavailable', 'cannot reach 10.0.0.7 with password hunter2');
    const unavailable = await ask();
    expect(unavailable.status).toBe(503);
    expect(unavailable.headers.get('retry-after')).toBe('1');
    expect(unavailable.text).not.toContain('hunter2');
    thrown = new Error('secret path /data/store');
    const internal = await ask();
    expect(internal.status).toBe(500);
    expect(internal.json.error).toEqual({ code: 'internal', message: 'Something broke inside.' });
    expect(own.logged).toContainEqual(expect.objectContaining({ level: 'error', message: 'cannot answer a request' }));
    expect(isCode(thrown, 'internal')).toBe(false);
    await own.close();
  });
});

test('health and readiness say what is open', async () => {
  expect((await h.get('/healthz', null)).json).toEqual({ status: 'ok' });
  expect((await h.get('/readyz', null)).json).toEqual({ ready: true, parts: { store: 'open' } });
  const own = await startHarness({ deps: { readiness: () => ({ ready: false, parts: { store: 'replaying' } }) } });
  const answer = await own.get('/readyz', null);
  expect(answer.status).toBe(503);
  expect(answer.json).toEqual({ ready: false, parts: { store: 'replaying' } });
  await own.close();
});
