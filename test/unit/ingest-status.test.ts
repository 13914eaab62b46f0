import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStatusKeeper } from '../../ingest/status-keeper.ts';
import type { ContainerStatus, SourceStatus, StatusBatch } from '../../model/batch.ts';
import {
  HOST_KIND,
  type HostDoc,
  INVENTORY_KIND,
  type InventoryDoc,
  LEDGER_KIND,
  type LedgerDoc,
} from '../../model/fleet.ts';
import { createSqliteStateStore } from '../../store/sqlite/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { source } from '../suites/batches.ts';

const T0 = 1_795_219_200_000_000;
const DAY = 86_400e6;

const status = (overrides: Partial<StatusBatch>): StatusBatch => ({
  kind: 'status',
  host: 'h1',
  time: T0,
  epoch: 'e',
  seq: 0,
  version: '0',
  full: false,
  docker: { reachable: true },
  sources: [],
  containers: [],
  behind: [],
  gaps: [],
  counters: {},
  ...overrides,
});
const file = (n: number, overrides: Partial<SourceStatus> = {}): SourceStatus => ({
  fid: n.toString(16).padStart(32, '0'),
  source: source({ container: `c${n}`, instance: `i${n}`, app: `a${n}` }),
  state: 'reading',
  size: 10,
  read: 10,
  searchable: 10,
  dropped: {},
  inFlight: 0,
  lines: 1,
  lastLineAt: T0,
  ...overrides,
});
const container = (n: number, overrides: Partial<ContainerStatus> = {}): ContainerStatus => ({
  container: `c${n}`,
  containerName: `n${n}`,
  app: `a${n}`,
  env: 'prod',
  instance: `i${n}`,
  image: 'x',
  version: '1',
  named: { app: 'test', env: 'test' },
  state: 'running',
  health: null,
  createdAt: T0,
  startedAt: T0,
  finishedAt: null,
  exitCode: null,
  oomKilled: false,
  restarts: 0,
  reader: 'json-file',
  logDriver: 'json-file',
  warnings: [],
  ...overrides,
});

describe('status keeper', () => {
  let dir = '';
  let state: StateStore;
  const clock = { nowUs: () => T0, monotonicMs: () => 0 };
  const open = () => createStatusKeeper({ state, clock, retentionDays: 30 });
  const inventory = async () => (await state.get<InventoryDoc>(INVENTORY_KIND, 'h1'))!.doc.containers;
  const ledger = async () => (await state.list<LedgerDoc>(LEDGER_KIND)).items.flatMap((item) => item.doc.sources);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleetlog-status-'));
    state = await createSqliteStateStore({ file: join(dir, 'state.db') });
  });
  afterEach(async () => {
    await state.close();
    await rm(dir, { recursive: true });
  });

  it('keeps the whole of a host from partial statuses, also over a restart of ingest', async () => {
    const before = open();
    await before.keep(status({ full: true, containers: [container(1), container(2)], sources: [file(1), file(2)] }));
    const after = open();
    await after.keep(
      status({
        time: T0 + 2e6,
        sources: [file(2, { read: 99, lastLineAt: T0 + 1e6 })],
        behind: [{ fid: 'x', completeTo: T0, cause: 'unread' }],
      }),
    );
    expect((await inventory()).map((c) => [c.container, c.state, c.lastLineAt])).toEqual([
      ['c1', 'running', T0],
      ['c2', 'running', T0 + 1e6],
    ]);
    expect((await ledger()).map((s) => s.read)).toEqual([10, 99]);
    const host = (await state.get<HostDoc>(HOST_KIND, 'h1'))!.doc;
    expect(host).toMatchObject({
      time: T0 + 2e6,
      receivedAt: T0,
      behind: [{ fid: 'x', completeTo: T0, cause: 'unread' }],
    });
  });

  it('keeps containers that are gone as removed until retention has passed', async () => {
    const keeper = open();
    await keeper.keep(status({ full: true, containers: [container(1), container(2)], sources: [file(1), file(2)] }));
    await keeper.keep(status({ full: true, time: T0 + 5e6, containers: [container(2)], sources: [file(2)] }));
    expect((await inventory()).map((c) => [c.container, c.state, c.finishedAt])).toEqual([
      ['c1', 'removed', T0 + 5e6],
      ['c2', 'running', null],
    ]);
    expect((await ledger()).map((s) => s.state)).toEqual(['gone', 'reading']);
    await keeper.keep(status({ full: true, time: T0 + 31 * DAY, containers: [container(2)], sources: [file(2)] }));
    expect((await inventory()).map((c) => c.container)).toEqual(['c2']);
    expect((await ledger()).map((s) => s.fid)).toEqual([file(2).fid]);
  });

  it('splits a ledger of many files over documents and shrinks it again', async () => {
    const keeper = open();
    const many = Array.from({ length: 4_500 }, (_, n) => file(n));
    await keeper.keep(status({ full: true, sources: many }));
    expect((await state.list(LEDGER_KIND)).items.map((item) => item.id)).toEqual(['h1', 'h1#1', 'h1#2']);
    expect((await ledger()).length).toBe(4_500);
    await keeper.keep(status({ full: true, time: T0 + 31 * DAY, sources: [file(1)] }));
    expect((await state.list(LEDGER_KIND)).items.map((item) => item.id)).toEqual(['h1']);
  });

  it('adds each gap once, with the app it belongs to', async () => {
    const keeper = open();
    const gap = { fid: file(1).fid, from: T0, to: T0 + 1, bytes: null, cause: 'lost' };
    await keeper.keep(status({ full: true, sources: [file(1)], gaps: [gap] }));
    await keeper.keep(status({ gaps: [gap] }));
    expect((await state.get<HostDoc>(HOST_KIND, 'h1'))!.doc.gaps).toEqual([{ ...gap, app: 'a1', env: 'prod' }]);
  });
});
