import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensureCliToken } from '../../api/auth/cli-token.ts';
import type { Clock } from '../../model/clock.ts';
import type { ElasticsearchConfig } from '../../model/config.ts';
import { createElasticsearchClient } from '../../store/elasticsearch/client.ts';
import { createElasticsearchStateStore } from '../../store/elasticsearch/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { dose } from '../doses.ts';
import { shareElasticsearch } from '../servers/elasticsearch.ts';
import { type Harness, startHarness } from '../suites/api-harness.ts';
import { auditSuite } from '../suites/audit-suite.ts';
import { openConfig } from '../suites/default-config.ts';
import { createRandom } from '../suites/random.ts';
import { fakeClock, stateStoreSuite } from '../suites/state-store-suite.ts';

const node = await shareElasticsearch();
const prefix = `t${process.pid}-${Date.now().toString(36)}`;
const index = `${prefix}-state`;

const configOf = (url: string, own = prefix): ElasticsearchConfig => ({
  ...openConfig().elasticsearch,
  nodes: [url],
  prefix: own,
  replicas: 0,
});

/** The index of this file, emptied, and as many stores on it as a test wants; making one anew takes a second each. */
async function openFixture(url = node!.url) {
  const admin = createElasticsearchClient(configOf(node!.url));
  const body = { query: { match_all: {} } };
  const path = `/${index}/_delete_by_query`;
  await admin.request({ method: 'POST', path: `/${index}/_refresh`, statuses: [404] });
  await admin.request({ method: 'POST', path, query: { refresh: true }, body, statuses: [404] });
  const opened: StateStore[] = [];
  const clients = [admin];
  return {
    admin,
    /** A store as another process would open it. */
    async connect(clock?: Clock) {
      const client = createElasticsearchClient(configOf(url));
      clients.push(client);
      const store = await createElasticsearchStateStore({ client, config: configOf(url), ...(clock && { clock }) });
      opened.push(store);
      return store;
    },
    async close() {
      for (const store of opened) await store.close();
      for (const client of clients) await client.close();
    },
  };
}

async function removeIndex(name: string): Promise<void> {
  const admin = createElasticsearchClient(configOf(node!.url));
  for (const path of [`/${name}`, `/_index_template/${name}`])
    await admin.request({ method: 'DELETE', path, statuses: [404] });
  await admin.close();
}

