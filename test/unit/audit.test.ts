import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AUDIT_KIND, type AuditSegment } from '../../api/audit/segments.ts';
import type { ApiAuditEntry } from '../../api/audit/shapes.ts';
import { createSqliteStateStore } from '../../store/sqlite/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { type Answer, type Harness, startHarness, T0 } from '../suites/api-harness.ts';
import { auditSuite } from '../suites/audit-suite.ts';
import { linesBatch, source } from '../suites/batches.ts';

const PASSWORD = 'blue horse 77 sky';

auditSuite('SQLite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fleetlog-audit-'));
  const opened: StateStore[] = [];
  return {
    async connect(clock) {
      const store = await createSqliteStateStore({ file: join(dir, 'state.db'), clock });
      opened.push(store);
      return store;
    },
    async close() {
      for (const store of opened) await store.close();
      await rm(dir, { recursive: true });
    },
  };
});

describe('over HTTP', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await startHarness();
  });
  afterEach(() => h.close());

  const audited = async (search = ''): Promise<ApiAuditEntry[]> => {
    const answer = await h.get(`/api/v1/audit?limit=1000${search}`);
    expect(answer.status).toBe(200);
    return answer.json.items.reverse();
  };
  const range = `from=${T0 / 1000}&to=${T0 / 1000 + 600_000}`;
  const cookieOf = (answer: Answer): string => answer.headers.get('set-cookie')!.split(';')[0];
  const login = (name: string, password: string): Promise<Answer> =>
    h.send('POST', '/api/v1/login', { name, password }, {});

  test('sign-ins, sign-outs and changes, with who, from where, what and how it ended', async () => {
    const token = (await h.api.setupUrl())!.split('#')[1];
    await h.send('POST', '/api/v1/setup', { token: `${token}x`, name: 'eve', password: PASSWORD }, {});
    await h.send('POST', '/api/v1/setup', { token, name: 'ann', password: PASSWORD }, {});
    await login('ann', 'wrong horse 77 sky');
    await login('correct horse as a name', PASSWORD);
    const cookie = cookieOf(await login('ann', PASSWORD));
    const scopes = [{ app: 'shop', env: 'prod' }];
    await h.send('POST', '/api/v1/users', { name: 'bob', password: PASSWORD, scopes }, { cookie });
    await h.send('PATCH', '/api/v1/users/bob', { password: `${PASSWORD}!`, role: 'admin' }, { cookie });
    const made = await h.send('POST', '/api/v1/tokens', { name: 'ci', days: 3 }, { cookie });
    await h.send('DELETE', `/api/v1/tokens/${made.json.token.id}`, undefined, { cookie, 'x-fleetlog': '1' });
    const view = await h.send('POST', '/api/v1/views', { name: 'errors', query: 'level:error' }, { cookie });
    await h.send('DELETE', '/api/v1/users/bob', undefined, { cookie, 'x-fleetlog': '1' });
    await h.send('DELETE', '/api/v1/users/ann', undefined, { cookie, 'x-fleetlog': '1' });
    await h.send('POST', '/api/v1/logout', undefined, { cookie, 'x-fleetlog': '1' });
    const seen = (await audited()).filter((one) => one.action !== 'audit.read');
    expect(seen.map(({ actor, action, target, outcome }) => [actor, action, target, outcome])).toEqual([
      ['unknown', 'setup', null, 'refused'],
      ['user:ann', 'setup', null, 'ok'],
      ['user:ann', 'login', null, 'refused'],
      ['unknown', 'login', null, 'refused'],
      ['user:ann', 'login', null, 'ok'],
      ['user:ann', 'user.create', 'bob', 'ok'],
      ['user:ann', 'user.change', 'bob', 'ok'],
      ['user:ann', 'token.create', made.json.token.id, 'ok'],
      ['user:ann', 'token.revoke', made.json.token.id, 'ok'],
      ['user:ann', 'view.create', view.json.id, 'ok'],
      ['user:ann', 'user.remove', 'bob', 'ok'],
      ['user:ann', 'user.remove', 'ann', 'failed'],
      ['user:ann', 'logout', null, 'ok'],
    ]);
    expect(seen[6].detail).toEqual({ role: 'admin', password: 'changed' });
    expect(seen[5].detail).toEqual({ scopes });
    expect(seen[11].detail).toEqual({ code: 'last_admin' });
    expect(seen.every((one) => one.ip === '127.0.0.1')).toBe(true);
    const text = JSON.stringify(seen);
    for (const secret of [
      PASSWORD,
      'wrong horse',
      'correct horse',
      token,
      cookie.split('=')[1],
      made.json.secret.slice(17),
    ])
      expect(text).not.toContain(secret);
  });

  test('reads, with the question, the range as it was resolved, the scope and the rows', async () => {
    await h.feed(linesBatch({ source: source({ app: 'shop', env: 'prod' }), messages: ['one 订单', 'two', 'three'] }));
    const { secret, token } = await h.token('reader', [{ app: 'shop', env: '*' }]);
    const found = await h.get(`/api/v1/logs?query=${encodeURIComponent('o')}&from=now-11m&env=prod&limit=2`, secret);
    await h.get(`/api/v1/logs?${range}&limit=2&query=`, secret);
    await h.get(`/api/v1/logs/histogram?${range}`, secret);
    await h.get(`/api/v1/logs/facets?${range}`, secret);
    await h.get(`/api/v1/logs/fields?${range}&size=3`, secret);
    const { id } = (await h.get(`/api/v1/logs?${range}&query=`, secret)).json.records[1];
    await h.get(`/api/v1/logs/context?id=${id}&before=1&after=1`, secret);
    await h.get(`/api/v1/logs?query=((`, secret);
    await h.get(`/api/v1/logs/export?${range}&format=csv`, secret);
    const end = async () => (await audited('&action=logs.export.end')).length;
    await expect.poll(end).toBe(1);
    expect(found.status).toBe(200);
    const seen = (await audited(`&actor=token:${token.id}`)).map(({ action, detail }) => [action, detail]);
    const scopes = [{ app: 'shop', env: '*' }];
    const times = { from: '2026-11-21T00:00:00.000000Z', to: '2026-11-21T00:10:00.000000Z' };
    expect(seen).toEqual([
      [
        'logs.search',
        {
          query: 'o',
          from: '2026-11-20T23:59:00.000000Z',
          to: '2026-11-21T00:10:00.000000Z',
          env: 'prod',
          limit: 2,
          scopes,
          rows: found.json.records.length,
        },
      ],
      ['logs.search', { query: '', limit: 2, scopes, ...times, rows: 2 }],
      ['logs.histogram', { scopes, ...times }],
      ['logs.facets', { scopes, ...times }],
      ['logs.fields', { size: 3, scopes, ...times }],
      ['logs.search', { query: '', scopes, ...times, rows: 3 }],
      ['logs.context', { id, before: 1, after: 1, scopes, rows: 3 }],
      ['logs.export', { format: 'csv', scopes, ...times }],
      ['logs.export.end', { format: 'csv', scopes, ...times, rows: 3, cancelled: false }],
    ]);
  });

  test('a tail, at its beginning and its end', async () => {
    const leave = new AbortController();
    const headers = { authorization: `Bearer ${h.admin}` };
    const tail = await fetch(`${h.url}/api/v1/logs/tail?query=two&last=5`, { headers, signal: leave.signal });
    await h.feed(linesBatch({ messages: ['one', 'two'] }));
    const reader = tail.body!.getReader();
    let text = '';
    while (!text.includes('event: record')) text += Buffer.from((await reader.read()).value!).toString();
    leave.abort();
    await expect
      .poll(async () => (await audited('&action=logs.tail*')).map((one) => [one.action, one.detail]))
      .toEqual([
        ['logs.tail', { query: 'two', last: 5 }],
        ['logs.tail.end', { query: 'two', last: 5, rows: 1 }],
      ]);
  });

  test('refusals, the repeated ones counted', async () => {
    const { secret, token } = await h.token('reader', [{ app: 'shop', env: 'prod' }]);
    await h.get('/api/v1/users', secret);
    await h.get('/api/v1/audit', secret);
    await h.get('/api/v1/audit/chain', secret);
    for (let i = 0; i < 40; i++) await h.get('/api/v1/logs', null);
    await h.send('POST', '/api/v1/login', { name: 'x', password: 'y' }, { origin: 'https://evil.example' });
    await h.restart();
    const refused = (await audited()).filter((one) => one.outcome === 'refused');
    expect(refused.map(({ actor, action, target, detail }) => [actor, action, target, detail])).toEqual([
      [`token:${token.id}`, 'request', 'GET /api/v1/users', { code: 'forbidden' }],
      [`token:${token.id}`, 'audit.read', null, { code: 'forbidden', scopes: [{ app: 'shop', env: 'prod' }] }],
      [`token:${token.id}`, 'audit.verify', null, { code: 'forbidden', scopes: [{ app: 'shop', env: 'prod' }] }],
      ['unknown', 'logs.search', null, { code: 'unauthenticated' }],
      ['unknown', 'login', null, { code: 'foreign_origin' }],
      ['unknown', 'logs.search', null, { code: 'unauthenticated', times: 39 }],
    ]);
  });

  test('without audit.reads only changes and refusals', async () => {
    await h.close();
    h = await startHarness({ config: (config) => void (config.audit.reads = false) });
    await h.get(`/api/v1/logs?${range}`);
    await h.get('/api/v1/logs', null);
    await h.token('reader');
    expect((await audited()).map((one) => [one.action, one.outcome])).toEqual([
      ['request', 'refused'],
      ['token.create', 'ok'],
    ]);
  });

  test('nothing is lost when the process is told to stop right after the answers', async () => {
    await h.close();
    h = await startHarness({ config: (config) => void (config.audit.flushMs = 60_000) });
    await Promise.all(Array.from({ length: 50 }, () => h.get(`/api/v1/logs?${range}`)));
    await h.restart();
    expect(await audited('&action=logs.search')).toHaveLength(50);
  });

  test('pages by cursor, refuses a cursor of other filters, and is refused to readers', async () => {
    for (let i = 0; i < 25; i++) await h.get(`/api/v1/logs?${range}&limit=${i + 1}`);
    const seen: number[] = [];
    let cursor = '';
    for (;;) {
      const page = (await h.get(`/api/v1/audit?action=logs.search&limit=10${cursor}`)).json;
      seen.push(...page.items.map((one: ApiAuditEntry) => one.detail.limit));
      if (page.next === null) break;
      expect(page.notes).toEqual([{ code: 'limit_reached', limit: 10 }]);
      cursor = `&cursor=${page.next}`;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
    expect((await h.get(`/api/v1/audit?action=login${cursor}`)).json.error.code).toBe('cursor_mismatch');
    expect((await h.get('/api/v1/audit?cursor=x')).json.error.code).toBe('bad_cursor');
    expect((await h.get('/api/v1/audit?from=yesterday')).json.error.code).toBe('bad_time');
    expect((await h.get('/api/v1/audit', (await h.token('reader')).secret)).status).toBe(403);
    expect((await h.get('/api/v1/audit', null)).status).toBe(401);
  });

  test('refusals can be asked for alone, and a cursor holds on to that', async () => {
    const { secret } = await h.token('reader');
    for (let i = 0; i < 3; i++) await h.get(`/api/v1/users?n=${i}`, secret);
    await h.token('metrics');
    const refused = (await h.get('/api/v1/audit?outcome=refused&limit=1')).json;
    expect(refused.items).toMatchObject([{ outcome: 'refused' }]);
    expect((await h.get('/api/v1/audit?outcome=failed')).json.items).toEqual([]);
    if (refused.next !== null)
      expect((await h.get(`/api/v1/audit?outcome=ok&cursor=${refused.next}`)).json.error.code).toBe('cursor_mismatch');
    expect((await h.get('/api/v1/audit?outcome=maybe')).status).toBe(400);
  });

  test('the server checks its chain, and names the first entry that was tampered with', async () => {
    await h.token('reader');
    const { json } = await h.get('/api/v1/audit/verify');
    expect(json).toMatchObject({ ok: true, brokenAt: null, why: null });
    expect(json.head.seq).toBe(json.entries);
    const id = `segment/${'1'.padStart(12, '0')}`;
    await h.get('/api/v1/audit');
    const found = (await h.state.get<AuditSegment>(AUDIT_KIND, id))!;
    found.doc.entries[0].target = 'somebody else';
    await h.state.put(AUDIT_KIND, id, found.doc);
    expect((await h.get('/api/v1/audit/verify')).json).toMatchObject({
      ok: false,
      brokenAt: 1,
      why: expect.stringContaining('its content is not'),
    });
    await h.state.put(AUDIT_KIND, id, { broken: true });
    expect((await h.get('/api/v1/audit/verify')).json).toMatchObject({ ok: false, brokenAt: 1 });
    const { secret } = await h.token('reader');
    expect((await h.get('/api/v1/audit/verify', secret)).status).toBe(403);
  });
});
