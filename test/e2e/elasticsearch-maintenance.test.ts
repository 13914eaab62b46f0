import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Query } from '../../model/query/tree.ts';
import { createIndexNames, DAY_US } from '../../store/elasticsearch/index-names.ts';
import { lifecyclePolicy } from '../../store/elasticsearch/lifecycle.ts';
import { logsTemplate } from '../../store/elasticsearch/template.ts';
import type { LogStore } from '../../store/log-store.ts';
import { shareElasticsearch } from '../servers/elasticsearch.ts';
import { linesBatch, source } from '../suites/batches.ts';
import {
  type ElasticsearchChange,
  elasticsearchConfig,
  openElasticsearchStore,
  removePrefix,
} from '../suites/elasticsearch-fixture.ts';
import { startElasticsearchProxy } from '../suites/elasticsearch-proxy.ts';
import { standingClock } from '../suites/embedded-fixture.ts';
import { MIXED_START } from '../suites/mixed-records.ts';

const ALL: Query = { type: 'all' };
const WHOLE = { from: 0, to: Number.MAX_SAFE_INTEGER };
const NOON = MIXED_START + DAY_US / 2;

const server = await shareElasticsearch();
const url = server?.url as string;
afterAll(() => server?.leave());

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(change: ElasticsearchChange = {}, at = url) {
  const config = elasticsearchConfig([at], change.elasticsearch);
  ends.push(() => removePrefix(url, config.prefix));
  const store = await openElasticsearchStore(config, { clock: standingClock(NOON), ...change, elasticsearch: {} });
  ends.push(() => store.close());
  return { store, config };
}

/** One line `days` before noon of the suite's day. */
const line = (days: number, app = 'shop') =>
  linesBatch({
    fid: `${app}${days}`.padStart(32, '0').replaceAll(/[^0-9a-f]/g, 'a'),
    messages: [`${app} ${days} days ago`],
    times: [NOON - days * DAY_US],
    source: source({ app }),
  });

async function left(store: LogStore): Promise<string[]> {
  const { records } = await store.search({ query: ALL, ...WHOLE, order: 'desc', limit: 100 });
  return records.map(({ message }) => message);
}

async function indices(prefix: string): Promise<string[]> {
  const answer = await fetch(`${url}/_cat/indices/${prefix}-logs-*?h=index&format=json`);
  return ((await answer.json()) as { index: string }[]).map(({ index }) => index).sort();
}

describe.skipIf(!server)('retention deletes whole days', () => {
  test('by the age of each class, which is fixed when a line comes', async () => {
    const classes = [{ name: 'short', app: 'noisy', env: '*', days: 2, bytes: 0 }];
    const clock = standingClock(NOON);
    const { store, config } = await open({ clock, retention: { days: 5, classes } });
    const kept = await store.append([line(0), line(1), line(4), line(0, 'noisy'), line(1, 'noisy')]);
    expect(kept).toEqual({ stored: 5, suppressed: 0, tooOld: 0 });
    expect(await store.append([line(9), line(3, 'noisy')])).toEqual({ stored: 0, suppressed: 0, tooOld: 2 });
    expect(await indices(config.prefix)).toEqual(
      ['default-2026.11.17', 'default-2026.11.20', 'default-2026.11.21', 'short-2026.11.20', 'short-2026.11.21'].map(
        (name) => `${config.prefix}-logs-${name}`,
      ),
    );
    expect(await store.maintain()).toMatchObject({ segmentsRemoved: 0 });
    clock.forward((2 * DAY_US) / 1_000);
    expect(await store.maintain()).toMatchObject({ segmentsRemoved: 2, notes: [{ code: 'retention', age: 2 }] });
    expect((await left(store)).sort()).toEqual(['noisy 0 days ago', 'shop 0 days ago', 'shop 1 days ago']);
    expect((await store.maintain()).segmentsRemoved).toBe(0);
  });

  test('by the bytes of a class and of all, oldest first', async () => {
    const classes = [{ name: 'small', app: 'noisy', env: '*', days: 30, bytes: 1 }];
    const { store } = await open({ retention: { days: 30, classes } });
    await store.append([line(0), line(1), line(0, 'noisy'), line(1, 'noisy')]);
    expect(await store.maintain()).toMatchObject({ segmentsRemoved: 2, notes: [{ class_bytes: 2 }] });
    expect(await left(store)).toEqual(['shop 0 days ago', 'shop 1 days ago']);

    const tight = await open({ retention: { days: 30, bytes: 1 } });
    await tight.store.append([line(0), line(1)]);
    expect(await tight.store.maintain()).toMatchObject({ segmentsRemoved: 2, notes: [{ total_bytes: 2 }] });
    // What was deleted for its size is taken again when it comes again.
    expect((await tight.store.append([line(1)])).tooOld).toBe(0);
  });

  test('when a disk of the cluster is nearly full, but never the running day', async () => {
    const proxy = await startElasticsearchProxy(url);
    ends.push(() => proxy.close());
    const { store } = await open({}, proxy.url);
    await store.append([line(0), line(1), line(2)]);
    expect((await store.maintain()).notes).toEqual([]);
    const disk = { roles: ['data_hot'], fs: { total: { total_in_bytes: 1e12, available_in_bytes: 6e10 } } };
    proxy.answer = (path, text) =>
      path.startsWith('/_nodes/stats/fs') ? JSON.stringify({ nodes: { n: disk } }) : text;
    expect((await store.maintain()).notes).toMatchObject([{ code: 'disk_low_oldest_removed', removed: 1 }]);
    expect(await left(store)).toEqual(['shop 0 days ago', 'shop 1 days ago']);
    expect((await store.maintain()).segmentsRemoved).toBe(1);
    expect(await store.maintain()).toMatchObject({ segmentsRemoved: 0, notes: [{ code: 'disk_full_refusing' }] });
    expect(await left(store)).toEqual(['shop 0 days ago']);
  });

  test('lines far ahead of the clock share an index, which goes by its last line', async () => {
    const clock = standingClock(NOON);
    const { store, config } = await open({ clock, retention: { days: 5 } });
    await store.append([line(-400), line(-900), line(0)]);
    expect(await indices(config.prefix)).toEqual([
      `${config.prefix}-logs-default-2026.11.21`,
      `${config.prefix}-logs-default-ahead`,
    ]);
    expect(await left(store)).toHaveLength(3);
    clock.forward((907 * DAY_US) / 1_000);
    expect((await store.maintain()).segmentsRemoved).toBe(2);
  });

  test('figures tell what is held', async () => {
    const { store } = await open();
    expect(await store.stats()).toMatchObject({ records: 0, oldest: null, newest: null, classes: [] });
    await store.append([line(0), line(1), line(1)]);
    const stats = await store.stats();
    expect(stats).toMatchObject({ records: 2, oldest: NOON - DAY_US, newest: NOON, suppressed: 1, segments: 2 });
    expect(stats.diskBytes).toBeGreaterThan(0);
    expect(stats.classes).toMatchObject([{ name: 'default', records: 2, oldest: NOON - DAY_US }]);
  });
});

