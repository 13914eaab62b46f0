import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApiRecord, LogsAnswer } from '../../api/contract.ts';
import { streamLines, toMicros } from '../../bench/docker-lines.ts';
import { readLedger } from '../../bench/ledger.ts';
import { type Product, startProduct } from '../../bench/product.ts';
import {
  createDockerEncoder,
  type LogLimits,
  logPath,
  openDockerLog,
  writeDockerConfig,
} from '../../cli/demo/docker-files.ts';
import { type DemoContainer, fleetContainers } from '../../cli/demo/fleet.ts';

/** The product as a child process over a directory in docker's shape: what goes into the files must come out of the API. */
const OUT = join(import.meta.dirname, '../.out');
const WITHIN = { timeout: 20_000, interval: 50 };
const FLEET = fleetContainers(21, 39);
const container = (app: string, n = 0): DemoContainer => FLEET.filter((c) => c.app === app)[n];

let dir: string;
let containersDir: string;
let product: Product;
let red = false;
const start = (): Promise<Product> =>
  startProduct({
    dataDir: join(dir, 'data'),
    logFile: join(dir, 'product.log'),
    env: {
      FLEETLOG_COLLECTOR_CONTAINERS_DIR: containersDir,
      FLEETLOG_COLLECTOR_HOST: 'pipeline-host',
      FLEETLOG_COLLECTOR_STATUS_MS: '200',
    },
  });

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  dir = mkdtempSync(join(OUT, 'pipeline-'));
  containersDir = join(dir, 'containers');
  mkdirSync(containersDir);
  product = await start();
  await product.ready();
});
afterAll(async () => {
  if (product?.alive()) await product.kill();
  if (red) process.stdout.write(`kept: ${dir}\n`);
  else rmSync(dir, { recursive: true, force: true });
});
afterEach((context) => {
  if (context.task.result?.state === 'fail') red = true;
});

/** Docker's writer for one container, with real times. */
function open(of: DemoContainer, limits?: LogLimits) {
  writeDockerConfig(containersDir, of, { running: true, createdAt: new Date(), startedAt: new Date() }, limits);
  const file = openDockerLog(logPath(containersDir, of.id), limits);
  const encode = createDockerEncoder();
  let last = 0;
  return {
    path: file.path,
    file,
    say(text: string, stderr = false): string {
      const ms = Math.max(last + 0.001, performance.timeOrigin + performance.now());
      last = ms;
      const line = encode(text, stderr, Math.floor(ms / 1000), Math.floor((ms % 1000) * 1e6));
      file.write(Buffer.from(line));
      return (JSON.parse(line.split('\n')[0]) as { time: string }).time;
    },
  };
}

const ask = (query: string, more = ''): Promise<LogsAnswer> =>
  product.json(`logs?query=${encodeURIComponent(query)}&from=now-1d&to=now%2B1h&order=asc${more}`);

async function exported(of: DemoContainer): Promise<ApiRecord[]> {
  const response = await product.get(`logs/export?container=${of.id}&from=now-1d&to=now%2B1h&order=asc&format=ndjson`);
  const records: ApiRecord[] = [];
  for await (const line of streamLines(response.body as unknown as AsyncIterable<Uint8Array>)) {
    if (line !== '') records.push(JSON.parse(line) as ApiRecord);
  }
  return records;
}

const messages = async (of: DemoContainer): Promise<string[]> => (await exported(of)).map((record) => record.message);

