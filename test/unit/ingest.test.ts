import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeadLetters, listDeadLetters, redriveDeadLetters } from '../../ingest/dead-letters.ts';
import { type Ingest, startIngest } from '../../ingest/ingest.ts';
import type { StatusBatch } from '../../model/batch.ts';
import { FleetlogError } from '../../model/errors.ts';
import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { createEmbeddedLogStore } from '../../store/embedded/log-store.ts';
import type { LogStore } from '../../store/log-store.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { linesBatch } from '../suites/batches.ts';
import { openConfig } from '../suites/default-config.ts';

const T0 = 1_795_219_200_000_000;
const clock = { nowUs: () => T0 + 1e6, monotonicMs: () => performance.now() };
const log = { warn() {} };
const everything = { query: { type: 'all' as const }, from: 0, to: 2 ** 52 };

describe('ingest', () => {
  let dir = '';
  let store: LogStore;
  let bus: Bus;
  let ingest: Ingest;
  let kept: { status: StatusBatch[]; searchable: number }[] = [];

  /** `around` stands between ingest and the real store, to let it fail when a test says so. */
  async function start(around: (store: LogStore) => LogStore = (s) => s): Promise<void> {
    bus = createMemoryBus({ capacityBytes: 1 << 20, retryMs: { first: 1, max: 2 } });
    const deadLetters = await createDeadLetters({ dir: join(dir, 'dead'), maxBytes: 1 << 20, nowUs: clock.nowUs });
    const statuses = {
      keep: async (statuses: StatusBatch | StatusBatch[]) =>
        void kept.push({ status: [statuses].flat(), searchable: (await store.count(everything)).count }),
    };
    ingest = await startIngest({ bus, store: around(store), statuses, deadLetters, clock, log });
  }

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleetlog-ingest-'));
    const config = openConfig();
    store = await createEmbeddedLogStore({
      dir: join(dir, 'store'),
      store: config.store,
      retention: config.retention,
      clock,
    });
    kept = [];
  });
  afterEach(async () => {
    await bus.close();
    await ingest.close();
    await store.close();
    await rm(dir, { recursive: true });
  });

  it('makes published lines searchable before it acknowledges, with levels where nobody has looked', async () => {
    await start();
    const batch = linesBatch({
      messages: ['ERROR 支付回调处理失败', 'plain words'],
      levels: [UNDETECTED_LEVEL, UNDETECTED_LEVEL],
    });
    await bus.publish(encodeBatch(batch));
    const found = await store.search({ ...everything, order: 'asc', limit: 10 });
    expect(found.records.map((r) => [r.level, r.message])).toEqual([
      ['error', 'ERROR 支付回调处理失败'],
      [null, 'plain words'],
    ]);
    await bus.publish(encodeBatch(batch));
    expect(ingest.counters()).toMatchObject({ batches: 2, lines: 2, suppressed: 2, deadLetters: 0 });
  });

  it('counts a status only when the lines before it are searchable', async () => {
    await start();
    const status: StatusBatch = {
      kind: 'status',
      host: 'h',
      time: T0,
      epoch: 'e',
      seq: 0,
      version: '0',
      full: true,
      docker: { reachable: false },
      sources: [],
      containers: [],
      behind: [],
      gaps: [],
      counters: {},
    };
    await Promise.all([
      bus.publish(encodeBatch(linesBatch({ messages: ['a', 'b'] }))),
      bus.publish(encodeBatch(status)),
    ]);
    expect(kept).toEqual([{ status: [status], searchable: 2 }]);
  });

  it('keeps a batch it cannot read as a dead letter, takes the others, and takes it again once mended', async () => {
    await start();
    const good = encodeBatch(linesBatch({ messages: ['good'] }));
    const broken = Buffer.from(encodeBatch(linesBatch({ fid: 'f'.repeat(32), messages: ['was broken'] })));
    broken[broken.length - 1] ^= 1;
    await Promise.all([bus.publish(good), bus.publish(Buffer.from(broken))]);
    expect((await store.count(everything)).count).toBe(1);
    expect(await listDeadLetters(join(dir, 'dead'))).toMatchObject([{ bytes: broken.length }]);
    const result = await redriveDeadLetters(join(dir, 'dead'), async (letter) => {
      letter[letter.length - 1] ^= 1;
      await bus.publish(letter);
    });
    expect(result).toEqual({ taken: 1, left: 0 });
    expect((await store.count(everything)).count).toBe(2);
  });

  it('offers a delivery again while the store is full: nothing lost, nothing twice', async () => {
    let full = 3;
    await start((inner) => ({
      ...inner,
      append: (batches) => (full-- > 0 ? Promise.reject(new FleetlogError('store_full')) : inner.append(batches)),
    }));
    await Promise.all(
      [0, 1, 2].map((n) => bus.publish(encodeBatch(linesBatch({ start: n * 3, messages: [`m${n}`] })))),
    );
    expect((await store.search({ ...everything, order: 'asc', limit: 10 })).records.map((r) => r.offset)).toEqual([
      0, 3, 6,
    ]);
    expect(ingest.counters().retries).toBe(3);
    expect(await listDeadLetters(join(dir, 'dead'))).toEqual([]);
  });

  it('buries only the poisonous batch of a delivery the store refuses as a whole', async () => {
    await start((inner) => ({
      ...inner,
      append: (batches) =>
        batches.some((b) => b.fid.startsWith('bad'))
          ? Promise.reject(new FleetlogError('bad_batch'))
          : inner.append(batches),
    }));
    const fids = ['1'.padStart(32, '0'), 'bad'.padEnd(32, '0'), '2'.padStart(32, '0')];
    await Promise.all(fids.map((fid) => bus.publish(encodeBatch(linesBatch({ fid, messages: ['x'] })))));
    expect((await store.count(everything)).count).toBe(2);
    expect(ingest.counters().deadLetters).toBe(1);
  });
});
