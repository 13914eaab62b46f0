import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ContainerStatus, SourceStatus } from '../../model/batch.ts';
import { BEHIND_CAUSES } from '../../model/behind-cause.ts';
import { INVENTORY_KIND, type InventoryDoc, LEDGER_KIND, type LedgerDoc } from '../../model/fleet.ts';
import type { Source } from '../../model/source.ts';
import { readRepositoryFile } from '../source-files.ts';
import { type Harness, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

const now = T0 + 600e6;
const store = createMemoryLogStore();
let h: Harness;
/** Whether the store answers. */
let broken = false;

const fidOf = (n: number) => n.toString(16).padStart(32, '0');
const box = (n: number, overrides: Partial<Source> = {}) =>
  source({ container: n.toString(16).padStart(64, 'c'), containerName: `n${n}`, instance: `i${n}`, ...overrides });
const inventory = (from: Source, overrides: Partial<ContainerStatus> = {}): InventoryDoc['containers'][number] => ({
  ...from,
  state: 'running',
  health: null,
  createdAt: T0,
  startedAt: T0,
  finishedAt: null,
  exitCode: null,
  oomKilled: false,
  restarts: 0,
  logDriver: 'json-file',
  warnings: [],
  lastLineAt: null,
  ...overrides,
});
const file = (fid: string, from: Source, overrides: Partial<SourceStatus> = {}): SourceStatus => ({
  fid,
  source: from,
  state: 'idle',
  size: 100,
  read: 100,
  searchable: 90,
  dropped: { blank: 10 },
  inFlight: 0,
  lines: 3,
  lastLineAt: T0,
  ...overrides,
});

const busy = box(1);
const late = box(2);
const other = box(3, { app: 'pay' });
const mute = box(4, { host: 'h2' });

beforeAll(async () => {
  const sources: typeof store.sources = (request) =>
    broken ? Promise.reject(new Error('the store is away')) : store.sources(request);
  h = await startHarness({ store: { ...store, sources } });
  await h.state.put<InventoryDoc>(INVENTORY_KIND, 'h1', {
    host: 'h1',
    containers: [inventory(busy), inventory(late), inventory(other)],
  });
  await h.state.put<InventoryDoc>(INVENTORY_KIND, 'h2', { host: 'h2', containers: [inventory(mute)] });
  await h.state.put<LedgerDoc>(LEDGER_KIND, 'h1', {
    host: 'h1',
    sources: [
      file(fidOf(1), busy),
      file(fidOf(2), busy, { read: 60, searchable: 40, dropped: { blank: 5, oversize: 10 }, inFlight: 5 }),
      file(fidOf(3), late, { state: 'denied', reason: 'EACCES: no', inFlight: 0 }),
      file(fidOf(4), late, { state: 'reading', spooled: true }),
      file(fidOf(5), late, { state: 'reading' }),
      file(fidOf(6), other, { state: 'reading' }),
      file(fidOf(7), other, { state: 'gone' }),
      file(fidOf(10), late, { state: 'reading' }),
    ],
  });
  await h.state.put<LedgerDoc>(LEDGER_KIND, 'h2', {
    host: 'h2',
    sources: [file(fidOf(8), mute), file(fidOf(9), mute, { state: 'gone' })],
  });
  const of = (n: number, cause: string, ago = 60e6) => ({ fid: fidOf(n), completeTo: now - ago, cause });
  await h.report('h1', now, {
    behind: [
      of(2, BEHIND_CAUSES.not_acknowledged, 1e6),
      of(3, 'EACCES: no'),
      of(4, BEHIND_CAUSES.not_read),
      of(5, BEHIND_CAUSES.held),
      of(10, 'a cause of a later build'),
    ],
    gaps: [
      { fid: fidOf(7), from: T0, to: T0 + 1e6, bytes: 5, cause: 'damaged', app: 'pay', env: 'prod' },
      { fid: fidOf(7), from: T0 + 2e6, to: T0 + 3e6, bytes: null, cause: 'truncated', app: 'pay', env: 'prod' },
    ],
  });
  await h.report('h2', T0, { receivedAt: T0 });
  const within = (from: Source, fid: number, count: number, first: number) =>
    linesBatch({
      source: from,
      fid: fidOf(fid),
      messages: Array.from({ length: count }, (_, n) => `line ${n}`),
      times: Array.from({ length: count }, (_, n) => first + n * 1000),
    });
  await h.feed(
    within(busy, 1, 90, now - 59e6),
    // A second file of the same container, half of it older than the minute.
    linesBatch({ source: busy, fid: fidOf(2), messages: ['old', 'new'], times: [now - 61e6, now - 1e6] }),
    within(late, 5, 30, now - 59e6),
    linesBatch({
      kind: 'events',
      source: busy,
      fid: fidOf(99),
      messages: ['event=oom'],
      times: [now - 5e6],
      flags: [3],
    }),
  );
});
afterAll(() => h.close());

const containers = async (token?: string) =>
  Object.fromEntries(
    (await h.get('/api/v1/containers', token)).json.items.map((one: { containerName: string }) => [
      one.containerName,
      one,
    ]),
  );

test('containers tell lines a second of their last minute, events apart; who is behind or silent is unknown', async () => {
  const all = await containers();
  expect(all.n1.linesPerSecond).toBeCloseTo(91 / 60, 9);
  expect(all.n3.linesPerSecond).toBe(0);
  // n2 is a minute behind, the host of n4 is silent.
  expect([all.n2.linesPerSecond, all.n4.linesPerSecond]).toEqual([null, null]);
});

test('containers tell the sums of their files', async () => {
  const { n1, n4 } = await containers();
  expect(n1).toMatchObject({
    files: 2,
    read: 160,
    searchable: 130,
    dropped: { blank: 15, oversize: 10 },
    inFlight: 5,
  });
  expect(n4).toMatchObject({ files: 2, read: 200 });
});

test('the ledger tells why a file is behind, and what of it is lost', async () => {
  const { items } = (await h.get('/api/v1/ledger')).json;
  const of = (n: number) => items.find((one: { source: { fid: string } }) => one.source.fid === fidOf(n));
  const causes = Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => [n, of(n).behind === null ? null : of(n).behind.cause]),
  );
  expect(causes).toEqual({
    1: null,
    2: 'not_acknowledged',
    3: 'denied',
    4: 'spooled',
    5: 'held',
    6: null,
    7: null,
    8: 'collector_silent',
    9: null,
    10: 'failed',
  });
  expect(of(2).behind.completeTo).toBe('2026-11-21T00:09:59.000000Z');
  expect(of(8).behind.completeTo).toBe('2026-11-21T00:00:00.000000Z');
  expect(of(7).gaps).toEqual([
    { cause: 'damaged', from: '2026-11-21T00:00:00.000000Z', to: '2026-11-21T00:00:01.000000Z', bytes: 5 },
    { cause: 'truncated', from: '2026-11-21T00:00:02.000000Z', to: '2026-11-21T00:00:03.000000Z', bytes: null },
  ]);
  expect(of(1).gaps).toEqual([]);
});

test('a scope sees its own containers with its own figures only', async () => {
  const { secret } = await h.token('reader', [{ app: 'pay', env: '*' }]);
  expect(Object.keys(await containers(secret))).toEqual(['n3']);
  const { items } = (await h.get('/api/v1/ledger', secret)).json;
  expect(items.map((one: { source: { fid: string } }) => one.source.fid)).toEqual([fidOf(6), fidOf(7)]);
});

test('when the store does not answer the list is there, without the figure', async () => {
  broken = true;
  await h.restart();
  const { n1 } = await containers();
  expect(n1).toMatchObject({ linesPerSecond: null, files: 2 });
  expect(h.logged).toContainEqual(
    expect.objectContaining({ level: 'warn', message: expect.stringContaining('cannot count the lines') }),
  );
  broken = false;
});

test('the causes of docs/notes.md are those of the product', () => {
  const table = readRepositoryFile('docs/notes.md').split('## Files that are behind')[1].split('## Gaps')[0];
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, cause]) => cause)).toEqual(Object.keys(BEHIND_CAUSES));
});
