import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiRedaction, ApiRetentionClass } from '../../api/contract.ts';
import { retentionItems } from '../../api/retention.ts';
import type { SourceStatus } from '../../model/batch.ts';
import { LEDGER_KIND, type LedgerDoc } from '../../model/fleet.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import { type Harness, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { openStore, standingClock } from '../suites/embedded-fixture.ts';

/** `/api/v1/retention` and `/api/v1/redaction`: figures over all apps, for admins who see all apps. */
const DAY = 86_400e6;
const CLASSES = [{ name: 'brief', app: 'job-*', env: '*', days: 3, bytes: 1_000_000 }];
let h: Harness;
let dir: string;

const row = (app: string, tooOld: number): SourceStatus => ({
  fid: app.padStart(32, '0'),
  source: source({ app, host: 'h1' }),
  state: 'idle',
  size: 10,
  read: 10,
  searchable: 10 - tooOld,
  dropped: { too_old: tooOld, blank: 1 },
  inFlight: 0,
  lines: 1,
  lastLineAt: T0,
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fleetlog-keeping-'));
  const store = await openStore(dir, { clock: standingClock(T0 + DAY / 2), retention: { classes: CLASSES } });
  h = await startHarness({
    store,
    config: (config) => Object.assign(config.retention, { classes: CLASSES, bytes: 5_000_000 }),
    deps: { collect: async (batch) => void (await store.append([decodeBatch(batch) as never])) },
  });
  await h.feed(
    linesBatch({
      source: source({ app: 'job-night' }),
      fid: 'a'.repeat(32),
      messages: ['a', 'b'],
      times: [T0, T0 + 5],
    }),
    linesBatch({ messages: ['c'], times: [T0 + 7] }),
  );
  await h.state.put<LedgerDoc>(LEDGER_KIND, 'h1', {
    host: 'h1',
    sources: [row('job-a', 4), row('job-b', 2), row('shop', 1)],
  });
  await h.report('h1', T0, {
    since: T0 - DAY,
    counters: { 'redacted:jwt': 3, 'redacted_lines:jwt': 2, 'redacted:a:b': 0, 'redacted_lines:a:b': 0, lines: 9 },
  });
});
afterAll(async () => {
  await h.close();
  await h.store.close();
  await rm(dir, { recursive: true });
});

test('each class tells its rule, what it holds, when the first of it goes, and what came too late for it', async () => {
  const { items, total, next } = (await h.get('/api/v1/retention')).json;
  expect(items).toEqual([
    {
      name: 'brief',
      app: 'job-*',
      env: '*',
      configured: true,
      days: 3,
      bytes: 1_000_000,
      records: 2,
      diskBytes: expect.any(Number),
      oldest: '2026-11-21T00:00:00.000000Z',
      newest: '2026-11-21T00:00:00.000005Z',
      nextRemovalAt: '2026-11-24T00:00:00.000005Z',
      tooOldBytes: 6,
    },
    expect.objectContaining({
      name: 'default',
      app: null,
      env: null,
      days: 30,
      bytes: null,
      records: 1,
      tooOldBytes: 1,
    }),
  ]);
  expect(total).toEqual({ bytes: 5_000_000, diskBytes: expect.any(Number), records: 3, tooOldRecords: 0 });
  expect(total.diskBytes).toBeGreaterThan(0);
  expect(next).toBeNull();
});

test('a class that left the configuration is shown as long as it holds lines', () => {
  const held = (name: string, records: number) => {
    return { name, records, diskBytes: records, oldest: T0, newest: T0, nextRemoval: T0 };
  };
  const config = { days: 30, bytes: 0, classes: CLASSES, maintainMs: 1 };
  const items = retentionItems(config, [held('old', 2), held('gone', 0), held('brief', 1)], []);
  expect(
    items.map(({ name, configured, days, records }: ApiRetentionClass) => [name, configured, days, records]),
  ).toEqual([
    ['brief', true, 3, 1],
    ['default', true, 30, 0],
    ['old', false, 30, 2],
  ]);
});

test('redactions by rule and host, since when; rules that found nothing too', async () => {
  const { items } = (await h.get('/api/v1/redaction')).json;
  expect(items.filter(({ host }: ApiRedaction) => host === 'h1')).toEqual([
    { rule: 'jwt', host: 'h1', since: '2026-11-20T00:00:00.000000Z', places: 3, lines: 2 },
    { rule: 'a:b', host: 'h1', since: '2026-11-20T00:00:00.000000Z', places: 0, lines: 0 },
  ]);
});

test('redactions of pushed lines are told, and nothing of what was redacted', async () => {
  const line = { message: 'password=hunter2 secret=hunter3', app: 'shop', env: 'prod' };
  expect((await h.send('POST', '/api/v1/push/ndjson', line)).status).toBeLessThan(300);
  const answer = await h.get('/api/v1/redaction');
  const pushed = answer.json.items.filter(({ host }: ApiRedaction) => host === null);
  expect(pushed).toContainEqual({ rule: 'password', host: null, since: expect.any(String), places: 2, lines: 1 });
  expect(pushed).toContainEqual(expect.objectContaining({ rule: 'jwt', places: 0, lines: 0 }));
  expect(answer.text).not.toContain('hunter');
});

test.each(['retention', 'redaction'])('/%s is for admins who see every app', async (route) => {
  const path = `/api/v1/${route}`;
  expect((await h.get(path, null)).status).toBe(401);
  for (const role of ['reader', 'metrics', 'push'] as const)
    expect((await h.get(path, (await h.token(role)).secret)).status, role).toBe(403);
  const narrow = await h.get(path, (await h.token('admin', [{ app: 'shop', env: '*' }])).secret);
  expect([narrow.status, narrow.json.error.code]).toEqual([403, 'forbidden']);
  expect((await h.get(path, (await h.token('admin')).secret)).status).toBe(200);
});
