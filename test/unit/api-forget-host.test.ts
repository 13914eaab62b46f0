import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetHost } from '../../api/forget-host.ts';
import { createStatusKeeper } from '../../ingest/status-keeper.ts';
import type { StatusBatch } from '../../model/batch.ts';
import { HOST_KIND, type HostDoc, INVENTORY_KIND, LEDGER_KIND } from '../../model/fleet.ts';
import { type Harness, startHarness, T0 } from '../suites/api-harness.ts';

let h: Harness;
const now = T0 + 600e6;
const range = `from=${T0}&to=${T0 + 600e6}`;

beforeAll(async () => {
  h = await startHarness();
});
afterAll(() => h.close());

test('a host that is no more is forgotten with all that is kept of it, once it is silent', async () => {
  await h.report('old', T0);
  await h.report('other', now);
  for (const id of ['old', 'old#1', 'old#2', 'other']) await h.state.put(LEDGER_KIND, id, { host: id, sources: [] });
  await h.state.put(INVENTORY_KIND, 'old', { host: 'old', containers: [] });
  const silent = await h.state.get<{ receivedAt: number }>(HOST_KIND, 'old');
  await h.state.put(HOST_KIND, 'old', { ...silent?.doc, receivedAt: now });
  const refused = await h.send('DELETE', '/api/v1/hosts/old');
  expect(refused).toMatchObject({ status: 409, json: { error: { code: 'host_reporting' } } });

  await h.state.put(HOST_KIND, 'old', { ...silent?.doc, receivedAt: T0 });
  const reader = await h.token('reader');
  expect((await h.send('DELETE', '/api/v1/hosts/old', undefined, bearer(reader.secret))).status).toBe(403);
  expect((await h.send('DELETE', '/api/v1/hosts/old')).status).toBe(204);
  for (const [kind, id] of [
    [HOST_KIND, 'old'],
    [INVENTORY_KIND, 'old'],
    [LEDGER_KIND, 'old'],
    [LEDGER_KIND, 'old#1'],
    [LEDGER_KIND, 'old#2'],
  ])
    expect(await h.state.get(kind, id), `${kind} ${id}`).toBeNull();
  expect(await h.state.get(LEDGER_KIND, 'other')).not.toBeNull();
  expect((await h.send('DELETE', '/api/v1/hosts/old')).status).toBe(404);
  expect(h.logged).toContainEqual(
    expect.objectContaining({ message: 'forgot a host', details: expect.objectContaining({ host: 'old' }) }),
  );
});

test('its gap goes with it', async () => {
  await h.report('gone', T0);
  const doc = await h.state.get<object>(HOST_KIND, 'gone');
  await h.state.put(HOST_KIND, 'gone', { ...doc?.doc, receivedAt: T0 });
  await h.restart();
  const before = (await h.get(`/api/v1/logs?${range}`)).json.gaps;
  expect(before).toContainEqual(expect.objectContaining({ host: 'gone', cause: 'collector_silent' }));
  expect((await h.send('DELETE', '/api/v1/hosts/gone')).status).toBe(204);
  const after = (await h.get(`/api/v1/logs?${range}`)).json.gaps.map((gap: { host: string }) => gap.host);
  expect(after).not.toContain('gone');
});

test('when it is back it begins anew: its old gaps and containers stay forgotten', async () => {
  const keeper = createStatusKeeper({ state: h.state, clock: h.clock, retentionDays: 30 });
  const status: StatusBatch = {
    kind: 'status',
    host: 'back',
    time: T0,
    epoch: 'e',
    seq: 0,
    version: '0',
    full: true,
    docker: { reachable: true },
    sources: [],
    containers: [],
    behind: [],
    gaps: [{ fid: 'f'.repeat(32), from: T0, to: T0 + 1, bytes: null, cause: 'removed' }],
    counters: {},
  };
  await keeper.keep(status);
  await forgetHost(h.state, 'back', () => true);
  await keeper.keep({ ...status, gaps: [] });
  expect((await h.state.get<HostDoc>(HOST_KIND, 'back'))?.doc).toMatchObject({ host: 'back', gaps: [] });
});

const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });
