import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
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
import { partOf } from '../../model/part-of.ts';
import { createSqliteStateStore } from '../../store/sqlite/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { decodeBatch, encodeBatch } from '../../transport/batch-codec.ts';
import { createRouter } from '../../transport/kafka/split-status.ts';
import { linesBatch, source } from '../suites/batches.ts';

const T0 = 1_795_219_200_000_000;
const SECOND = 1e6;
const OF = 4;
const clock = { nowUs: () => T0, monotonicMs: () => 0 };

const fidIn = (part: number, nth = 0): string => {
  for (let n = 0, seen = 0; ; n++) {
    const fid = n.toString(16).padStart(32, '0');
    if (partOf(fid, OF) === part && seen++ === nth) return fid;
  }
};
const hostIn = (part: number): string => {
  for (let n = 0; ; n++) if (partOf(`h${n}`, OF) === part) return `h${n}`;
};
const HOME = 1;
const HOST = hostIn(HOME);

const status = (seq: number, overrides: Partial<StatusBatch> = {}): StatusBatch => ({
  kind: 'status',
  host: HOST,
  time: T0 + seq * SECOND,
  epoch: 'e1',
  seq,
  version: '1',
  full: false,
  docker: { reachable: true },
  sources: [],
  containers: [],
  behind: [],
  gaps: [],
  counters: { seq },
  ...overrides,
});
const row = (fid: string, overrides: Partial<SourceStatus> = {}): SourceStatus => ({
  fid,
  source: source({ host: HOST, container: `c${fid.slice(-4)}`, app: `a${partOf(fid, OF)}` }),
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
const container = (fid: string): ContainerStatus => ({
  container: `c${fid.slice(-4)}`,
  containerName: 'n',
  app: 'a',
  env: 'prod',
  instance: 'i',
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
});

/** The parts of a status by partition, as they arrive at ingest. */
function cut(router: ReturnType<typeof createRouter>, one: StatusBatch): Map<number, StatusBatch> {
  return new Map(
    router.route(encodeBatch(one)).map((r) => [r.partition, decodeBatch(Buffer.from(r.batch)) as StatusBatch]),
  );
}
const lines = (fid: string): Buffer => encodeBatch(linesBatch({ fid, messages: ['x'] }));

describe('statuses in parts', () => {
  let dir = '';
  let state: StateStore;
  const open = () => createStatusKeeper({ state, clock, retentionDays: 30 });
  const host = async (): Promise<HostDoc> => (await state.get<HostDoc>(HOST_KIND, HOST))!.doc;
  const ledger = async (): Promise<SourceStatus[]> =>
    (await state.list<LedgerDoc>(LEDGER_KIND)).items.flatMap((item) => item.doc.sources);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleetlog-parts-'));
    state = await createSqliteStateStore({ file: join(dir, 'state.db') });
  });
  afterEach(async () => {
    await state.close();
    await rm(dir, { recursive: true });
  });

  it('cuts a status by the partitions of its fids, and sends no part that has nothing to tell', () => {
    const router = createRouter(OF);
    const fids = [0, 1, 2, 3].map((part) => fidIn(part));
    expect([...cut(router, status(0, { full: true })).keys()]).toEqual([0, 1, 2, 3]);
    const second = cut(router, status(1, { sources: [row(fids[2])], containers: [container(fids[2])] }));
    expect([...second.keys()]).toEqual([HOME, 2]);
    expect(second.get(HOME)).toMatchObject({
      containers: [{}],
      sources: [],
      part: { sent: [HOME, 2], of: OF, home: HOME },
    });
    expect(second.get(2)).toMatchObject({ containers: [], sources: [{ fid: fids[2] }], part: { index: 2 } });
    router.route(lines(fids[3]));
    expect([...cut(router, status(2)).keys()]).toEqual([HOME, 3]);
    expect([...cut(router, status(3)).keys()]).toEqual([HOME]);
  });

  it('calls a host complete up to the least over its parts, kept by several processes', async () => {
    const router = createRouter(OF);
    const [one, two] = [open(), open()];
    const first = cut(router, status(0, { full: true, sources: [0, 1, 2, 3].map((part) => row(fidIn(part))) }));
    await one.keep([first.get(0)!, first.get(1)!]);
    expect((await host()).time).toBe(0);
    await two.keep([first.get(2)!, first.get(3)!]);
    expect((await host()).time).toBe(T0);
    router.route(lines(fidIn(3)));
    const second = cut(router, status(1));
    await one.keep(second.get(HOME)!);
    expect((await host()).time, 'lines on 3 are not searchable yet').toBe(T0);
    await two.keep(second.get(3)!);
    expect((await host()).time).toBe(T0 + SECOND);
    await one.keep(cut(router, status(2)).get(HOME)!);
    expect((await host()).time, 'nothing was sent to the others').toBe(T0 + 2 * SECOND);
    expect((await ledger()).map((r) => partOf(r.fid, OF)).sort()).toEqual([0, 1, 2, 3]);
  });

  it('keeps what is behind from the part that said it, until that part says otherwise', async () => {
    const router = createRouter(OF);
    const keeper = open();
    await keeper.keep([...cut(router, status(0, { full: true })).values()]);
    const behind = [{ fid: fidIn(2), completeTo: T0 - SECOND, cause: 'unread' }];
    await keeper.keep([...cut(router, status(1, { behind })).values()]);
    expect(await host()).toMatchObject({ time: T0 + SECOND, behind });
    await keeper.keep([...cut(router, status(2, { sources: [row(fidIn(2))] })).values()]);
    expect(await host()).toMatchObject({ time: T0 + 2 * SECOND, behind: [] });
  });

  it('takes a partition over from another process, also what is delivered again', async () => {
    const router = createRouter(OF);
    const [one, two] = [open(), open()];
    const rounds = [0, 1, 2].map((seq) =>
      cut(router, status(seq, { full: true, sources: [row(fidIn(2), { read: 10 + seq })] })),
    );
    for (const round of rounds) await one.keep([...round.values()]);
    expect((await ledger())[0].read).toBe(12);
    await two.keep([rounds[1].get(2)!, rounds[2].get(2)!]);
    expect((await ledger())[0].read).toBe(12);
    expect((await host()).time).toBe(T0 + 2 * SECOND);
    const next = cut(router, status(3, { sources: [row(fidIn(2), { read: 20 })] }));
    await two.keep(next.get(2)!);
    await one.keep(next.get(HOME)!);
    const back = cut(router, status(4, { sources: [row(fidIn(2), { read: 21 }), row(fidIn(2, 1))] }));
    await one.keep([...back.values()]);
    expect((await ledger()).map((r) => r.read)).toEqual([21, 10]);
    expect((await host()).time).toBe(T0 + 4 * SECOND);
  });

  it('a part says that its own sources are gone, never those of others', async () => {
    const router = createRouter(OF);
    const keeper = open();
    const rows = [0, 2].map((part) => row(fidIn(part)));
    await keeper.keep([...cut(router, status(0, { full: true, sources: rows })).values()]);
    await keeper.keep([...cut(router, status(1, { full: true, sources: [rows[0]] })).values()]);
    expect((await ledger()).map((r) => [partOf(r.fid, OF), r.state])).toEqual([
      [0, 'reading'],
      [2, 'gone'],
    ]);
  });

  it('begins anew with another collector start, from where everything was complete', async () => {
    const router = createRouter(OF);
    const keeper = open();
    await keeper.keep([...cut(router, status(5, { full: true })).values()]);
    const again = cut(createRouter(OF), status(0, { full: true, epoch: 'e2', time: T0 + 9 * SECOND }));
    await keeper.keep(again.get(HOME)!);
    expect((await host()).time).toBe(T0 + 5 * SECOND);
    await keeper.keep([0, 2, 3].map((part) => again.get(part)!));
    expect((await host()).time).toBe(T0 + 9 * SECOND);
    await keeper.keep([...cut(createRouter(OF), status(6, { full: true })).values()]);
    expect(await host(), 'delivered again, of the former start').toMatchObject({ epoch: 'e2', time: T0 + 9 * SECOND });
  });

  it('moves from whole statuses to parts, to other parts and back, without losing or doubling rows', async () => {
    const rows = [0, 1, 2, 3].map((part) => row(fidIn(part)));
    const gone = row(fidIn(0, 1), { state: 'gone' });
    const fids = [...rows, gone].map((r) => r.fid).sort();
    const kept = async (): Promise<string[]> => (await ledger()).map((r) => r.fid).sort();
    await open().keep(status(0, { full: true, sources: [...rows, gone] }));
    await open().keep([...cut(createRouter(OF), status(1, { full: true, epoch: 'e2', sources: rows })).values()]);
    expect(await kept()).toEqual(fids);
    expect((await host()).parts?.of).toBe(OF);
    await open().keep([...cut(createRouter(7), status(2, { full: true, epoch: 'e3', sources: rows })).values()]);
    expect(await kept()).toEqual(fids);
    await open().keep(status(3, { full: true, epoch: 'e4', sources: rows }));
    expect(await kept()).toEqual(fids);
    expect((await host()).parts).toBeUndefined();
    expect((await host()).time).toBe(T0 + 3 * SECOND);
  });

  it('has one inventory, which the home part writes', async () => {
    const router = createRouter(OF);
    const keeper = open();
    await keeper.keep([...cut(router, status(0, { full: true, containers: [container(fidIn(0))] })).values()]);
    await keeper.keep([...cut(router, status(1, { full: true, containers: [container(fidIn(0))] })).values()]);
    const { doc } = (await state.get<InventoryDoc>(INVENTORY_KIND, HOST))!;
    expect(doc.containers.map((c) => c.state)).toEqual(['running']);
    expect((await host()).counters).toEqual({ seq: 1 });
  });

  it('never claims more than is searchable, whatever the order and the process parts arrive in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ writes: fc.uniqueArray(fc.nat(OF - 1)), full: fc.boolean() }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.array(fc.record({ part: fc.nat(OF - 1), process: fc.nat(1), again: fc.boolean() }), { maxLength: 40 }),
        async (rounds, steps) => {
          for (const { id } of (await state.list(HOST_KIND)).items) await state.delete(HOST_KIND, id);
          for (const { id } of (await state.list(LEDGER_KIND)).items) await state.delete(LEDGER_KIND, id);
          const router = createRouter(OF);
          const logs: { seq: number; batch: StatusBatch | null }[][] = Array.from({ length: OF }, () => []);
          rounds.forEach(({ writes, full }, seq) => {
            for (const part of writes) {
              router.route(lines(fidIn(part)));
              logs[part].push({ seq, batch: null });
            }
            for (const [part, batch] of cut(router, status(seq, { full: full || seq === 0 })))
              logs[part].push({ seq, batch });
          });
          const at = logs.map(() => 0);
          const searchable = logs.map(() => 0);
          const keepers = [open(), open()];
          for (const { part, process, again } of steps) {
            if (again) at[part] = Math.max(0, at[part] - 2);
            const entry = logs[part][at[part]];
            if (!entry) continue;
            at[part]++;
            searchable[part] = Math.max(searchable[part], at[part]);
            if (entry.batch) await keepers[process].keep(entry.batch);
            const doc = (await state.get<HostDoc>(HOST_KIND, HOST))?.doc;
            // Lines of round n were written before status n: none may be missing of a round that is called complete.
            const claimed = doc ? Math.round((doc.time - T0) / SECOND) : -1;
            for (const [index, log] of logs.entries())
              for (const [n, line] of log.entries())
                if (line.batch === null && line.seq <= claimed) expect(n).toBeLessThan(searchable[index]);
          }
          for (const [part, log] of logs.entries()) {
            for (const { batch } of log.slice(at[part])) if (batch) await keepers[0].keep(batch);
          }
          expect((await host()).time).toBe(T0 + (rounds.length - 1) * SECOND);
        },
      ),
      { numRuns: 60 },
    );
  });
});