describe.skipIf(!node)('on a real Elasticsearch', () => {
  afterAll(async () => {
    await removeIndex(index);
    node?.leave();
  });

  stateStoreSuite('Elasticsearch', () => openFixture());
  auditSuite('Elasticsearch', () => openFixture());

  test('two writers through an unreliable network lose no change and make none twice', async () => {
    const random = createRandom(7);
    const weather = await startWeather(() => {
      const dice = random.next();
      return dice < 0.15 ? 'lose the answer' : dice < 0.3 ? 'lose the request' : dice < 0.45 ? 'refuse' : 'pass';
    });
    const fixture = await openFixture(weather.url);
    const [one, two] = [await fixture.connect(), await fixture.connect()];
    await one.put('k', 'n', []);
    const rounds = dose(12, 200);
    /** Resolves when it is in; a conflict means that it is not, and only without an answer the document is asked. */
    const add = async (store: StateStore, item: string): Promise<void> => {
      for (let isUnsure = false; ; ) {
        const found = (await store.get<string[]>('k', 'n'))!;
        if (isUnsure && found.doc.includes(item)) return;
        try {
          await store.put('k', 'n', [...found.doc, item], found.version);
          return;
        } catch (error) {
          const { code } = error as { code: string };
          expect(['version_conflict', 'unavailable']).toContain(code);
          isUnsure = code === 'unavailable';
        }
      }
    };
    const append = async (store: StateStore, name: string): Promise<void> => {
      for (let i = 0; i < rounds; i++) await add(store, `${name}${i}`);
    };
    await Promise.all([append(one, 'a'), append(two, 'b')]);
    const { doc } = (await one.get<string[]>('k', 'n'))!;
    const wanted = ['a', 'b'].flatMap((name) => Array.from({ length: rounds }, (_, i) => `${name}${i}`));
    expect([...doc].sort()).toEqual(wanted.sort());
    expect(weather.counts.pass).toBeGreaterThan(rounds);
    expect(Object.values(weather.counts).every((count) => count > 0)).toBe(true);
    await fixture.close();
    await weather.close();
  }, 60_000);

  test('a write is known to have been made although its answer was lost', async () => {
    const fates: Fate[] = [];
    const weather = await startWeather(() => fates.shift() ?? 'pass');
    const fixture = await openFixture(weather.url);
    const store = await fixture.connect();
    fates.push('lose the answer');
    const made = await store.put('k', 'x', 1, null);
    fates.push('lose the answer', 'refuse');
    const changed = await store.put('k', 'x', 2, made);
    expect(await store.get('k', 'x')).toEqual({ doc: 2, version: changed });
    fates.push('lose the answer');
    await store.delete('k', 'x', changed);
    expect(weather.counts['lose the answer']).toBe(3);
    expect(await store.get('k', 'x')).toBeNull();
    fates.push('lose the request', 'lose the answer');
    // It may have been ours and gone again: nobody can tell.
    await expect(store.put('k', 'x', 3, changed)).rejects.toMatchObject({ code: 'unavailable' });
    await fixture.close();
    await weather.close();
  });

  test('an old holder of a lease cannot write over what the new one has written', async () => {
    const fixture = await openFixture();
    const clock = fakeClock();
    const [old, next] = [await fixture.connect(), await fixture.connect(clock)];
    for (let round = 0; round < dose(5, 100); round++) {
      const name = `leader${round}`;
      const lease = (await old.lease(name, 10, 'old'))!;
      await next.lease(name, 10, 'next');
      clock.forward(10);
      const writes = Array.from({ length: 3 }, (_, i) => old.put('k', name, `old${i}`, undefined, lease));
      const settled = Promise.allSettled(writes);
      const taken = (await next.lease(name, 10, 'next'))!;
      await next.put('k', name, 'next', undefined, taken);
      await settled;
      expect((await next.get('k', name))?.doc).toBe('next');
      await expect(old.put('k', name, 'late', undefined, lease)).rejects.toMatchObject({ code: 'lease_stale' });
    }
    await fixture.close();
  }, 60_000);

  test('a newer format and an index of others are refused, and an index that is gone is not an empty one', async () => {
    const fixture = await openFixture();
    const store = await fixture.connect();
    await store.put('user', 'ann', 1);
    const mapping = (format: number | null) =>
      fixture.admin.request({
        method: 'PUT',
        path: `/${index}/_mapping`,
        body: { _meta: format === null ? {} : { fleetlog: { format } } },
      });
    await mapping(2);
    await expect(fixture.connect()).rejects.toMatchObject({ code: 'format_newer' });
    await mapping(null);
    await expect(fixture.connect()).rejects.toMatchObject({ code: 'bad_config' });
    await removeIndex(index);
    await expect(store.get('user', 'ann')).rejects.toMatchObject({ code: 'unavailable' });
    await fixture.close();
    const again = await openFixture();
    const { body } = await again.admin.request<Record<string, { settings: { index: { hidden: string } } }>>({
      method: 'GET',
      path: `/${(await again.connect()) && index}/_settings`,
    });
    expect(body[index].settings.index.hidden).toBe('true');
    await again.close();
  }, 60_000);

  test('nodes of one fleet share setup, people, sessions and the audit log', async () => {
    const fixture = await openFixture();
    const one = await startHarness({ deps: { state: await fixture.connect() } });
    const two = await startHarness({ deps: { state: await fixture.connect() } });
    const former = (await one.api.setupUrl())!.split('#')[1];
    const token = (await two.api.setupUrl())!.split('#')[1];
    const password = 'blue horse 77 sky';
    const redeem = (h: Harness, name: string, with_: string) =>
      h.send('POST', '/api/v1/setup', { token: with_, name, password }, {});
    expect((await redeem(one, 'eve', former)).status).toBe(403);
    const both = await Promise.all([redeem(one, 'ann', token), redeem(two, 'bob', token)]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 403]);
    const winner = both.find((answer) => answer.status === 200)!;
    const cookie = winner.headers.get('set-cookie')!.split(';')[0];
    for (const h of [one, two]) {
      const users = (await h.send('GET', '/api/v1/users', undefined, { cookie })).json.items;
      expect(users).toMatchObject([{ name: winner.json.name, role: 'admin' }]);
      expect(await h.api.setupUrl()).toBeNull();
    }
    const dirs = await Promise.all(['a', 'b'].map((name) => mkdtemp(join(tmpdir(), `fleetlog-cli-${name}-`))));
    const state = await fixture.connect();
    const tokens: string[] = [];
    for (const dataDir of dirs) tokens.push(await ensureCliToken({ dataDir, state }));
    // The second node on the same machine takes nothing from the first, and a restart makes none anew.
    for (const [i, dataDir] of dirs.entries()) expect(await ensureCliToken({ dataDir, state })).toBe(tokens[i]);
    for (const h of [one, two])
      for (const secret of tokens) expect((await h.get('/api/v1/me', secret)).status).toBe(200);
    await one.close();
    const { items } = (await two.get('/api/v1/audit?action=setup', tokens[1])).json;
    expect(items).toHaveLength(3);
    await two.close();
    for (const dir of dirs) await rm(dir, { recursive: true });
    await fixture.close();
  }, 60_000);
});

type Fate = 'pass' | 'lose the answer' | 'lose the request' | 'refuse';

/** A way to the node on which requests and answers get lost and the cluster is too busy. */
async function startWeather(fate: () => Fate) {
  const counts: Record<Fate, number> = { pass: 0, 'lose the answer': 0, 'lose the request': 0, refuse: 0 };
  const target = new URL(node!.url);
  const server = createServer((request, reply) => {
    const isData = /\/_(doc|create)\//.test(request.url!);
    const what = isData ? fate() : 'pass';
    counts[what]++;
    if (what === 'lose the request') return void request.socket.destroy();
    if (what === 'refuse') {
      request.resume();
      reply.writeHead(429, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
      return void reply.end('{"error":{"type":"es_rejected_execution_exception","reason":"busy"},"status":429}');
    }
    const { method, url, headers } = request;
    const onward = httpRequest({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
      if (what === 'lose the answer') {
        answer.resume();
        answer.on('end', () => request.socket.destroy());
        return;
      }
      reply.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(reply);
    });
    onward.on('error', () => reply.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    counts,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
