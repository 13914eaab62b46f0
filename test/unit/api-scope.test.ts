import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scope } from '../../api/contract.ts';
import { decided, restFor } from '../../api/possible.ts';
import { scopeAllows, scopeQuery } from '../../api/scope.ts';
import type { SourceStatus } from '../../model/batch.ts';
import { HOST_KIND, INVENTORY_KIND, type InventoryDoc, LEDGER_KIND, type LedgerDoc } from '../../model/fleet.ts';
import { matchesGlob } from '../../model/glob.ts';
import { compileMatch } from '../../model/query/match.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { createEmbeddedLogStore } from '../../store/embedded/log-store.ts';
import { dose } from '../doses.ts';
import { defaultConfig, type Harness, movableClock, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { openTail } from '../suites/event-source.ts';

/** In everything of tenant B and nowhere else. */
const CANARY = 'kanarienvogel';
let h: Harness;
let dir: string;
let a: string;
let b: string;
const range = `from=${T0 - 3600e6}&to=${T0 + 3600e6}`;

const aSource = source({ app: 'shop', env: 'prod', host: 'h1', instance: 'shop-1' });
const bSource = source({
  app: `pay-${CANARY}`,
  env: 'prod',
  host: `h-${CANARY}`,
  instance: `pay-${CANARY}-1`,
  containerName: `pay-${CANARY}`,
  container: 'b'.repeat(64),
  image: CANARY,
  version: CANARY,
  path: `/logs/${CANARY}.log`,
});
/** Also of B: on A's host and with A's app name, but of another env. */
const bNear = source({ ...bSource, app: 'shop', env: `env-${CANARY}`, host: 'h1' });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fleetlog-scope-'));
  const { store, retention } = defaultConfig();
  h = await startHarness({
    store: await createEmbeddedLogStore({ dir, store, retention, clock: movableClock() }),
    config: (config) => void (config.query.perPrincipal = 8),
  });
  const words = [
    'order placed status=200',
    'order failed status=503 user=7',
    '{"level":"error","order":9}',
    'timeout 超时',
  ];
  const dirty = words.map((word) => `${word} ${CANARY} ${CANARY}_field=1`);
  await h.feed(
    linesBatch({ fid: 'a'.repeat(32), source: aSource, messages: words, levels: [3, 5, 5, 4] }),
    linesBatch({ fid: 'b'.repeat(32), source: bSource, messages: dirty, levels: [3, 5, 6, 1] }),
    linesBatch({ fid: 'd'.repeat(32), source: bNear, messages: dirty, levels: [3, 5, 6, 1] }),
    linesBatch({
      fid: 'e'.repeat(32),
      kind: 'events',
      source: bSource,
      messages: [`event=oom image=${CANARY}`],
      flags: [3],
    }),
  );
  const sources = [
    ['a', aSource],
    ['b', bSource],
    ['d', bNear],
  ] as const;
  for (const host of ['h1', `h-${CANARY}`]) {
    const here = sources.filter(([, one]) => one.host === host);
    await h.state.put<InventoryDoc>(INVENTORY_KIND, host, {
      host,
      containers: here.map(([, one]) => ({
        ...one,
        state: 'running',
        health: null,
        createdAt: T0,
        startedAt: T0,
        finishedAt: null,
        exitCode: null,
        oomKilled: false,
        restarts: 2,
        logDriver: 'json-file',
        warnings: one === aSource ? [] : [CANARY],
        lastLineAt: T0,
      })),
    });
    await h.state.put<LedgerDoc>(LEDGER_KIND, host, {
      host,
      sources: here.map(
        ([digit, one]): SourceStatus => ({
          fid: digit.repeat(32),
          source: one,
          state: 'reading',
          size: 10,
          read: 10,
          searchable: 10,
          dropped: {},
          inFlight: 0,
          lines: 4,
          lastLineAt: T0,
        }),
      ),
    });
  }
  await h.report('h1', T0 + 500e6, {
    behind: [{ fid: 'd'.repeat(32), completeTo: T0 + 1e6, cause: CANARY }],
    gaps: [{ fid: 'd'.repeat(32), from: T0, to: T0 + 1e6, bytes: 5, cause: 'lost', app: bNear.app, env: bNear.env }],
  });
  await h.report(`h-${CANARY}`, T0 + 1e6, { receivedAt: T0, docker: { reachable: false, reason: CANARY } });
  const scopes = [{ app: 'shop', env: 'prod' }];
  a = (await h.token('reader', scopes)).secret;
  b = (
    await h.token('reader', [
      { app: `*${CANARY}`, env: '*' },
      { app: '*', env: `*${CANARY}` },
    ])
  ).secret;
  await h.send('POST', '/api/v1/views', { name: CANARY, query: CANARY });
});
afterAll(async () => {
  await h.close();
  await h.store.close();
  await rm(dir, { recursive: true });
});