describe('a line', () => {
  it("is found by search, with the identity docker gives and the runtime's time", async () => {
    const of = container('shop-pay');
    const log = open(of);
    const time = log.say(
      '2026-11-21 10:24:57.961 ERROR [shop-pay,ab12] 1 --- [x] c.s.Pay : 支付回调处理失败 orderNo=20261121 ref=needle77',
      true,
    );
    await expect.poll(async () => (await ask('needle77')).records.length, WITHIN).toBe(1);
    const [record] = (await ask('支付回调 app:shop-pay level:error')).records;
    expect(record).toMatchObject({
      time: toMicros(time),
      app: 'shop-pay',
      env: of.env,
      host: 'pipeline-host',
      container: of.id,
      containerName: of.name,
      instance: of.name,
      stream: 'stderr',
      level: 'error',
      image: expect.stringContaining('shop/pay') as unknown,
      version: of.version,
    });
    log.file.close();
  });

  it('gets its app from labels and from compose where there is no variable', async () => {
    for (const [app, word] of [
      ['risk', 'fromlabels'],
      ['session-cache', 'fromcompose'],
    ]) {
      const log = open(container(app));
      log.say(`INFO ${word}`);
      await expect
        .poll(async () => (await ask(word)).records.map((r) => [r.app, r.env]), WITHIN)
        .toEqual([[app, container(app).env]]);
      log.file.close();
    }
  });

  it("comes back byte for byte: Chinese, quotes, tabs, markup, emoji, a long one past docker's parts", async () => {
    const of = container('notify');
    const log = open(of);
    const texts = [
      '纯中文，标点。',
      '{"msg":"a \\"quoted\\" <b>&amp;"}',
      'a\ttab',
      '😀 ü é',
      `long ${'0123456789'.repeat(5_000)}`,
      'trailing space ',
    ];
    for (const text of texts) log.say(text);
    await expect.poll(async () => (await exported(of)).length, WITHIN).toBe(texts.length);
    expect(await messages(of)).toEqual(texts);
    log.file.close();
  });

  it('waits for its end: half a line is not shown, the whole one once', async () => {
    const of = container('inventory');
    const log = open(of);
    log.say('whole one');
    const inASecond = new Date(Date.now() + 1_000).toISOString();
    const line = `{"log":"second halves meet\\n","stream":"stdout","time":"${inASecond}"}\n`;
    appendFileSync(log.path, line.slice(0, 30));
    await expect.poll(() => messages(of), WITHIN).toEqual(['whole one']);
    appendFileSync(log.path, line.slice(30));
    await expect.poll(() => messages(of), WITHIN).toEqual(['whole one', 'second halves meet']);
    log.file.close();
  });
});

describe('a trace', () => {
  it("is one record, with its first line's level; the next line is another", async () => {
    const of = container('shop-order');
    const log = open(of);
    const trace = [
      '2026-11-21 10:24:57.961 ERROR [shop-order] 1 --- [x] c.s.O : 创建订单失败 orderNo=1 原因=支付超时',
      'java.net.SocketTimeoutException: Read timed out',
      '\tat com.shop.order.Service.call(Service.java:88)',
      '\tat java.base/java.lang.Thread.run(Thread.java:1583)',
      'Caused by: java.io.IOException: reset',
      '\t... 12 more',
    ];
    for (const text of trace) log.say(text, true);
    log.say('2026-11-21 10:24:58.001  INFO [shop-order] 1 --- [x] c.s.O : next', true);
    await expect.poll(async () => (await exported(of)).length, WITHIN).toBe(2);
    const [first, second] = await exported(of);
    expect(first.message).toBe(trace.join('\n'));
    expect([first.level, second.level]).toEqual(['error', 'info']);
    log.file.close();
  });

  it('at the end of what is written does not wait for ever', async () => {
    const of = container('report-worker');
    const log = open(of);
    const trace = [
      'ERROR task failed',
      'Traceback (most recent call last):',
      '  File "/app/t.py", line 3, in run',
      '    go()',
      'ValueError: no',
    ];
    for (const text of trace) log.say(text, true);
    await expect.poll(() => messages(of), WITHIN).toEqual([trace.join('\n')]);
    log.file.close();
  });
});

