import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { StreamLine, StreamTarget } from '../../collector/discovery.ts';
import { startDockerProxy } from '../../collector/docker/proxy.ts';
import { type Recorder, record } from '../servers/discovery-recorder.ts';
import { startDocker } from '../servers/docker.ts';

const docker = await startDocker();
let recorder: Recorder | null = null;

afterEach(async () => {
  await recorder?.close();
  recorder = null;
});
afterAll(() => docker?.stop());

describe.skipIf(!docker)('log streams of the Docker API, with a real engine', () => {
  const engine = docker!;

  async function stream(id: string): Promise<StreamTarget> {
    recorder ??= await record({ dockerSocket: engine.socket, containersDir: engine.containersDir, lineBytes: 100_000 });
    await recorder.until('the stream', () => recorder!.live.has(`api:${id}`));
    const target = recorder.live.get(`api:${id}`);
    if (target?.kind !== 'stream') throw new Error('no stream target');
    return target;
  }

  async function lines(target: StreamTarget, sinceUs = 0): Promise<StreamLine[]> {
    const all: StreamLine[] = [];
    for await (const line of target.open(sinceUs, new AbortController().signal)) all.push(line);
    return all;
  }

  const text = (all: StreamLine[], stream: string): string[] =>
    all.filter((line) => line.stream === stream).map(({ line }) => line.toString());

  test('driver local: both outputs whole and in order, from the first line to the last, which lacks its newline', async () => {
    const script = 'i=0; while [ $i -lt 500 ]; do echo "out $i 中文"; echo "err $i" >&2; i=$((i+1)); done; printf last';
    const id = await engine.run({ name: 'local', app: 'shop', logDriver: 'local', command: ['sh', '-c', script] });
    const target = await stream(id);
    expect(target.source).toMatchObject({ app: 'shop', reader: 'api', path: '' });
    const all = await lines(target);
    expect(text(all, 'stdout')).toEqual([...Array.from({ length: 500 }, (_, i) => `out ${i} 中文`), 'last']);
    expect(text(all, 'stderr')).toEqual(Array.from({ length: 500 }, (_, i) => `err ${i}`));
    for (let i = 1; i < all.length; i++)
      if (all[i].stream === all[i - 1].stream) expect(all[i].time).toBeGreaterThanOrEqual(all[i - 1].time);
    const again = await lines(target, all[600].time);
    expect(again.length).toBeGreaterThanOrEqual(all.length - 600);
    expect(again.length).toBeLessThan(all.length);
    expect(again.at(-1)).toEqual(all.at(-1));
  });

  test.each([
    ['local', false],
    ['local', true],
    ['journald-like json-file out of reach', false],
    ['journald-like json-file out of reach', true],
  ])('lines longer than 16 KiB: %s, TTY %s', async (driver, tty) => {
    const away = driver !== 'local';
    if (away) recorder = await record({ dockerSocket: engine.socket, lineBytes: 100_000 });
    const sizes = [1, 16_383, 16_384, 16_385, 32_768, 40_000, 150_000, 3];
    const script = sizes.map((n) => `head -c ${n} /dev/zero | tr '\\0' x; echo`).join('; ');
    const id = await engine.run({
      name: `long-${away}-${tty}`,
      logDriver: away ? 'json-file' : 'local',
      tty,
      command: ['sh', '-c', script],
    });
    await engine.wait(id);
    const all = await lines(await stream(id));
    expect(all.map(({ line, cutBytes }) => [line.length, cutBytes ?? 0, line.every((byte) => byte === 120)])).toEqual(
      sizes.map((n) => [Math.min(n, 100_000), Math.max(0, n - 100_000), true]),
    );
  });

  test('lines come as they are written, an abort ends the stream, and a new one goes on from a time', async () => {
    const script = 'i=0; while true; do echo "tick $i"; i=$((i+1)); sleep 0.1; done';
    const id = await engine.run({ name: 'ticks', logDriver: 'local', command: ['sh', '-c', script] });
    const target = await stream(id);
    const seen: StreamLine[] = [];
    const stop = new AbortController();
    for await (const line of target.open(0, stop.signal)) if (seen.push(line) === 5) stop.abort();
    expect(text(seen, 'stdout')).toEqual([0, 1, 2, 3, 4].map((i) => `tick ${i}`));
    const next = new AbortController();
    const more: string[] = [];
    for await (const { line } of target.open(seen[4].time, next.signal))
      if (more.push(line.toString()) === 4) next.abort();
    expect(more).toEqual([4, 5, 6, 7].map((i) => `tick ${i}`));
    await engine.remove(id);
  });

  test('a container that ends ends its stream; the daemon going away ends or fails it, and it opens again', async () => {
    const id = await engine.run({
      name: 'survivor',
      logDriver: 'local',
      restart: 'always',
      command: ['sh', '-c', 'echo up; sleep 100'],
    });
    const target = await stream(id);
    const first = lines(target).catch((error: Error) => error);
    await engine.restartDaemon();
    const got = await first;
    if (got instanceof Error) expect(got).toMatchObject({ code: 'unavailable' });
    await recorder!.until('the engine', () => recorder!.discovery.docker().reachable);
    const stop = new AbortController();
    for await (const { line } of target.open(0, stop.signal)) {
      expect(line.toString()).toBe('up');
      stop.abort();
    }
    await engine.remove(id);
  });

  test('a driver whose lines docker cannot give back says so in the inventory', async () => {
    const id = await engine.run({ name: 'lost', logDriver: 'local', command: ['echo', 'x'] });
    const none = await engine.run({ name: 'none', logDriver: 'none', command: ['echo', 'x'] });
    await stream(id);
    await recorder!.until('both', () => recorder!.discovery.containers().some(({ container }) => container === none));
    const status = recorder!.discovery.containers().find(({ container }) => container === none);
    expect([status?.reader, status?.warnings[0]]).toEqual(['none', expect.stringContaining('keeps no lines')]);
    expect(recorder!.live.has(`api:${none}`)).toBe(false);
  });

  test('through a proxy that allows logs the stream is the same', async () => {
    const proxy = await startDockerProxy({ socket: engine.socket, listen: { port: 0 }, envNames: [], allowLogs: true });
    recorder = await record({ dockerSocket: proxy.address });
    const id = await engine.run({ name: 'proxied', logDriver: 'local', command: ['sh', '-c', 'echo a; echo b >&2'] });
    const all = await lines(await stream(id));
    expect([text(all, 'stdout'), text(all, 'stderr')]).toEqual([['a'], ['b']]);
    await proxy.close();
  });
});
