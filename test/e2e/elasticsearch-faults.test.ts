import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createDeadLetters, redriveDeadLetters } from '../../ingest/dead-letters.ts';
import { startIngest } from '../../ingest/ingest.ts';
import type { LinesBatch } from '../../model/batch.ts';
import { isCode } from '../../model/errors.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import type { LogStore } from '../../store/log-store.ts';
import { decodeBatch, encodeBatch } from '../../transport/batch-codec.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { dose } from '../doses.ts';
import { shareElasticsearch, startElasticsearch } from '../servers/elasticsearch.ts';
import { linesBatch, source } from '../suites/batches.ts';
import {
  type ElasticsearchChange,
  elasticsearchConfig,
  openElasticsearchStore,
  removePrefix,
} from '../suites/elasticsearch-fixture.ts';
import { startElasticsearchProxy } from '../suites/elasticsearch-proxy.ts';
import { standingClock } from '../suites/embedded-fixture.ts';
import { MIXED_START, mixedRecords } from '../suites/mixed-records.ts';
import { createRandom } from '../suites/random.ts';
import { batchesOf } from '../suites/record-batches.ts';

const ALL: Query = { type: 'all' };
const WHOLE = { from: 0, to: Number.MAX_SAFE_INTEGER };
const keyOf = ({ time, fid, gen, offset }: LogRecord): string => `${time} ${fid} ${gen} ${offset}`;

const server = await shareElasticsearch();
afterAll(() => server?.leave());

describe.skipIf(!server)('a cluster on a bad day loses no line and doubles none', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function open(target: string, change: ElasticsearchChange = {}) {
    const proxy = await startElasticsearchProxy(target);
    const config = elasticsearchConfig([proxy.url], { timeoutMs: 3_000, ...change.elasticsearch });
    const store = await openElasticsearchStore(config, { ...change, elasticsearch: {} });
    ends.push(
      () => proxy.close(),
      () => removePrefix(target, config.prefix),
      () => store.close(),
    );
    return { proxy, store, config };
  }

  test('30 % of all documents are refused as too many', async () => {
    const { proxy, store } = await open(server?.url as string);
    const random = createRandom(3);
    proxy.item = () =>
      random.chance(0.3)
        ? {
            status: 429,
            error: { type: 'es_rejected_execution_exception', reason: 'rejected execution of coordinating operation' },
          }
        : null;
    const records = mixedRecords(31, dose(400, 6_000));
    await deliver(store, batchesOf(records));
    expect(proxy.faults).toBeGreaterThan(records.length / 10);
    await expectAll(store, records);
  });

  test('answers are lost after the cluster has stored the documents', async () => {
    const { proxy, store } = await open(server?.url as string);
    const random = createRandom(4);
    proxy.request = (_, path) =>
      path.startsWith('/_bulk') && random.chance(0.3) ? random.pick(['cut', 'cut-after'] as const) : null;
    const records = mixedRecords(32, dose(400, 6_000));
    const { suppressed } = await deliver(store, batchesOf(records));
    expect(proxy.faults).toBeGreaterThan(0);
    expect(suppressed).toBeGreaterThan(0);
    await expectAll(store, records);
  });

  test.each([
    ['read_only_allow_delete', 'as at the flood stage', 'store_full'],
    ['write', 'by an operator', 'unavailable'],
  ])('a block %s is put on the index and lifted: %s', async (block, _, code) => {
    const target = server?.url as string;
    const { store, config } = await open(target);
    const records = mixedRecords(33, dose(200, 3_000));
    const batches = batchesOf(records);
    await deliver(store, batches.slice(0, 10));
    await setBlock(target, config.prefix, block, true);
    await expect(store.append(batches.slice(10, 12))).rejects.toMatchObject({ code });
    const rest = deliver(store, batches.slice(10));
    await setBlock(target, config.prefix, block, null);
    await rest;
    await expectAll(store, records);
  });

  test('a document that can never be stored becomes a dead letter with its line, and is driven again', async () => {
    const { proxy, store } = await open(server?.url as string);
    const dir = await mkdtemp(join(tmpdir(), 'fleetlog-letters-'));
    ends.push(() => rm(dir, { recursive: true, force: true }));
    const good = linesBatch({ fid: 'a'.repeat(32), messages: ['one', 'poison', 'two'] });
    // Lucene takes no term over 32,766 bytes: the cluster refuses every line of this source.
    const immense = linesBatch({
      fid: 'b'.repeat(32),
      messages: ['lost?'],
      source: source({ app: 'x'.repeat(40_000) }),
    });
    proxy.item = (_, document) =>
      document.includes('"poison"')
        ? { status: 400, error: { type: 'document_parsing_exception', reason: '[1:2] failed to parse' } }
        : null;
    const deadLetters = await createDeadLetters({ dir, maxBytes: 1 << 20, nowUs: () => MIXED_START });
    const bus = createMemoryBus({ capacityBytes: 1 << 20 });
    const statuses = { keep: async () => {} } as unknown as Parameters<typeof startIngest>[0]['statuses'];
    const log = { warn() {} };
    const ingest = await startIngest({ bus, store, deadLetters, clock: standingClock(), statuses, log });
    await bus.publish(encodeBatch(good));
    await bus.publish(encodeBatch(immense));
    expect(ingest.counters()).toMatchObject({ lines: 2, deadLetters: 2 });
    await ingest.close();
    await bus.close();
    expect(await messages(store)).toEqual(['one', 'two']);

    proxy.item = null;
    const again = (batch: Buffer): Promise<void> =>
      store.append([decodeBatch(batch) as LinesBatch]).then(({ refused }) => {
        if (refused) throw new Error(refused[0].reason);
      });
    // The one is cured; the other stays where it is.
    expect(await redriveDeadLetters(dir, again)).toEqual({ taken: 1, left: 1 });
    expect(await messages(store)).toEqual(['one', 'poison', 'two']);
    expect((await store.append([good])).stored).toBe(0);
  });

  test(
    'the only node is killed while lines come, and starts again',
    async () => {
      const node = await startElasticsearch();
      if (!node) return;
      ends.push(() => node.stop());
      const { store } = await open(node.url);
      const records = mixedRecords(35, dose(600, 20_000));
      const batches = batchesOf(records);
      const half = Math.floor(batches.length / 2);
      await deliver(store, batches.slice(0, half));
      const rest = deliver(store, batches.slice(half));
      await node.kill();
      await node.start();
      await rest;
      await expectAll(store, records);
    },
    dose(400_000, 900_000),
  );
});