describe('rotation', () => {
  it.each([
    ['plain', 'gateway', { maxBytes: 4_000, maxFiles: 5 }],
    ['compressed', 'datanode', { maxBytes: 4_000, maxFiles: 5, compress: true }],
    ['with nothing kept', 'coupon', { maxBytes: 4_000, maxFiles: 1 }],
  ])('%s: every line once and in order', async (_, app, limits) => {
    const of = container(app);
    const log = open(of, limits);
    const texts: string[] = [];
    // In steps the product can follow: a rotation at docker's own pace, not in a microsecond.
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 20; i++) {
        texts.push(`INFO ${app} round ${round} line ${i} ${'x'.repeat(40)}`);
        log.say(texts.at(-1)!);
      }
      await expect.poll(async () => (await exported(of)).length, WITHIN).toBe(texts.length);
    }
    expect(log.file.rotations).toBeGreaterThan(0);
    expect(await messages(of)).toEqual(texts);
    log.file.close();
  });

  it('several times at once, while the old files are still there: every line once and in order', async () => {
    const of = container('user-center');
    const log = open(of, { maxBytes: 2_000, maxFiles: 100 });
    const texts = Array.from({ length: 800 }, (_, i) => `INFO burst line ${i}`);
    for (const text of texts) log.say(text);
    expect(log.file.rotations).toBeGreaterThan(20);
    await expect.poll(async () => (await exported(of)).length, WITHIN).toBe(texts.length);
    expect(await messages(of)).toEqual(texts);
    log.file.close();
  });

  it('a truncated file begins anew', async () => {
    const of = container('bastion');
    const log = open(of);
    log.say('before the truncation');
    await expect.poll(() => messages(of), WITHIN).toEqual(['before the truncation']);
    truncateSync(log.path, 0);
    log.say('after the truncation, and longer than what was there before');
    await expect.poll(async () => (await messages(of)).at(-1), WITHIN).toContain('after the truncation');
    expect(await messages(of)).toHaveLength(2);
    log.file.close();
  });
});

describe('stop and start', () => {
  it('ends within 10 s on SIGTERM, reads what was written meanwhile, and loses or doubles nothing', async () => {
    const of = container('search-api');
    const log = open(of, { maxBytes: 20_000, maxFiles: 50, compress: true });
    const texts: string[] = [];
    const say = (count: number): void => {
      for (let i = 0; i < count; i++) {
        texts.push(`level=INFO msg="restart ${texts.length}" trace_id=${'a'.repeat(32)}`);
        log.say(texts.at(-1)!);
      }
    };
    say(300);
    await expect.poll(async () => (await exported(of)).length, WITHIN).toBe(texts.length);
    for (let restart = 0; restart < 2; restart++) {
      say(200);
      const { code, ms } = await product.stop();
      expect(code).toBe(0);
      expect(ms).toBeLessThan(10_000);
      // Two rotations while it is down.
      say(300);
      product = await start();
      await product.ready();
      say(50);
      await expect.poll(async () => (await exported(of)).length, WITHIN).toBe(texts.length);
      expect(await messages(of)).toEqual(texts);
    }
    log.file.close();
  });

  it('accounts for every byte of every file in the ledger', async () => {
    const files = new Map<string, number>();
    for (const id of readdirSync(containersDir))
      files.set(logPath(containersDir, id), statSync(logPath(containersDir, id)).size);
    const unequal = async (): Promise<string[]> => {
      const items = await readLedger(product);
      const problems: string[] = [];
      for (const [path, size] of files) {
        const live = items.filter((item) => item.source.path === path && item.state !== 'gone' && item.size === size);
        if (live.length === 0) problems.push(`${path}: no row of ${size} bytes`);
      }
      for (const item of items) {
        const dropped = Object.values(item.dropped).reduce((sum, n) => sum + n, 0);
        if (item.read !== item.searchable + dropped + item.inFlight)
          problems.push(`${item.source.path}: ${JSON.stringify(item)}`);
        if (item.inFlight > 0 || item.read < item.size) problems.push(`open: ${JSON.stringify(item)}`);
      }
      return problems;
    };
    await expect.poll(unequal, WITHIN).toEqual([]);
  });

  it('says what it holds in /metrics and writes no error to its log', async () => {
    const metrics = await (await fetch(`${product.url}/metrics`)).text();
    expect(metrics).toMatch(/^fleetlog_/m);
    const errors = readFileSync(product.logFile, 'utf8')
      .split('\n')
      .filter((line) => /"level":(50|60|"error"|"fatal")/.test(line));
    expect(errors).toEqual([]);
  });
});
