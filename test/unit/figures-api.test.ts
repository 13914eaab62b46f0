import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppSchema, ContainerSchema, HostSchema } from '../../api/contract.ts';
import { CapacityAnswerSchema, MetricNowAnswerSchema } from '../../api/metrics/shapes.ts';
import type { ContainerStatus } from '../../model/batch.ts';
import { INVENTORY_KIND, type InventoryDoc } from '../../model/fleet.ts';
import { composeMetricStores } from '../../store/composed-metric-store.ts';
import { createEmbeddedMetricStore, type EmbeddedMetricStore } from '../../store/embedded-metrics/metric-store.ts';
import { createLogMetricStore } from '../../store/log-metric-store.ts';
import { defaultConfig, type Harness, movableClock, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';
import { sampleRow, samplesBatch } from '../suites/samples-batches.ts';

const MIB = 1 << 20;
/** Where the harness's clock stands. */
const NOW = T0 + 600e6;
let dir: string;
let h: Harness;
let samples: EmbeddedMetricStore;

const container = (name: string, app: string, state: ContainerStatus['state'] = 'running'): ContainerStatus => ({
  ...{ container: Buffer.from(name).toString('hex').padEnd(64, '0'), containerName: name, app, env: 'prod' },
  ...{ instance: name, image: app, version: '1', named: { app: 'test', env: 'test' }, state, health: null },
  ...{ createdAt: T0, startedAt: T0, finishedAt: null, exitCode: null, oomKilled: false, restarts: 0 },
  ...{ reader: 'json-file', logDriver: 'json-file', warnings: [] },
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-figures-'));
  const store = createMemoryLogStore();
  const clock = movableClock();
  const { metrics } = defaultConfig();
  samples = await createEmbeddedMetricStore({ file: join(dir, 'metrics.db'), metrics, intervalMs: 10_000, clock });
  h = await startHarness({
    store,
    deps: { metrics: composeMetricStores([createLogMetricStore({ store, clock }), samples]) },
  });
  for (let i = 0; i < 40; i++) {
    const row = (name: string, app: string, mib: number, rest: object) =>
      sampleRow({ containerName: name, app, instance: name, values: { memory_bytes: mib * MIB, ...rest } });
    await samples.append([
      samplesBatch({
        time: NOW - 395e6 + i * 10e6,
        rows: [
          row('shop-1', 'shop', 190, { cpu_seconds: i * 5, memory_limit_bytes: 200 * MIB, oom_kills: 0 }),
          row('shop-2', 'shop', 190, { cpu_seconds: i * 2.5, memory_limit_bytes: 200 * MIB, oom_kills: 0 }),
          row('big-1', 'big', 100, { memory_limit_bytes: 1000 * MIB, cpu_seconds: 0, cpu_limit_cores: 2 }),
          row('pay-1', 'pay', 50, {}),
        ],
        values: { cpu_seconds: i * 20, cpu_cores: 4, memory_bytes: 900 * MIB },
      }),
    ]);
  }
  await h.feed(
    linesBatch({
      source: source({ app: 'shop', containerName: 'shop-1', container: container('shop-1', 'shop').container }),
      messages: Array.from({ length: 10 }, () => 'boom'),
      times: Array.from({ length: 10 }, (_, i) => NOW - 100e6 + i * 1e6),
      levels: Array.from({ length: 10 }, () => 5),
    }),
  );
  const kept = [
    container('shop-1', 'shop'),
    container('shop-2', 'shop'),
    container('pay-1', 'pay'),
    container('big-1', 'big', 'exited'),
  ];
  await h.state.put<InventoryDoc>(INVENTORY_KIND, 'h1', {
    host: 'h1',
    containers: kept.map((one) => ({ ...one, lastLineAt: null, seenAt: NOW })) as never,
  });
  await h.report('h1', NOW);
});
afterAll(async () => {
  await h?.close();
  await samples?.close();
  rmSync(dir, { recursive: true });
});

const by = (items: Record<string, unknown>[], key: string): Record<string, never> =>
  Object.fromEntries(items.map((one) => [one[key], one])) as Record<string, never>;

describe('figures in lists', () => {
  test('apps have what their containers use together; what is not known is null', async () => {
    const { items } = (await h.get('/api/v1/apps')).json;
    for (const item of items) expect(Value.Errors(AppSchema, item)).toEqual([]);
    const { shop, pay } = by(items, 'app') as Record<string, { figures: Record<string, number | null> }>;
    expect(shop.figures).toMatchObject({ memoryBytes: 380 * MIB, memoryLimitBytes: 400 * MIB, memoryRatio: 0.95 });
    expect(shop.figures.cpuCores).toBeCloseTo(0.75, 3);
    expect(shop.figures.errorsPerMinute).toBe(2);
    expect(pay.figures).toMatchObject({ memoryBytes: 50 * MIB, memoryLimitBytes: null, cpuCores: null, pids: null });
    expect(pay.figures.errorsPerMinute).toBeNull();
  });

  test('containers have their own, and one that does not run has none', async () => {
    const { items } = (await h.get('/api/v1/containers')).json;
    for (const item of items) expect(Value.Errors(ContainerSchema, item)).toEqual([]);
    const named = by(items, 'containerName') as Record<string, { figures: Record<string, number | null> }>;
    expect(named['shop-1'].figures).toMatchObject({ memoryBytes: 190 * MIB, errorsPerMinute: 2 });
    expect(named['shop-1'].figures.cpuCores).toBeCloseTo(0.5, 3);
    expect(named['big-1'].figures.memoryBytes).toBeNull();
  });

  test('a host has its own totals for who sees everything, and for others what they may see', async () => {
    const [host] = (await h.get('/api/v1/hosts')).json.items;
    expect(Value.Errors(HostSchema, host)).toEqual([]);
    expect(host.figures.memoryBytes).toBe(530 * MIB);
    expect(host.totals).toMatchObject({ cpuTotalCores: 4, memoryBytes: 900 * MIB, diskUsedBytes: null });
    expect(host.totals.cpuCores).toBeCloseTo(2, 3);
    const { secret } = await h.token('reader', [{ app: 'pay', env: '*' }]);
    const [part] = (await h.get('/api/v1/hosts', secret)).json.items;
    expect(part.figures.memoryBytes).toBe(50 * MIB);
    expect(new Set(Object.values(part.totals))).toEqual(new Set([null]));
    const series = await h.get('/api/v1/metrics/series?metric=host_load&by=host&from=now-10m', secret);
    expect(series.json.series).toEqual([]);
  });
});

describe('GET /api/v1/metrics/now', () => {
  test('has every figure, by one label or several, filtered and under the scope', async () => {
    const { json } = await h.get('/api/v1/metrics/now?by=app');
    expect(Value.Errors(MetricNowAnswerSchema, json)).toEqual([]);
    expect(json.items.map((one: { labels: object }) => one.labels)).toEqual([
      { app: 'big' },
      { app: 'pay' },
      { app: 'shop' },
    ]);
    const pairs = (await h.get('/api/v1/metrics/now?by=host&by=container&app=shop')).json.items;
    expect(pairs.map((one: { labels: object }) => one.labels)).toEqual([
      { host: 'h1', container: 'shop-1' },
      { host: 'h1', container: 'shop-2' },
    ]);
    const { secret } = await h.token('reader', [{ app: 'pay', env: 'prod' }]);
    const mine = (await h.get('/api/v1/metrics/now?by=app&app=*', secret)).json.items;
    expect(mine.map((one: { labels: { app: string } }) => one.labels.app)).toEqual(['pay']);
    expect((await h.get('/api/v1/metrics/now?by=level')).status).toBe(400);
  });
});

describe('GET /api/v1/capacity', () => {
  test('says what to raise, to limit and to lower, in that order', async () => {
    const { json } = await h.get('/api/v1/capacity');
    expect(Value.Errors(CapacityAnswerSchema, json)).toEqual([]);
    expect(json.items.map((one: { app: string }) => one.app)).toEqual(['shop', 'pay', 'big']);
    const [shop, pay, big] = json.items;
    expect(shop.memory).toMatchObject({ limit: 400 * MIB, p95: 380 * MIB, hint: 'raise' });
    expect(shop.memory.ratio).toBeCloseTo(0.95, 2);
    expect(shop.memory.proposed / MIB).toBeCloseTo(494, -1);
    expect(pay.memory).toMatchObject({ limit: null, hint: 'no_limit' });
    expect(pay.cpu.hint).toBe('unknown');
    expect(big.memory).toMatchObject({ hint: 'lower' });
    expect(big.memory.proposed / MIB).toBeCloseTo(130, 0);
    const { secret } = await h.token('reader', [{ app: 'pay', env: 'prod' }]);
    expect((await h.get('/api/v1/capacity', secret)).json.items.map((one: { app: string }) => one.app)).toEqual([
      'pay',
    ]);
    expect((await h.get('/api/v1/capacity?app=shop', secret)).json.items).toEqual([]);
  });
});

describe('a store of figures that is away', () => {
  test('leaves lists without figures, and does not take them along', async () => {
    const away = { ...samples, glance: () => Promise.reject(new Error('away')) };
    const other = await startHarness({ deps: { metrics: away } });
    await other.state.put<InventoryDoc>(INVENTORY_KIND, 'h1', {
      host: 'h1',
      containers: [{ ...container('shop-1', 'shop'), lastLineAt: null, seenAt: NOW }] as never,
    });
    const { status, json } = await other.get('/api/v1/apps');
    expect(status).toBe(200);
    expect(new Set(Object.values(json.items[0].figures))).toEqual(new Set([null]));
    expect(other.logged.some((line) => line.message.includes('cannot read figures'))).toBe(true);
    await other.close();
  });
});
