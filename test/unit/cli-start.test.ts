import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiContainer, ApiRecord, ContextAnswer } from '../../api/contract.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { fleetlog, type Running, startFleetlogCommand } from '../command-line.ts';
import { readRepositoryFile } from '../source-files.ts';
import { linesBatch, source } from '../suites/batches.ts';

/** The real command with everything behind it, over one log file. */
let home: string;
let running: Running;
let url: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'fleetlog-start-'));
  mkdirSync(join(home, 'logs/shop'), { recursive: true });
  write(['first line', '支付回调处理失败 orderId=4711', 'ERROR third line']);
  running = startFleetlogCommand(home, ['start', '--port', '0', ...quiet()]);
  url = await running.says(/listens on (http:\S+)/);
});
afterAll(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  rmSync(home, { recursive: true, force: true });
});

function write(lines: string[]): void {
  appendFileSync(join(home, 'logs/shop/1.log'), lines.map((line) => `${line}\n`).join(''));
}

/** Nothing of this machine is read but the one template. */
function quiet(): string[] {
  const keys = {
    'collector.dockerSocket': '',
    'collector.containersDir': '',
    'collector.podLogsDir': '',
    'collector.paths': join(home, 'logs/{app}/{instance}.log'),
    'collector.statusMs': '200',
  };
  return Object.entries(keys).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
}

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error('it did not happen in 30 s');
  }
}

/** Port 0 in the configuration: the command finds the server by what it wrote beside the data, and signs in with the token there. */
const ask = (...args: string[]) => fleetlog(home, [...args, '--set', 'http.port=0']);

async function search(...args: string[]): Promise<ApiRecord[]> {
  const { code, out, err } = await ask('search', ...args, '--since', '1d', '-o', 'ndjson');
  expect({ code, err: err.replace(/^(note|gap|complete).*\n/gm, '') }).toEqual({ code: 0, err: '' });
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ApiRecord);
}

