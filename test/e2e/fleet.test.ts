import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiMove, ApiRecord, ContextAnswer, LogsAnswer } from '../../api/contract.ts';
import { type Product, startProduct } from '../../bench/product.ts';
import { ensureDashboard } from '../../cli/dashboard-build.ts';
import { fleetlog } from '../command-line.ts';
import { findChromium } from '../servers/chromium.ts';
import { startDocker } from '../servers/docker.ts';
import { shareElasticsearch } from '../servers/elasticsearch.ts';
import { startKafka } from '../servers/kafka.ts';
import { fleetSettings } from '../suites/fleet-parts.ts';
import { openPage, startBrowser } from './browser-harness.ts';

/** Real Docker → Kafka → Elasticsearch, every role apart, two ingest and two API processes; asked as people ask: API, page, command line. */
const docker = await startDocker();
const kafka = docker ? await startKafka() : null;
const elasticsearch = kafka ? await shareElasticsearch() : null;
const chromium = await findChromium();

const WITHIN = { timeout: 60_000, interval: 200 };
const LINES = 200;
const DAY = 'from=now-1h&to=now%2B1h';
const talker = (name: string): string[] => [
  'sh',
  '-c',
  `i=0; while [ $i -lt ${LINES} ]; do echo "seq=$i of ${name} 支付回调处理失败 ${'x'.repeat(60)}"; i=$((i+1)); done; sleep 1000`,
];