describe.skipIf(!server)('a cluster that cannot be used as configured', () => {
  test('has no lifecycle policies', async () => {
    await expect(open({ elasticsearch: { ilm: true } })).rejects.toMatchObject({
      code: 'bad_config',
      hint: expect.stringContaining('deletes old indices by itself'),
    });
  });

  test('was written by a later version', async () => {
    const config = elasticsearchConfig([url]);
    ends.push(() => removePrefix(url, config.prefix));
    const template = logsTemplate(config, createIndexNames(config.prefix), null);
    template._meta.fleetlog.format = 99;
    const headers = { 'content-type': 'application/json' };
    const path = `${url}/_index_template/${config.prefix}-logs`;
    const put = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(template) });
    expect(put.status).toBe(200);
    await expect(openElasticsearchStore(config)).rejects.toMatchObject({ code: 'format_newer' });
  });

  test('is not there yet: reads and writes say so, and work once it is', async () => {
    const proxy = await startElasticsearchProxy(url);
    ends.push(() => proxy.close());
    proxy.request = () => 'cut';
    const { store } = await open({ elasticsearch: { timeoutMs: 1_000 } }, proxy.url);
    const gone = { code: 'unavailable', hint: expect.stringContaining('elasticsearch.nodes') };
    await expect(store.count({ query: ALL, ...WHOLE })).rejects.toMatchObject(gone);
    await expect(store.append([line(0)])).rejects.toMatchObject(gone);
    proxy.request = null;
    expect((await store.append([line(0)])).stored).toBe(1);
  });

  test('refuses the login', async () => {
    const proxy = await startElasticsearchProxy(url);
    ends.push(() => proxy.close());
    const reason = 'unable to authenticate user [fleetlog] for REST request [/_bulk]';
    proxy.request = () => ({ status: 401, body: { error: { type: 'security_exception', reason }, status: 401 } });
    const { store } = await open({ elasticsearch: { timeoutMs: 1_000 } }, proxy.url);
    await expect(store.count({ query: ALL, ...WHOLE })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(reason),
    });
  });

  test('has an index of that name without our mapping', async () => {
    const { store, config } = await open({ elasticsearch: { timeoutMs: 1_000 } });
    await fetch(`${url}/_index_template/${config.prefix}-logs`, { method: 'DELETE' });
    await fetch(`${url}/${config.prefix}-logs-default-2026.11.21`, { method: 'PUT' });
    await expect(store.append([line(0)])).rejects.toMatchObject({
      message: expect.stringContaining('without our template'),
    });
  });

  test('takes so long that a read gives up', async () => {
    const proxy = await startElasticsearchProxy(url);
    ends.push(() => proxy.close());
    const { store } = await open({}, proxy.url);
    const range = { query: ALL, ...WHOLE, timeoutMs: 1 };
    await store.append([line(0)]);
    await expect(store.count(range)).rejects.toMatchObject({ code: 'query_timeout' });
    const page = await store.search({ ...range, order: 'desc', limit: 5 });
    expect(page).toMatchObject({ records: [], more: true, notes: [{ code: 'time_limit_reached' }] });
  });
});

test('the lifecycle policy keeps as long as the longest class', () => {
  expect(lifecyclePolicy(30)).toMatchObject({ policy: { phases: { delete: { min_age: '31d' } } } });
  const config = { shards: 1, replicas: 1, codec: 'default', ilm: true } as const;
  expect(logsTemplate(config, createIndexNames('fleet'), 'fleet-logs').template.settings).toMatchObject({
    'index.lifecycle.name': 'fleet-logs',
    'index.lifecycle.parse_origination_date': 'true',
  });
});