/** As a bus does: a delivery that is refused comes again, until it is taken. */
async function deliver(store: LogStore, batches: LinesBatch[]): Promise<{ stored: number; suppressed: number }> {
  const sum = { stored: 0, suppressed: 0 };
  for (let i = 0; i < batches.length; i += 8) {
    for (;;) {
      try {
        const { stored, suppressed, refused } = await store.append(batches.slice(i, i + 8));
        expect(refused).toBeUndefined();
        sum.stored += stored;
        sum.suppressed += suppressed;
        break;
      } catch (error) {
        const again = isCode(error, 'unavailable') || isCode(error, 'store_busy') || isCode(error, 'store_full');
        if (!again) throw error;
      }
    }
  }
  return sum;
}

/** Every record once, and nothing else. */
async function expectAll(store: LogStore, records: LogRecord[]): Promise<void> {
  const got: string[] = [];
  for await (const chunk of store.scan({ query: ALL, ...WHOLE, order: 'asc' })) got.push(...chunk.map(keyOf));
  const lost = records.map(keyOf).filter((key) => !got.includes(key));
  expect({ lost: lost.length, twice: got.length - new Set(got).size }).toEqual({ lost: 0, twice: 0 });
  expect(got).toEqual(records.map(keyOf));
}

async function messages(store: LogStore): Promise<string[]> {
  const { records } = await store.search({ query: ALL, ...WHOLE, order: 'asc', limit: 100 });
  return records.map(({ message }) => message);
}

async function setBlock(url: string, prefix: string, block: string, value: boolean | null): Promise<void> {
  const body = JSON.stringify({ index: { blocks: { [block]: value } } });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/${prefix}-logs-*/_settings`, { method: 'PUT', headers, body });
  expect(answer.status).toBe(200);
}
