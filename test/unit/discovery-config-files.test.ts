import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEngineAddress } from '../../collector/docker/address.ts';
import { systemClock } from '../../model/clock.ts';
import { type Recorder, record } from '../servers/discovery-recorder.ts';

const SECRET = 'hunter2-very-secret';
const id = (n: number): string => n.toString(16).padStart(64, '0');
/** A moment in the future of the recorder's start, as docker writes it. */
const later = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString().replace('Z', '456789Z');
const EARLIER = '2026-01-02T03:04:05.678901234Z';
const NEVER = '0001-01-01T00:00:00Z';

let dir: string;
let recorder: Recorder | null = null;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-containers-'));
});

afterEach(async () => {
  await recorder?.close();
  recorder = null;
  rmSync(dir, { recursive: true, force: true });
});

interface Made {
  name?: string;
  env?: string[];
  labels?: Record<string, string>;
  image?: string;
  imageId?: string;
  state?: object;
  created?: string;
  restarts?: number;
  driver?: string;
  options?: Record<string, string>;
  log?: boolean;
}

/** Writes the files docker 20–28 writes for a container, in its order and by rename. */
function container(n: number, made: Made = {}): string {
  const folder = join(dir, id(n));
  mkdirSync(folder, { recursive: true });
  const state = { Running: true, StartedAt: EARLIER, FinishedAt: NEVER, ExitCode: 0, OOMKilled: false, ...made.state };
  const config = {
    State: state,
    ID: id(n),
    Created: made.created ?? EARLIER,
    Path: 'sh',
    Args: ['-c', SECRET],
    Config: {
      Env: made.env ?? ['APP_NAME=shop', 'ENVIRONMENT=prod', `DB_PASSWORD=${SECRET}`],
      Image: made.image ?? 'shop:1.2',
      Labels: made.labels ?? {},
      Tty: false,
    },
    Image: made.imageId ?? `sha256:${made.image ?? 'shop:1.2'}`,
    LogPath: join('/var/lib/docker/containers', id(n), `${id(n)}-json.log`),
    Name: `/${made.name ?? `shop-${n}`}`,
    RestartCount: made.restarts ?? 0,
  };
  write(n, 'config.v2.json', config);
  write(n, 'hostconfig.json', { LogConfig: { Type: made.driver ?? 'json-file', Config: made.options ?? {} } });
  if (made.log !== false) writeFileSync(join(folder, `${id(n)}-json.log`), '');
  return id(n);
}

function write(n: number, file: string, value: unknown): void {
  const path = join(dir, id(n), file);
  writeFileSync(`${path}.tmp`, JSON.stringify(value));
  renameSync(`${path}.tmp`, path);
}

async function start(eventsSinceUs?: number): Promise<Recorder> {
  recorder = await record({ containersDir: dir, labels: ['team'] }, { eventsSinceUs });
  return recorder;
}

const status = (n: number) => recorder?.discovery.containers().find(({ container }) => container === id(n));
const told = (): string[] => recorder!.events.map(({ type, source }) => `${type} ${source.containerName}`);

