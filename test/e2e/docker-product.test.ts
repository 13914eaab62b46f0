import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiContainer, ApiEvent, ApiRecord } from '../../api/contract.ts';
import { type Product, startProduct } from '../../bench/product.ts';
import { dose } from '../doses.ts';
import { startDocker } from '../servers/docker.ts';

const docker = await startDocker();
const WITHIN = { timeout: 60_000, interval: 100 };
const LINES = 400;

/** Writes `LINES` numbered lines as fast as the shell can, then stays. */
const talker = (name: string): string[] => [
  'sh',
  '-c',
  `i=0; while [ $i -lt ${LINES} ]; do echo "seq=$i of ${name} 支付回调处理失败 ${'x'.repeat(60)}"; i=$((i+1)); done; sleep 1000`,
];

describe.skipIf(!docker)('the whole product with a real Docker engine', () => {
  const engine = docker!;
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-product-'));
  let product: Product;

  const start = (): Promise<Product> =>
    startProduct({
      dataDir: join(dir, 'data'),
      env: {
        FLEETLOG_COLLECTOR_DOCKER_SOCKET: engine.socket,
        FLEETLOG_COLLECTOR_CONTAINERS_DIR: engine.containersDir,
        FLEETLOG_COLLECTOR_HOST: 'docker-host',
        FLEETLOG_COLLECTOR_STATUS_MS: '200',
      },
    });
  const records = async (query: string): Promise<ApiRecord[]> => {
    const text = await (
      await product.get(`logs/export?order=asc&format=ndjson&from=now-1h&query=${encodeURIComponent(query)}`)
    ).text();
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ApiRecord);
  };

  beforeAll(async () => {
    product = await start();
    await product.ready();
  });
  afterAll(async () => {
    if (product.alive()) await product.stop();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('20 containers through rotations: every line once, in order, under the right app, env, host and instance', async () => {
    const made = Array.from({ length: 20 }, (_, i) => ({
      name: `talker-${i}`,
      app: `app-${i % 6}`,
      env: i % 2 ? 'prod' : 'test',
    }));
    const ids = await Promise.all(
      made.map((one) =>
        engine.run({ ...one, command: talker(one.name), logOpts: { 'max-size': '20k', 'max-file': '5' } }),
      ),
    );
    for (const [i, { name, app, env }] of made.entries()) {
      await expect.poll(async () => (await records(`container:${ids[i]}`)).length, WITHIN).toBe(LINES);
      const found = await records(`container:${ids[i]}`);
      expect(found.map((record) => record.message.split(' ')[0])).toEqual(
        Array.from({ length: LINES }, (_, n) => `seq=${n}`),
      );
      expect(found[0]).toMatchObject({
        app,
        env,
        host: 'docker-host',
        container: ids[i],
        containerName: name,
        instance: name,
        stream: 'stdout',
      });
    }
    expect((await records('"回调处理" -seq:>0')).length).toBe(made.length);
  });

  test('containers run with --rm leave all their lines, also the last one without an end', async () => {
    const count = dose(15, 1_000);
    for (let at = 0; at < count; at += 5) {
      await Promise.all(
        Array.from({ length: Math.min(5, count - at) }, (_, k) =>
          engine.run({
            name: `short-${at + k}`,
            app: 'short',
            env: 'rm',
            rm: true,
            command: ['sh', '-c', 'echo one; echo two >&2; printf three'],
          }),
        ),
      );
    }
    await expect.poll(async () => (await records('app:short')).length, WITHIN).toBe(3 * count);
    const each = new Map<string, string[]>();
    for (const { containerName, message } of await records('app:short'))
      each.set(containerName, [...(each.get(containerName) ?? []), message]);
    expect([...each.values()].every((lines) => [...lines].sort().join() === 'one,three,two')).toBe(true);
  });

  test('a daemon that restarts is found again: containers made before and after are read on', async () => {
    const before = await engine.run({
      name: 'before',
      app: 'over',
      env: 'restart',
      restart: 'always',
      command: ['sh', '-c', 'echo up; sleep 1000'],
    });
    await expect.poll(async () => (await records(`container:${before}`)).length, WITHIN).toBe(1);
    await engine.restartDaemon();
    const after = await engine.run({
      name: 'after',
      app: 'over',
      env: 'restart',
      command: ['sh', '-c', 'echo up; sleep 1000'],
    });
    await expect.poll(async () => (await records(`container:${before}`)).length, WITHIN).toBe(2);
    await expect.poll(async () => (await records(`container:${after}`)).length, WITHIN).toBe(1);
  });

  test('ends are events with their exit code, the inventory keeps what was removed, and all of it outlives a restart of ours', async () => {
    const id = await engine.run({
      name: 'breaks',
      app: 'breaks',
      env: 'prod',
      command: ['sh', '-c', 'echo going; exit 3'],
    });
    await engine.wait(id);
    const dies = async (): Promise<ApiEvent[]> =>
      (await product.json<{ items: ApiEvent[] }>('events?app=breaks&from=now-1h')).items.filter(
        (event) => event.type === 'die',
      );
    await expect.poll(dies, WITHIN).toMatchObject([{ type: 'die', exitCode: 3, containerName: 'breaks' }]);
    expect((await records('app:breaks')).map((record) => record.message)).toEqual(['going']);
    await engine.remove(id);
    const states = async (): Promise<string[]> =>
      (await product.json<{ items: ApiContainer[] }>('containers?app=breaks')).items.map(
        (container) => container.state,
      );
    await expect.poll(states, WITHIN).toEqual(['removed']);
    expect((await product.stop()).code).toBe(0);
    product = await start();
    await product.ready();
    expect((await records('app:breaks')).length).toBe(1);
    expect(await states()).toEqual(['removed']);
    expect(await dies()).toHaveLength(1);
  });
});