const PATHS = [
  '/logs?',
  '/logs/histogram?by=app&',
  '/logs/histogram?by=host&',
  '/logs/facets?fields=app,env,host,instance,container,image,version,path,level,stream,user,status&',
  '/logs/fields?size=1000&',
  '/logs/export?format=ndjson&',
  '/logs/export?format=csv&',
  '/logs/export?format=text&',
];
const LISTS = [
  '/apps',
  '/hosts',
  '/containers',
  '/ledger',
  `/events?${range}`,
  '/views',
  '/tokens',
  '/me',
  '/openapi.json',
];

async function assertClean(path: string, query: string): Promise<void> {
  const answer = await h.get(`/api/v1${path}`, a);
  const echoes = answer.text.split(CANARY).length - 1;
  // What one asks for may come back in an error or a note, and only that.
  if (echoes > 0 && query.includes(CANARY) && !/"records":\[\{/.test(answer.text)) {
    const other = await h.get(`/api/v1${path.replaceAll(encodeURIComponent(CANARY), 'nachtigallen1')}`, a);
    expect(answer.text.replaceAll(CANARY, 'nachtigallen1').replace(/"tookMs":[\d.]+/, '')).toBe(
      other.text.replace(/"tookMs":[\d.]+/, ''),
    );
    return;
  }
  expect(`${path} ${answer.text.includes(CANARY)}`).toBe(`${path} false`);
}

describe('tenant A never sees tenant B', () => {
  test('the data is there, for B and for an admin', async () => {
    expect((await h.get(`/api/v1/logs?${range}`, b)).json.records).toHaveLength(8);
    expect((await h.get(`/api/v1/logs?${range}`)).json.records).toHaveLength(12);
    expect((await h.get(`/api/v1/logs?${range}`, a)).json.records).toHaveLength(4);
    expect((await h.get('/api/v1/hosts')).text).toContain(CANARY);
    expect((await h.get(`/api/v1/events?${range}`)).text).toContain(CANARY);
  });

  test('in lists of what runs, happened and was read', async () => {
    for (const path of LISTS) await assertClean(path, '');
    for (const path of ['/apps', '/hosts', '/containers', '/ledger']) {
      expect((await h.get(`/api/v1${path}`, a)).json.items).toHaveLength(1);
      for (const filter of ['app=*', 'env=*', `host=*${CANARY}*`, 'container=*'])
        expect((await h.get(`/api/v1${path}?${filter}`, a)).text).not.toContain(CANARY);
    }
    const [app] = (await h.get('/api/v1/apps', a)).json.items;
    expect(app).toMatchObject({ app: 'shop', env: 'prod', instances: 1, lines: 4, errors: 2, restarts: 2 });
    const [host] = (await h.get('/api/v1/hosts', a)).json.items;
    expect(host).toMatchObject({ host: 'h1', containers: 1, apps: 1 });
  });

  test('whatever is asked, and however the query tries to get out', async () => {
    const fixed = [
      '* OR *',
      'x) OR (app:*',
      '-app:shop',
      'NOT app:shop OR NOT env:prod',
      `app:pay-${CANARY}`,
      `env:env-${CANARY} OR host:h-${CANARY}`,
      'app:(shop OR pay*)',
      `statsu:1`,
      `${CANARY}_fiel:1`,
      `host:H-${CANARY.toUpperCase()}`,
      'stream:event',
      'level:>=trace',
      `~"${CANARY}"`,
      `/${CANARY}/`,
      'user:*',
      `-~"nothing"`,
    ];
    const word = fc.constantFrom('order', 'failed', CANARY, '超时', 'status', '*', 'err*');
    const field = fc.constantFrom(
      'app',
      'env',
      'host',
      'container',
      'level',
      'status',
      'image',
      `${CANARY}_field`,
      'stream',
    );
    const value = fc.constantFrom('shop', 'prod', `*${CANARY}*`, '*', 'error', '503', 'event', `pay-${CANARY}`);
    const leaf = fc.oneof(
      word,
      fc.tuple(field, value).map(([f, v]) => `${f}:${v}`),
      word.map((w) => `~"${w}"`),
      word.map((w) => `/${w.replaceAll('*', '.')}/`),
    );
    const query = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.tuple(tie('node'), tie('node')).map(([x, y]) => `(${x} OR ${y})`),
        fc.tuple(tie('node'), tie('node')).map(([x, y]) => `(${x} ${y})`),
        tie('node').map((x) => `-(${x})`),
      ),
    })).node;
    const run = async (text: string, path: string): Promise<void> =>
      assertClean(`${path}${range}&query=${encodeURIComponent(text)}`, text);
    for (const text of fixed) for (const path of PATHS) await run(text, path);
    await fc.assert(fc.asyncProperty(query, fc.constantFrom(...PATHS), run), { numRuns: dose(300, 20_000) });
  });

  test('by filters beside the query', async () => {
    for (const filter of [
      'app=*',
      'env=*',
      `host=*`,
      `app=shop&app=*${CANARY}`,
      'container=bbbbbbbbbbbb',
      'level=*',
      'level=none',
    ])
      for (const path of PATHS) await assertClean(`${path}${range}&${filter}`, filter);
  });

  test('around a line: not B\u2019s line, not B\u2019s neighbours', async () => {
    const [theirs] = (await h.get(`/api/v1/logs?${range}&query=~%22${CANARY}%22`)).json.records;
    const stolen = await h.get(`/api/v1/logs/context?id=${theirs.id}`, a);
    const nothing = await h.get(`/api/v1/logs/context?id=${'A'.repeat(46)}`, a);
    expect(stolen.status).toBe(404);
    expect(stolen.text).toBe(nothing.text);
    const [mine] = (await h.get(`/api/v1/logs?${range}`, a)).json.records;
    for (const scope of ['source', 'app', 'host'])
      expect((await h.get(`/api/v1/logs/context?id=${mine.id}&scope=${scope}`, a)).text).not.toContain(CANARY);
  });

  test('with a cursor of B, or of an admin', async () => {
    for (const token of [b, h.admin]) {
      const { next } = (await h.get(`/api/v1/logs?${range}&limit=1&order=asc`, token)).json;
      await assertClean(`/logs?cursor=${next}`, '');
    }
    for (let i = 0; i < 3; i++) {
      await h.get(`/api/v1/logs/facets?${range}&query=status:503`, b);
      await assertClean(`/logs/facets?${range}&query=status:503`, '');
    }
  });

  test('not B\u2019s silent host, lag or gaps either', async () => {
    const mine = (await h.get(`/api/v1/logs?${range}`, a)).json;
    expect(mine.completeTo).toBe('2026-11-21T00:08:20.000000Z');
    expect(mine.gaps).toEqual([]);
    const theirs = (await h.get(`/api/v1/logs?${range}`, b)).json;
    expect(theirs.completeTo).toBe('2026-11-21T00:00:01.000000Z');
    expect(theirs.gaps.map((gap: { cause: string }) => gap.cause).sort()).toEqual(['collector_silent', 'lost']);
  });

  test('in a live tail, or one resumed with B\u2019s id', async () => {
    const theirs = await openTail(`${h.url}/api/v1/logs/tail?last=1`, { authorization: `Bearer ${b}` });
    await theirs.until((t) => t.lastId() !== null);
    const headers = { authorization: `Bearer ${a}`, 'last-event-id': theirs.lastId()! };
    const mine = await openTail(`${h.url}/api/v1/logs/tail?last=100`, headers);
    const old = await openTail(`${h.url}/api/v1/logs/tail`, {
      authorization: `Bearer ${a}`,
      'last-event-id': `${'0'.repeat(12)}-0-0-0`,
    });
    await mine.until((t) => t.lastId() !== null);
    await h.feed(
      linesBatch({ fid: 'b'.repeat(32), source: bSource, start: 1_000, messages: [`live ${CANARY}`] }),
      linesBatch({ fid: 'a'.repeat(32), source: aSource, start: 1_000, messages: ['live mine'] }),
    );
    await mine.until((t) => t.messages().includes('live mine'));
    await theirs.until((t) => t.messages().includes(`live ${CANARY}`));
    await old.until((t) => t.messages().includes('live mine') && t.records().length >= 5);
    expect(JSON.stringify([mine.events, old.events])).not.toContain(CANARY);
    for (const tail of [theirs, mine, old]) tail.close();
  });

  test('a token never has more than its owner has now', async () => {
    await h.send('POST', '/api/v1/users', {
      name: 'cleo',
      password: 'blue horse 77 sky',
      scopes: [{ app: 'shop', env: 'prod' }],
    });
    const login = await h.send('POST', '/api/v1/login', { name: 'cleo', password: 'blue horse 77 sky' }, {});
    const cookie = login.headers.get('set-cookie')!.split(';')[0];
    const made = await h.send('POST', '/api/v1/tokens', { name: 'wide', scopes: [{ app: '*', env: '*' }] }, { cookie });
    const count = async (): Promise<number> =>
      (await h.get(`/api/v1/logs?${range}&query=order`, made.json.secret)).json.records.length;
    expect(await count()).toBe(3);
    await h.send('PATCH', '/api/v1/users/cleo', { scopes: [{ app: 'nothing', env: '*' }] });
    expect(await count()).toBe(0);
    await h.send('PATCH', '/api/v1/users/cleo', { scopes: [] });
    expect(await count()).toBe(0);
  });
});

