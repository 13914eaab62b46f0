import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DockerProxy, startDockerProxy } from '../../collector/docker/proxy.ts';

const ID = 'c0ffee'.padEnd(64, '0');
const { routes } = JSON.parse(readFileSync(new URL('./docker-proxy-routes.json', import.meta.url), 'utf8')) as {
  routes: string[];
};
const VERSIONS = ['', ...Array.from({ length: 10 }, (_, i) => `/v1.${41 + i}`)];
const ALLOWED = new Set([
  'GET /_ping',
  'GET /version',
  'GET /events',
  'GET /containers/json',
  'GET /containers/{id}/json',
  'GET /containers/{id}/stats',
]);

const SECRET = 'hunter2-very-secret';
/** An engine that notes what reaches it and answers with secrets in every place it could. */
const inspect = {
  Id: ID,
  Name: '/shop-1',
  Path: SECRET,
  Args: [SECRET],
  Created: '2026-11-21T10:00:00.1Z',
  Image: 'sha256:1',
  State: { Running: true, ExitCode: 0, Health: { Status: 'healthy', Log: [{ Output: SECRET }] } },
  Config: {
    Image: 'shop:1',
    Cmd: [SECRET],
    Entrypoint: [SECRET],
    Env: ['APP_NAME=shop', `DB_PASSWORD=${SECRET}`, `APP_NAME_KEY=${SECRET}`, 'NOMAD_JOB_NAME=job'],
    Healthcheck: { Test: ['CMD', SECRET] },
    Labels: { 'fleetlog.app': 'shop' },
    Tty: false,
  },
  HostConfig: {
    Binds: [SECRET],
    LogConfig: { Type: 'json-file', Config: { 'max-file': '3', 'splunk-token': SECRET } },
  },
  Mounts: [{ Source: SECRET }],
  FieldOfANewerApi: SECRET,
};
const list = [
  { Id: ID, Names: ['/shop-1'], Command: SECRET, Mounts: [{ Source: SECRET }], Labels: { a: 'b' }, State: 'running' },
];
const event = (action: string, type = 'container') =>
  JSON.stringify({ Type: type, Action: action, Actor: { ID, Attributes: {} }, timeNano: 1795276707372154000 });

let dir: string;
let engine: Server;
let reached: { method: string; url: string; headers: Record<string, unknown> }[] = [];
let proxy: DockerProxy;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-proxy-'));
  engine = createServer((incoming, response) => {
    const url = incoming.url ?? '';
    reached.push({ method: incoming.method ?? '', url, headers: incoming.headers });
    if (url.includes('/events')) {
      response.write(`${event('create')}\n${event(`exec_create: sh -c ${SECRET}`)}\n${event('pull', 'image')}\n`);
      response.write(event('die').slice(0, 20));
      setImmediate(() => response.end(`${event('die').slice(20)}\n`));
    } else if (url.includes('missing')) {
      response.writeHead(404).end(JSON.stringify({ message: 'No such container', detail: SECRET }));
    } else if (/\/containers\/json/.test(url)) response.end(JSON.stringify(list));
    else if (url.endsWith('/json')) response.end(JSON.stringify(inspect));
    else response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => engine.listen(join(dir, 'engine.sock'), resolve));
  proxy = await startDockerProxy({ socket: join(dir, 'engine.sock'), listen: { port: 0 }, envNames: ['APP_NAME'] });
});

beforeEach(() => {
  reached = [];
});