describe('discovery from docker’s own files, without the API', () => {
  test('a container is known before start resolves, by what config.v2.json says', async () => {
    container(1, {
      labels: { team: 'core', other: 'x' },
      options: { 'max-size': '10m', 'max-file': '3' },
      state: { Running: true, Health: { Status: 'healthy' } },
      restarts: 4,
    });
    const { live, discovery, events } = await start();
    expect(live.get(`docker:${id(1)}`)).toEqual({
      kind: 'file',
      key: `docker:${id(1)}`,
      reader: 'json-file',
      path: join(dir, id(1), `${id(1)}-json.log`),
      rotation: 'docker',
      root: null,
      source: {
        host: 'host-1',
        container: id(1),
        containerName: 'shop-1',
        image: 'shop:1.2',
        version: '1.2',
        app: 'shop',
        env: 'prod',
        instance: 'shop-1',
        path: join(dir, id(1), `${id(1)}-json.log`),
        reader: 'json-file',
        named: { app: 'env APP_NAME', env: 'env ENVIRONMENT' },
        labels: { team: 'core' },
      },
    });
    expect(status(1)).toMatchObject({
      state: 'running',
      health: 'healthy',
      createdAt: 1_767_323_045_678_901,
      startedAt: 1_767_323_045_678_901,
      finishedAt: null,
      exitCode: null,
      restarts: 4,
      reader: 'json-file',
      logDriver: 'json-file',
      warnings: [],
    });
    expect(JSON.stringify([...live.values(), ...discovery.containers()])).not.toContain(SECRET);
    expect(discovery.docker()).toEqual({ reachable: false, reason: 'no Docker socket is configured' });
    expect(events).toEqual([]);
  });

  test.each([
    ['running', { Running: true }, { state: 'running', exitCode: null }],
    ['paused', { Running: true, Paused: true }, { state: 'paused' }],
    ['restarting', { Running: true, Restarting: true, ExitCode: 1 }, { state: 'restarting', exitCode: null }],
    ['created', { Running: false, StartedAt: NEVER }, { state: 'created', startedAt: null, exitCode: null }],
    [
      'exited',
      { Running: false, ExitCode: 137, FinishedAt: EARLIER, OOMKilled: true },
      { state: 'exited', exitCode: 137, oomKilled: true },
    ],
    ['dead', { Running: false, Dead: true, StartedAt: NEVER }, { state: 'exited' }],
    ['unhealthy', { Running: true, Health: { Status: 'unhealthy' } }, { health: 'unhealthy' }],
  ])('state %s', async (_what, state, expected) => {
    container(1, { state });
    await start();
    expect(status(1)).toMatchObject(expected);
  });

  test.each([
    [{ driver: 'none' }, 'none', 0, ['docker keeps no lines']],
    [{ driver: 'local' }, 'api', 1, ['log driver local', 'nothing is read']],
    [{ driver: 'journald' }, 'api', 1, ['log driver journald', 'nothing is read']],
    [{ options: { 'max-size': '1m' } }, 'json-file', 1, ['max-file=1']],
    [{ options: { 'max-size': '1m', 'max-file': '1' } }, 'json-file', 1, ['max-file=1']],
    [{ options: { mode: 'non-blocking', 'max-buffer-size': '4m' } }, 'json-file', 1, ['max-buffer-size, here 4m']],
    [{ options: { 'max-size': '1m', 'max-file': '2' } }, 'json-file', 1, []],
  ])('logging %j is read by %s and says what is weak', async (made, reader, targets, warnings) => {
    container(1, made);
    const { live } = await start();
    expect(live.size).toBe(targets);
    expect(status(1)?.reader).toBe(reader);
    expect(status(1)?.warnings.length).toBe(warnings.length);
    for (const [i, part] of warnings.entries()) expect(status(1)?.warnings[i]).toContain(part);
  });

  test('a stream target without an engine fails with a hint instead of waiting silently', async () => {
    container(1, { driver: 'local' });
    const { live } = await start();
    const target = live.get(`api:${id(1)}`);
    if (target?.kind !== 'stream') throw new Error('no stream target');
    const lines = target.open(0, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(lines.next()).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('json-file'),
    });
  });

  test('a new container is told of as soon as its files say who it is, before its log exists', async () => {
    const { until, live } = await start();
    mkdirSync(join(dir, id(2)));
    container(2, { name: 'cart-1', log: false });
    await until('the new container', () => live.has(`docker:${id(2)}`));
    expect(live.get(`docker:${id(2)}`)?.source).toMatchObject({ containerName: 'cart-1', app: 'shop' });
  });

  test('a log without an identity is read under its id, and renamed when the identity comes', async () => {
    const { until, live, calls } = await start();
    mkdirSync(join(dir, id(3)));
    writeFileSync(join(dir, id(3), `${id(3)}-json.log`), '{"log":"x\\n"}\n');
    await until('the nameless log', () => live.has(`docker:${id(3)}`));
    expect(live.get(`docker:${id(3)}`)?.source).toMatchObject({
      app: id(3).slice(0, 12),
      named: { app: 'container id', env: 'default' },
    });
    container(3, { name: 'late' });
    await until('its name', () => live.get(`docker:${id(3)}`)?.source.containerName === 'late');
    expect(calls.slice(0, 2)).toEqual([`found docker:${id(3)}`, `found docker:${id(3)}`]);
  });

  test('torn and foreign files are no containers', async () => {
    mkdirSync(join(dir, id(4)));
    writeFileSync(join(dir, id(4), 'config.v2.json'), '{"ID": "');
    mkdirSync(join(dir, id(5)));
    write(5, 'config.v2.json', { ID: id(6), Config: {} });
    write(5, 'hostconfig.json', {});
    mkdirSync(join(dir, 'not-an-id'));
    writeFileSync(join(dir, 'not-an-id', 'config.v2.json'), '{}');
    const { live, discovery } = await start();
    expect([live.size, discovery.containers().length]).toEqual([0, 0]);
  });

  test('start, death, OOM, restart and health are told from the state', async () => {
    container(1, { state: { Running: false, StartedAt: NEVER } });
    const { until } = await start();
    expect(told()).toEqual([]);
    container(1, { state: { Running: true, StartedAt: later(1) } });
    await until('start', () => told().length === 1);
    container(1, { state: { Running: true, StartedAt: later(1), Health: { Status: 'unhealthy' } } });
    await until('health', () => told().length === 2);
    container(1, {
      state: { Running: false, StartedAt: later(1), FinishedAt: later(3), ExitCode: 137, OOMKilled: true },
    });
    await until('death', () => told().length === 4);
    container(1, { state: { Running: true, StartedAt: later(5), FinishedAt: later(3) }, restarts: 1 });
    await until('restart', () => told().length === 5);
    expect(told()).toEqual(['start shop-1', 'health shop-1', 'oom shop-1', 'die shop-1', 'start shop-1']);
    const { events } = recorder!;
    expect(events[3]).toMatchObject({
      type: 'die',
      attributes: { exitCode: '137' },
      source: { reader: 'event', app: 'shop' },
    });
    expect(events[1].attributes).toEqual({ health: 'unhealthy' });
    for (const event of events) expect(event.time).toBeGreaterThan(systemClock.nowUs() - 60e6);
  });

  test('what happened while the collector was down is told, what was told before is not', async () => {
    container(1, { state: { StartedAt: '2026-01-02T04:00:00Z' } });
    container(2, { created: '2026-01-02T05:00:00Z', state: { StartedAt: '2026-01-02T05:00:01Z' } });
    container(3, {
      created: '2026-01-02T06:00:00Z',
      state: { Running: false, StartedAt: '2026-01-02T06:00:01Z', FinishedAt: '2026-01-02T06:00:09Z', ExitCode: 2 },
    });
    await start(Date.parse('2026-01-02T04:30:00Z') * 1000);
    expect(told()).toEqual(['create shop-2', 'start shop-2', 'create shop-3', 'start shop-3', 'die shop-3']);
  });

  test('a container in the place of another with another image is a deploy; the same image is not', async () => {
    container(1, { name: 'web', image: 'web:1' });
    const { until, events, live } = await start();
    rmSync(join(dir, id(1)), { recursive: true });
    await until('its end', () => told().includes('destroy web'));
    container(2, { name: 'web', image: 'web:2', created: later(1), state: { Running: false, StartedAt: NEVER } });
    await until('its successor', () => live.has(`docker:${id(2)}`));
    expect(told()).not.toContain('deploy web');
    container(2, { name: 'web', image: 'web:2', created: later(1), state: { StartedAt: later(2) } });
    await until('the deploy', () => told().includes('deploy web'));
    const deploy = events.find(({ type }) => type === 'deploy');
    expect(deploy?.attributes).toEqual({ image: 'web:2', version: '2', previousImage: 'web:1', previousVersion: '1' });
    expect(deploy?.source.container).toBe(id(2));
    rmSync(join(dir, id(2)), { recursive: true });
    await until('its end', () => told().filter((event) => event === 'destroy web').length === 2);
    container(3, { name: 'web', image: 'web:2', created: later(3), state: { StartedAt: later(4) } });
    container(4, { name: 'web-b', image: 'web:9', created: later(3), state: { StartedAt: later(4) } });
    await until('the others', () => told().filter((event) => event.startsWith('start')).length === 3);
    expect(told().filter((event) => event.startsWith('deploy')).length).toBe(1);
    rmSync(join(dir, id(3)), { recursive: true });
    container(5, {
      name: 'web',
      image: 'web:2',
      imageId: 'sha256:rebuilt',
      created: later(5),
      state: { StartedAt: later(6) },
    });
    await until('a tag built anew', () => told().filter((event) => event === 'deploy web').length === 2);
  });

  test('a removed container is let go and stays listed as removed', async () => {
    container(1);
    container(2);
    const { until, live } = await start();
    expect(live.size).toBe(2);
    rmSync(join(dir, id(1)), { recursive: true });
    await until('the removed one', () => !live.has(`docker:${id(1)}`));
    expect([status(1)?.state, status(2)?.state]).toEqual(['removed', 'running']);
  });

  test('containers out of sight for a moment (a mount that went and came) are read again', async () => {
    container(1);
    const { until, live } = await start();
    renameSync(dir, `${dir}-away`);
    await until('their end', () => live.size === 0);
    renameSync(`${dir}-away`, dir);
    await until('their return', () => live.has(`docker:${id(1)}`));
    expect(status(1)?.state).toBe('running');
  });

  test('excluded containers are listed and not read', async () => {
    container(1, { name: 'noise-7' });
    container(2, { name: 'shop' });
    recorder = await record({ containersDir: dir, excludeContainers: ['noise-*'] });
    expect([...recorder.live.keys()]).toEqual([`docker:${id(2)}`]);
    expect(status(1)?.warnings).toEqual(['not read: named by collector.excludeContainers']);
  });

  test('a directory that does not exist yet is waited for and said so', async () => {
    recorder = await record({ containersDir: join(dir, 'later'), dockerSocket: join(dir, 'no.sock') });
    expect(recorder.discovery.docker().reachable).toBe(false);
    expect(recorder.discovery.docker().reason).toMatch(/no Docker socket at .*no\.sock.*; .*later does not exist/);
    const outer = dir;
    dir = join(dir, 'later');
    container(7);
    await recorder.until('a container in it', () => recorder!.live.has(`docker:${id(7)}`));
    dir = outer;
  });
});

test.each([
  ['', null],
  ['/var/run/docker.sock', { socketPath: '/var/run/docker.sock' }],
  ['unix:///run/d.sock', { socketPath: '/run/d.sock' }],
  ['tcp://docker-proxy:2375', { host: 'docker-proxy', port: 2375, protocol: 'http' }],
  ['http://[::1]:80', { host: '::1', port: 80, protocol: 'http' }],
])('address %s', (text, address) => {
  expect(parseEngineAddress(text)).toEqual(address);
});

test.each(['docker.sock', 'tcp://host', 'tcp://host:0', 'tcp://host:99999', 'ssh://me@host:22'])(
  'address %s is refused',
  (text) => {
    expect(() => parseEngineAddress(text)).toThrow('cannot read the Docker address');
  },
);
