import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Running, startNode } from '../command-line.ts';
import { ROOT } from '../source-files.ts';

const FLEETLOG = join(ROOT, 'bin/fleetlog.mjs');
const NODE24 = join(ROOT, 'bin/node24.mjs');

let home: string;
const children = new Set<ChildProcess>();

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fleetlog-process-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(home, { recursive: true, force: true });
});

function start(file: string, args: string[]): Running {
  const running = startNode(file, home, args);
  children.add(running.child);
  return running;
}

describe('bin/node24.mjs', () => {
  test('gives the exit code of what it runs', async () => {
    writeFileSync(join(home, 'seven.mjs'), 'process.exit(7)');
    expect((await start(NODE24, [join(home, 'seven.mjs')]).ended).code).toBe(7);
  });

  test('passes arguments and signals on', async () => {
    const script = `
      console.log(process.argv.slice(2).join('|'));
      process.on('SIGTERM', () => process.exit(9));
      setInterval(() => {}, 1000);
      console.log('ready');`;
    writeFileSync(join(home, 'wait.mjs'), script);
    const running = start(NODE24, [join(home, 'wait.mjs'), 'a b', '--c']);
    await running.says(/ready/);
    running.child.kill('SIGTERM');
    const { code, out } = await running.ended;
    expect(code).toBe(9);
    expect(out).toContain('a b|--c');
  });

  test('dies of the signal that what it runs died of', async () => {
    writeFileSync(join(home, 'die.mjs'), "process.kill(process.pid, 'SIGKILL')");
    expect((await start(NODE24, [join(home, 'die.mjs')]).ended).signal).toBe('SIGKILL');
  });

  test('without a file it says how it is used', async () => {
    const { code, err } = await start(NODE24, []).ended;
    expect(code).toBe(2);
    expect(err).toContain('usage:');
  });
});

describe('the command', () => {
  test('ends with the exit code of its command', async () => {
    expect((await start(FLEETLOG, ['--version']).ended).code).toBe(0);
    expect((await start(FLEETLOG, ['serch']).ended).code).toBe(2);
    // Nothing listens on the discard port.
    expect((await start(FLEETLOG, ['apps', '--url', 'http://127.0.0.1:9']).ended).code).toBe(3);
  });

  test('ends well when its reader goes away', async () => {
    const rows = Array.from({ length: 1000 }, () => ({ message: 'x'.repeat(10_000) }));
    const server = createServer((_, response) =>
      response.end(JSON.stringify({ records: rows, next: 'more', completeTo: null, gaps: [], notes: [] })),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const running = start(FLEETLOG, ['search', '-o', 'ndjson', '--limit', '1000000', '--url', url]);
    await once(running.child.stdout as NodeJS.ReadableStream, 'data');
    running.child.stdout?.destroy();
    const { code, err } = await running.ended;
    server.closeAllConnections();
    server.close();
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('stops in order at SIGTERM, and at signals that arrive together: one Ctrl-C is passed on by npm too', async () => {
    for (const signals of [['SIGTERM'], ['SIGINT', 'SIGTERM']] as const) {
      const running = start(FLEETLOG, ['docker-proxy', '--listen', '127.0.0.1:0', '--socket', join(home, 'none.sock')]);
      await running.says(/docker-proxy listens on/);
      for (const signal of signals) running.child.kill(signal);
      const { code, signal } = await running.ended;
      expect([code, signal]).toEqual([0, null]);
    }
  });
});