describe('fleetlog start', () => {
  test('says where the page is, how to get in, what is read, where it is kept and how to stop', () => {
    const { out } = running.said();
    expect(out).toContain(`Page`);
    expect(out).toContain(`${url}/setup#`);
    expect(out).toMatch(/Reading .*1 log file/);
    expect(out).toContain(join(home, 'data'));
    expect(out).toContain('Ctrl-C');
  });

  test('lines are found by the command, Chinese too', async () => {
    const records = await until(async () => {
      const found = await search('--app', 'shop');
      return found.length === 3 ? found : null;
    });
    expect(records.map((record) => record.message).sort()).toEqual([
      'ERROR third line',
      'first line',
      '支付回调处理失败 orderId=4711',
    ]);
    expect((await search('回调处理')).map((record) => record.message)).toEqual(['支付回调处理失败 orderId=4711']);
    expect(await search('--app', 'nobody')).toEqual([]);
  });

  test('context shows the lines around one', async () => {
    const [{ id }] = await search('4711');
    const { code, out } = await ask('context', id, '-B', '1', '-A', '1', '-o', 'json');
    expect(code).toBe(0);
    const { before, anchor, after } = JSON.parse(out) as ContextAnswer;
    expect([...before, anchor, ...after].map((record) => record.message)).toEqual([
      'first line',
      '支付回调处理失败 orderId=4711',
      'ERROR third line',
    ]);
  });

  test('tail -f shows a line as it is written, and ends well when stopped', async () => {
    const tail = startFleetlogCommand(home, ['tail', '-f', '-n', '0', '--app', 'shop', '--url', url]);
    let n = 0;
    const line = await Promise.race([
      tail.says(/(live line \d+)/),
      // Written until one comes: the tail may not be listening yet.
      until(async () => {
        write([`live line ${n++}`]);
        await fleetlog(home, ['--version']);
        return /live line/.test(tail.said().out) ? 'live' : null;
      }),
    ]);
    expect(line).toMatch(/^live/);
    tail.child.kill('SIGINT');
    expect((await tail.ended).code).toBe(0);
  });

  test('lists, export and doctor know what runs', async () => {
    expect(await ask('apps')).toMatchObject({ code: 0, out: expect.stringMatching(/^shop /m) });
    expect(await ask('hosts')).toMatchObject({ code: 0, out: expect.stringContaining('reporting') });
    const containers = JSON.parse((await ask('containers', '-o', 'json')).out) as { items: ApiContainer[] };
    expect(containers.items.map((one) => [one.app, one.reader])).toEqual([['shop', 'file']]);
    const exported = await ask('export', '4711', '--since', '1d', '--format', 'text');
    expect(exported.out).toContain('支付回调处理失败 orderId=4711');
    const doctor = await ask('doctor', ...quiet());
    expect(doctor.out).toMatch(/ok {4}sign-in/);
    expect(doctor.out).toMatch(/held by the running server/);
  });

  test('every figure at /metrics is described in docs/telemetry.md', async () => {
    const described = new Set(
      [...readRepositoryFile('docs/telemetry.md').matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]),
    );
    // What a stage has begun to count in one scrape it names in the next.
    await (await fetch(`${url}/metrics`)).text();
    const text = await (await fetch(`${url}/metrics`)).text();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    expect(names.filter((name) => !described.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(40);
  });

  test('people and tokens come and go', async () => {
    expect(await ask('user', 'list')).toMatchObject({ code: 0 });
    const created = await ask('token', 'create', 'ci', '--scope', 'other/prod', '--days', '1');
    expect(created.code).toBe(0);
    const env = { FLEETLOG_TOKEN: created.out.trim() };
    const scoped = await fleetlog(home, ['search', '4711', '--since', '1d', '-o', 'ndjson', '--url', url], env);
    expect({ code: scoped.code, out: scoped.out }).toEqual({ code: 0, out: '' });
    const id = /^(\S+) +ci /m.exec((await ask('token', 'list')).out)?.[1] ?? '';
    expect((await ask('token', 'revoke', id)).code).toBe(0);
    expect((await fleetlog(home, ['apps', '--url', url], env)).code).toBe(3);
  });

  test('dead letters are shown, driven again where they can be read, and dropped', async () => {
    const folder = join(home, 'data/dead-letters');
    const now = Date.now() * 1000;
    const batch = linesBatch({
      source: source({ host: 'elsewhere', app: 'late' }),
      messages: ['kept for later'],
      times: [now],
    });
    writeFileSync(join(folder, '0000000000000001-000000.batch'), encodeBatch(batch));
    writeFileSync(join(folder, '0000000000000002-000000.batch'), 'no batch at all');
    expect((await ask('dead-letters', 'list')).out).toMatch(/^0000000000000001-000000 .*\n0000000000000002-000000 /m);
    expect(await ask('dead-letters', 'redrive')).toMatchObject({ code: 1, err: '1 taken, 1 left\n' });
    expect((await search('--app', 'late')).map((record) => record.message)).toEqual(['kept for later']);
    // The tokens it took for that are gone.
    expect((await ask('token', 'list')).out).not.toContain('redrive');
    expect(await ask('dead-letters', 'drop', '--all')).toMatchObject({ code: 0, err: '1 dropped\n' });
    expect(await ask('dead-letters', 'list')).toMatchObject({ code: 0, out: '', err: 'no dead letters\n' });
  });

  test('a second one on the same data is refused and says why', async () => {
    const { code, err } = await fleetlog(home, ['start', '--port', '0', ...quiet()]);
    expect(code).toBe(1);
    expect(err).toContain('another process holds it');
  });

  test('a refused query points at what is wrong', async () => {
    const { code, err } = await ask('search', 'a (b');
    expect(code).toBe(1);
    expect(err).toContain('  a (b\n');
    expect(err).toMatch(/^ +\^+$/m);
  });

  test('stops in order, also when one Ctrl-C arrives as several signals', async () => {
    expect(existsSync(join(home, 'data/address'))).toBe(true);
    running.child.kill('SIGINT');
    running.child.kill('SIGTERM');
    const { code, err } = await running.ended;
    expect(code).toBe(0);
    expect(err).toContain('stopped');
    expect(existsSync(join(home, 'data/address'))).toBe(false);
  });
});