afterAll(async () => {
  await proxy?.close();
  await new Promise((resolve) => engine.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  status: number;
  text: string;
}

/** Sends the target as it is: `fetch` would tidy it first. */
function call(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  const { hostname, port } = new URL(proxy.address.replace('tcp:', 'http:'));
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('docker-proxy', () => {
  test('of all routes of API 1.41 to 1.50 only the listed ones pass, in every version', async () => {
    expect(routes.length).toBeGreaterThan(100);
    for (const route of routes) {
      const [method, template] = route.split(' ');
      const path = template.replace(/\{\w+\}/g, ID);
      for (const version of VERSIONS) {
        const { status } = await call(method, version + path);
        expect(`${route} ${version} ${status === 403 ? 'refused' : 'passed'}`).toBe(
          `${route} ${version} ${ALLOWED.has(route) ? 'passed' : 'refused'}`,
        );
      }
    }
    expect(new Set(reached.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(reached.length).toBe(ALLOWED.size * VERSIONS.length);
  }, 60_000);

  test('other methods on allowed routes are refused', async () => {
    for (const route of ALLOWED)
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
        expect((await call(method, route.slice(4).replace('{id}', ID))).status).toBe(403);
    expect((await call('HEAD', '/_ping')).status).toBe(403);
    expect(reached).toEqual([]);
  });

  test.each([
    '//containers/json',
    '/containers//json',
    '/containers/json/',
    '/containers/json/..',
    '/containers/../info',
    '/containers/json/../../info',
    '/containers/%2e%2e/info',
    '/containers/%2e%2e%2finfo/json',
    '/containers/..%2f..%2finfo%3f/json',
    '/containers/%252e%252e/json',
    `/containers/${ID}/json%00`,
    `/containers/${ID}%2fexport/json`,
    `/containers/${ID}/json;/export`,
    `/containers/${ID}\\..\\export/json`,
    `/containers/${ID}/json#/export`,
    `/containers/${'x'.repeat(300)}/json`,
    '/containers/.hidden/json',
    '/v1.41/v1.41/containers/json',
    '/v2.0/containers/json',
    '/v1.41//containers/json',
    '/V1.41/containers/json',
    '/v1.41x/containers/json',
    '/CONTAINERS/JSON',
    '/_ping/',
    '/_ping%20',
    'http://docker/containers/json',
    'http://docker/info',
    '*',
    `/containers/${ID}/attach/ws?stream=1`,
    `/containers/${ID}/logs?stdout=1`,
    '/containers/json?all=1&size=1',
    '/containers/json?all=1&all=0',
    '/containers/json?%61ll=1&all=0',
    `/containers/${ID}/json?size=1`,
    `/containers/${ID}/json?x=/../../info`,
    `/containers/${ID}/stats?stream=0&cmd=x`,
    '/events?since=1&since=2',
    '/_ping?x=1',
  ])('path trick %s is refused', async (path) => {
    expect((await call('GET', path)).status).toBe(403);
    expect(reached).toEqual([]);
  });

  test('parameters are put together anew, so that none is smuggled in', async () => {
    await call('GET', '/v1.45/events?since=12.5&filters=%7B%22type%22%3A%5B%22container%22%5D%7D%26until%3D1%20HTTP');
    expect(reached.map(({ url }) => url)).toEqual([
      '/v1.45/events?since=12.5&filters=%7B%22type%22%3A%5B%22container%22%5D%7D%26until%3D1+HTTP',
    ]);
  });

  test('a body, an upgrade or a tunnel is refused, and no header is sent on', async () => {
    expect((await call('GET', '/containers/json', { 'content-length': '2' }, '{}')).status).toBe(403);
    expect((await call('GET', '/containers/json', { 'transfer-encoding': 'chunked' }, '{}')).status).toBe(403);
    expect(reached).toEqual([]);
    await call('GET', '/_ping', { 'x-registry-auth': 'abc', 'x-forwarded-for': 'me', host: 'evil' });
    expect(reached[0].headers).toEqual({ host: 'docker', connection: 'close' });
    const { hostname, port } = new URL(proxy.address.replace('tcp:', 'http:'));
    for (const head of [
      `GET /containers/json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      `GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
      `CONNECT docker:80 HTTP/1.1\r\nHost: x\r\n\r\n`,
    ]) {
      const answer = await new Promise<string>((resolve) => {
        let text = '';
        const socket = connect(Number(port), hostname, () => socket.write(head));
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('close', () => resolve(text));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    }
    expect(reached.length).toBe(1);
  });

  test('no secret of a container leaves', async () => {
    const one = await call('GET', `/v1.41/containers/${ID}/json`);
    const all = await call('GET', '/containers/json?all=true');
    const gone = await call('GET', '/containers/missing/json');
    const events = await call('GET', '/events');
    for (const { text } of [one, all, gone, events]) expect(text).not.toContain(SECRET);
    const cut = JSON.parse(one.text) as typeof inspect;
    expect(cut.Config.Env).toEqual(['APP_NAME=shop', 'NOMAD_JOB_NAME=job']);
    expect(cut.Config.Labels).toEqual({ 'fleetlog.app': 'shop' });
    expect(cut.HostConfig.LogConfig).toEqual({ Type: 'json-file', Config: { 'max-file': '3' } });
    expect(cut.State).toEqual({ Running: true, ExitCode: 0, Health: { Status: 'healthy' } });
    expect(JSON.parse(all.text)).toEqual([{ Id: ID, Names: ['/shop-1'], Labels: { a: 'b' }, State: 'running' }]);
    expect([gone.status, gone.text]).toEqual([404, '{"message":"No such container"}']);
    expect(events.text).toBe(`${event('create')}\n${event('die')}\n`);
  });

  test('logs pass only where the operator says so', async () => {
    const open = await startDockerProxy({
      socket: `unix://${join(dir, 'engine.sock')}`,
      listen: join(dir, 'proxy.sock'),
      envNames: [],
      allowLogs: true,
    });
    expect(open.address).toBe(join(dir, 'proxy.sock'));
    const status = await new Promise((resolve) => {
      const path = `/containers/${ID}/logs?follow=true&stdout=true`;
      request({ socketPath: open.address, path, agent: false }, (response) => resolve(response.statusCode)).end();
    });
    await open.close();
    expect(status).toBe(200);
  });

  test('an engine that is not there is 502, and a wrong address says what is right', async () => {
    const lonely = await startDockerProxy({ socket: join(dir, 'none.sock'), listen: '127.0.0.1:0', envNames: [] });
    const answer = await fetch(`${lonely.address.replace('tcp:', 'http:')}/_ping`);
    await lonely.close();
    expect(answer.status).toBe(502);
    await expect(startDockerProxy({ socket: '', listen: ':1', envNames: [] })).rejects.toThrow('no Docker socket');
    await expect(startDockerProxy({ socket: '/x', listen: 'nonsense', envNames: [] })).rejects.toMatchObject({
      code: 'bad_config',
      hint: expect.stringContaining('HOST:PORT'),
    });
  });
});