describe.skipIf(!docker || !kafka || !elasticsearch)('a fleet', () => {
  const engine = docker!;
  const prefix = `fleet${Date.now().toString(36)}`;
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-fleet-'));
  const common: Record<string, string> = {
    ...(kafka && elasticsearch
      ? fleetSettings({ brokers: kafka.brokers, elasticsearch: elasticsearch.url, name: prefix })
      : {}),
    FLEETLOG_AUTH_MODE: 'none',
    FLEETLOG_LOG_LEVEL: 'warn',
  };
  const running: Product[] = [];
  let api: Product;
  let second: Product;

  async function start(name: string, command: 'api' | 'ingest' | 'collector' | 'start', env = {}): Promise<Product> {
    const product = await startProduct({ command, dataDir: join(dir, name), env: { ...common, ...env } });
    running.push(product);
    return product;
  }
  const records = async (from: Product, query: string): Promise<ApiRecord[]> => {
    const text = await (
      await from.get(`logs/export?order=asc&format=ndjson&${DAY}&query=${encodeURIComponent(query)}`)
    ).text();
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ApiRecord);
  };
  const cli = (args: string[]) => fleetlog(dir, args, { FLEETLOG_URL: api.url });

  beforeAll(async () => {
    expect(await ensureDashboard(AbortSignal.timeout(120_000))).toBeNull();
    [api, second] = await Promise.all([start('api-1', 'api'), start('api-2', 'api')]);
    const others = await Promise.all([
      start('ingest-1', 'ingest'),
      start('ingest-2', 'ingest'),
      start('collector', 'collector', {
        FLEETLOG_COLLECTOR_DOCKER_SOCKET: engine.socket,
        FLEETLOG_COLLECTOR_CONTAINERS_DIR: engine.containersDir,
        FLEETLOG_COLLECTOR_HOST: 'fleet-host',
        FLEETLOG_COLLECTOR_STATUS_MS: '500',
      }),
    ]);
    for (const product of [api, second, ...others]) await product.ready();
  });
  afterAll(async () => {
    await Promise.all(running.map((product) => (product.alive() ? product.stop() : null)));
    await engine.stop();
    await kafka?.stop();
    if (elasticsearch) await fetch(`${elasticsearch.url}/${prefix}-*`, { method: 'DELETE' }).catch(() => null);
    elasticsearch?.leave();
    rmSync(dir, { recursive: true, force: true });
  });

  test('containers through rotations and with --rm: every line once, in order, from both API processes', async () => {
    const made = Array.from({ length: 6 }, (_, i) => ({ name: `talker-${i}`, app: `app-${i % 3}`, env: 'prod' }));
    const ids = await Promise.all(
      made.map((one) =>
        engine.run({ ...one, command: talker(one.name), logOpts: { 'max-size': '10k', 'max-file': '5' } }),
      ),
    );
    await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        engine.run({
          name: `short-${i}`,
          app: 'short',
          env: 'rm',
          rm: true,
          command: ['sh', '-c', 'echo one; echo two >&2; printf three'],
        }),
      ),
    );
    for (const [i, { name, app, env }] of made.entries()) {
      await expect.poll(async () => (await records(api, `container:${ids[i]}`)).length, WITHIN).toBe(LINES);
      const found = await records(second, `container:${ids[i]}`);
      expect(found.map((record) => record.message.split(' ')[0])).toEqual(
        Array.from({ length: LINES }, (_, n) => `seq=${n}`),
      );
      expect(found[0]).toMatchObject({ app, env, host: 'fleet-host', containerName: name, stream: 'stdout' });
    }
    await expect.poll(async () => (await records(api, 'app:short')).length, WITHIN).toBe(15);
    expect((await records(api, '"回调处理" -seq:>0')).length).toBe(made.length);
  });

  test('answers say up to when they are complete, and nothing is a gap', async () => {
    const ask = () => api.json<LogsAnswer>(`logs?${DAY}&limit=1`);
    await expect.poll(async () => (await ask()).completeTo, WITHIN).not.toBeNull();
    expect((await ask()).gaps).toEqual([]);
  });

  test('the command line is the same: search, context, apps, containers', async () => {
    const search = await cli(['search', '回调处理', '--since', '1h', '--limit', '3', '-o', 'json']);
    expect(search.code).toBe(0);
    const { records: found } = JSON.parse(search.out) as LogsAnswer;
    expect(found.length).toBe(3);
    const context = await cli(['context', found[1].id, '--before', '1', '--after', '1']);
    expect(context.code).toBe(0);
    expect(context.out).toContain('支付回调处理失败');
    expect((await cli(['apps'])).out).toContain('app-1');
    expect((await cli(['containers'])).out).toContain('talker-0');
  });

  test.skipIf(chromium === null)(
    'the page is the same: it searches, and finds what has just been written',
    async () => {
      const browser = await startBrowser(chromium!);
      const { page, faults, close } = await openPage(browser, api.url);
      page.setDefaultTimeout(WITHIN.timeout);
      const rows = () => page.getByRole('grid', { name: 'Log lines' }).getByRole('row');
      try {
        await page.goto('/?query=app%3Aapp-0%20%E5%9B%9E%E8%B0%83%E5%A4%84%E7%90%86');
        await expect.poll(() => rows().count(), WITHIN).toBeGreaterThan(5);
        await page.goto('/?query=app%3Alive&tail=1');
        await engine.run({
          name: 'live',
          app: 'live',
          env: 'prod',
          command: ['sh', '-c', 'sleep 1; echo hello fleet'],
        });
        await expect.poll(async () => (await records(api, 'app:live')).length, WITHIN).toBe(1);
        await page.goto('/?query=hello%20fleet');
        await expect.poll(() => rows().filter({ hasText: 'hello fleet' }).count(), WITHIN).toBeGreaterThan(0);
        expect(faults).toEqual([]);
      } finally {
        await close();
        await browser.close();
      }
    },
  );

  test('a live tail sees what any ingest process stores', async () => {
    const abort = new AbortController();
    const response = await fetch(`${second.url}/api/v1/logs/tail?query=app:tailed`, { signal: abort.signal });
    const seen = (async () => {
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        if (text.includes('seen by all')) return true;
      }
      return false;
    })();
    await engine.run({ name: 'tailed', app: 'tailed', env: 'prod', command: ['sh', '-c', 'echo seen by all'] });
    expect(await seen).toBe(true);
    abort.abort();
  });

  test('an embedded store moves to it while both run: the same ids, and links go on working', async () => {
    const embedded = {
      FLEETLOG_KAFKA_BROKERS: '',
      FLEETLOG_ELASTICSEARCH_NODES: '',
      FLEETLOG_COLLECTOR_CONTAINERS_DIR: engine.containersDir,
      FLEETLOG_COLLECTOR_HOST: 'old-host',
    };
    const old = await start('old', 'start', embedded);
    await old.ready();
    const all = 'host:old-host';
    await expect.poll(async () => (await records(old, all)).length, WITHIN).toBeGreaterThanOrEqual(6 * LINES);
    const before = await records(old, all);
    const moved = await fleetlog(dir, ['move', '--to', 'elasticsearch'], {
      FLEETLOG_URL: old.url,
      FLEETLOG_ELASTICSEARCH_NODES: common.FLEETLOG_ELASTICSEARCH_NODES,
      FLEETLOG_ELASTICSEARCH_PREFIX: prefix,
      FLEETLOG_ELASTICSEARCH_REPLICAS: '0',
    });
    expect(moved.err + moved.out).toContain('done:');
    expect(moved.code).toBe(0);
    const { records: total, moved: given } = await old.json<ApiMove>('move');
    expect(given).toBe(total);
    const after = await records(api, all);
    const identity = (list: ApiRecord[]) => list.map(({ id, message, level }) => ({ id, message, level }));
    expect(identity(after)).toEqual(identity(before));
    const link = before[Math.floor(before.length / 2)].id;
    const answer = await api.json<ContextAnswer>(`logs/context?id=${link}&before=2&after=2`);
    expect(answer.anchor.id).toBe(link);
  });
});