describe('scope', () => {
  test('as a tree and as a decision mean the same', () => {
    const text = fc.stringMatching(/^[ab*.]{1,4}$/);
    const scope = fc.record({ app: text, env: text });
    const value = fc.stringMatching(/^[ab.]{0,4}$/);
    fc.assert(
      fc.property(
        fc.array(scope, { maxLength: 3 }),
        fc.option(fc.array(scope, { maxLength: 2 })),
        value,
        value,
        (scopes, within, app, env) => {
          const who = { scopes: scopes as Scope[], within };
          const match = compileMatch(scopeQuery(who));
          const view = { source: source({ app, env }), stream: 'stdout' as const, level: null, message: '' };
          expect(match(view)).toBe(scopeAllows(who, app, env));
        },
      ),
      { numRuns: dose(2_000, 100_000) },
    );
  });

  test('a pattern is whole and case-sensitive', () => {
    expect(matchesGlob('shop-*', 'shop-a')).toBe(true);
    expect(matchesGlob('shop-*', 'Shop-a')).toBe(false);
    expect(matchesGlob('shop', 'shop-a')).toBe(false);
    expect(matchesGlob('a*a', 'a')).toBe(false);
    expect(matchesGlob('*b*', 'abc')).toBe(true);
  });

  test('what remains of a query for a source decides as the whole query does', () => {
    const texts = [
      'order',
      'app:shop',
      '-app:shop',
      'app:s* order',
      '(app:pay OR order)',
      'container:cccccccccccc',
      'stream:event',
      'level:error app:shop',
      '-(app:pay OR env:test)',
      'host:* -instance:x',
      'image:shop OR version:>0',
    ];
    const text = fc
      .array(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 })
      .chain((parts) => fc.constantFrom(parts.join(' '), parts.join(' OR '), `-(${parts.join(' ')})`));
    const one = fc.record({
      app: fc.constantFrom('shop', 'pay', ''),
      env: fc.constantFrom('prod', 'test'),
      message: fc.constantFrom('order 1', 'nothing'),
    });
    fc.assert(
      fc.property(text, one, (q, { app, env, message }) => {
        const { query } = parseQuery(q);
        const view = { source: source({ app, env }), stream: 'stdout' as const, level: 'error' as const, message };
        const rest = restFor(query, view.source);
        expect(decided(rest) ?? compileMatch(rest)(view)).toBe(compileMatch(query)(view));
      }),
      { numRuns: dose(1_000, 50_000) },
    );
  });
});

test('the hosts are kept under their kind', async () => {
  expect((await h.state.list(HOST_KIND)).items).toHaveLength(2);
});
