import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ApiRecord } from '../../api/contract.ts';
import { freePort, type Product, startProduct } from '../../bench/product.ts';
import { compose } from '../servers/compose.ts';
import { startDocker, type TestDocker } from '../servers/docker.ts';
import { importProductImage, PRODUCT_IMAGE } from '../servers/product-image.ts';
import { ROOT, readRepositoryFile } from '../source-files.ts';
import { openFleetFolder } from '../suites/fleet-folder.ts';

interface Service {
  command: string[];
  user: string;
  read_only: boolean;
  cap_add?: string[];
  cap_drop: string[];
  security_opt: string[];
  environment?: Record<string, string>;
  tmpfs: string[];
  group_add?: string[];
}

/** CAP_DAC_READ_SEARCH is capability 2. */
const DAC_READ_SEARCH = '0000000000000004';
const NONE = '0000000000000000';
const WITHIN = { timeout: 60_000, interval: 100 };

const docker = await startDocker();

describe.skipIf(!docker)('the collector in its container, as docker-compose.yml runs it', () => {
  const engine = docker as TestDocker;
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-deploy-'));
  // Files of an app that runs as another user and lets nobody else read them.
  const appLogs = join(dir, 'app-logs');
  let services: Record<string, Service>;
  let healthcheck: string[];
  let central: Product;
  let collector = '';
  let proxy = '';

  beforeAll(async () => {
    const folder = await openFleetFolder();
    folder.makeSecrets();
    const answer = compose(['config'], folder.dir);
    await folder.close();
    const text = answer?.stdout ?? readRepositoryFile('docker-compose.yml');
    services = (parse(text, { merge: true }) as { services: Record<string, Service> }).services;
    ({ healthcheck } = await importProductImage(engine));

    mkdirSync(appLogs);
    const file = join(appLogs, 'closed.log');
    writeFileSync(file, 'a line that only its owner may read\n');
    chownSync(file, 4711, 4711);
    chmodSync(file, 0o600);
    chownSync(appLogs, 4711, 4711);
    chmodSync(appLogs, 0o700);

    central = await startProduct({
      dataDir: join(dir, 'central'),
      env: { FLEETLOG_COLLECTOR_ENABLED: 'false' },
    });
    await central.ready();
    const { secret } = await central.post<{ secret: string }>('tokens', {
      name: 'web-07',
      role: 'collector',
      host: 'web-07',
    });

    const proxyPort = await freePort();
    proxy = await runService('docker-proxy', {
      command: ['docker-proxy', '--listen', `127.0.0.1:${proxyPort}`, '--socket', '/var/run/docker.sock'],
      groups: [String(statSync(engine.socket).gid)],
      binds: [`${engine.socket}:/var/run/docker.sock:ro`],
    });
    const { FLEETLOG_KAFKA_BROKERS: _, ...environment } = services.collector.environment ?? {};
    collector = await runService('collector', {
      command: services.collector.command,
      binds: [
        `${engine.containersDir}:/var/lib/docker/containers:ro`,
        `${appLogs}:/app-logs:ro`,
        'collector:/collector',
      ],
      env: {
        ...environment,
        FLEETLOG_HTTP_PORT: String(await freePort()),
        FLEETLOG_COLLECTOR_HOST: 'web-07',
        FLEETLOG_COLLECTOR_DOCKER_SOCKET: `tcp://127.0.0.1:${proxyPort}`,
        FLEETLOG_COLLECTOR_TO: central.url,
        FLEETLOG_COLLECTOR_TOKEN: secret,
        FLEETLOG_COLLECTOR_PATHS: '/app-logs/*.log',
        FLEETLOG_COLLECTOR_STATUS_MS: '200',
      },
      healthcheck,
    });
  });
  afterAll(async () => {
    if (central?.alive()) await central.stop();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A container with exactly the service's user, capabilities, read-only root and options; on the host's network, for there is no bridge. */
  async function runService(
    name: string,
    rest: {
      command: string[];
      binds: string[];
      groups?: string[];
      env?: Record<string, string>;
      healthcheck?: string[];
    },
  ): Promise<string> {
    const service = services[name];
    const container = await engine.api.createContainer({
      name,
      Image: PRODUCT_IMAGE,
      Cmd: rest.command,
      User: service.user,
      Env: Object.entries(rest.env ?? {}).map(([key, value]) => `${key}=${value}`),
      Healthcheck: rest.healthcheck
        ? { Test: ['CMD', ...rest.healthcheck], Interval: 1e9, Timeout: 5e9, Retries: 3 }
        : undefined,
      HostConfig: {
        NetworkMode: 'host',
        ReadonlyRootfs: service.read_only,
        CapAdd: service.cap_add,
        CapDrop: service.cap_drop,
        SecurityOpt: service.security_opt,
        GroupAdd: rest.groups,
        Tmpfs: Object.fromEntries(service.tmpfs.map((one) => [one.split(':')[0], one.split(':')[1] ?? ''])),
        Binds: [`${join(ROOT, 'node_modules')}:/app/node_modules:ro`, ...rest.binds],
      },
    });
    await container.start();
    return container.id;
  }

  const said = async (id: string): Promise<string> =>
    (await engine.api.getContainer(id).logs({ stdout: true, stderr: true })).toString('utf8');

  /** Fields of /proc/PID/status of a container's first process. */
  async function processStatus(id: string): Promise<Record<string, string>> {
    const { State } = await engine.api.getContainer(id).inspect();
    expect(State.Running, await said(id)).toBe(true);
    return Object.fromEntries(
      readFileSync(`/proc/${State.Pid}/status`, 'utf8')
        .split('\n')
        .map((line) => line.split(/:\s+/) as [string, string]),
    );
  }

  async function messages(query: string): Promise<string[]> {
    const { records } = await central.json<{ records: ApiRecord[] }>(
      `logs?from=now-1d&limit=100&query=${encodeURIComponent(query)}`,
    );
    return records.map((record) => record.message);
  }

  test('lines of containers reach the central process, named through the proxy before Docker’s socket', async () => {
    await engine.run({
      name: 'talker',
      app: 'shop',
      env: 'prod',
      command: ['sh', '-c', 'echo "a line of 支付 through the fleet"; sleep 1000'],
    });
    await expect
      .poll(() => messages('app:shop env:prod host:web-07'), WITHIN)
      .toEqual(['a line of 支付 through the fleet']);
  });

  test('so do files that only another user may read: what the one capability is for', async () => {
    await expect
      .poll(() => messages('"only its owner may read"'), WITHIN)
      .toEqual(['a line that only its owner may read']);
  });

  test('it is uid 0 with that capability and no other, and can gain none', async () => {
    const status = await processStatus(collector);
    expect(status).toMatchObject({ CapEff: DAC_READ_SEARCH, CapPrm: DAC_READ_SEARCH, CapBnd: DAC_READ_SEARCH });
    expect(status).toMatchObject({ CapAmb: NONE, NoNewPrivs: '1' });
    expect(status.Uid.split('\t')).toEqual(['0', '0', '0', '0']);
  });

  test('the proxy, which alone has the socket, is a user without any', async () => {
    const status = await processStatus(proxy);
    expect(status).toMatchObject({ CapEff: NONE, CapPrm: NONE, CapBnd: NONE, NoNewPrivs: '1' });
    expect(status.Uid.split('\t')).toEqual(['1000', '1000', '1000', '1000']);
    expect((await engine.api.getContainer(collector).inspect()).Mounts.map((mount) => mount.Destination)).not.toContain(
      '/var/run/docker.sock',
    );
  });

  test('its root cannot be written; its positions can', async () => {
    const touch = (path: string) => engine.exec(collector, ['touch', path]);
    for (const path of ['/x', '/app/cli/x.ts', '/data/x', '/app-logs/x', '/var/lib/docker/containers/x'])
      expect((await touch(path)).exitCode, path).not.toBe(0);
    expect((await touch('/collector/x')).exitCode).toBe(0);
    expect(await figures()).toMatch(/^fleetlog_collector_checkpoint_broken 0$/m);
  });

  test('the image finds it alive', async () => {
    const health = async () => (await engine.api.getContainer(collector).inspect()).State.Health?.Status;
    await expect.poll(health, WITHIN).toBe('healthy');
  });

  test('it stops when asked, in time, and goes on where it was', async () => {
    const container = engine.api.getContainer(collector);
    await container.stop({ t: 15 });
    const { State } = await container.inspect();
    // 137 would be Docker's SIGKILL after those seconds.
    expect(State.ExitCode, await said(collector)).toBe(0);
    await engine.run({
      name: 'later',
      app: 'shop',
      env: 'prod',
      command: ['sh', '-c', 'echo "while it was away"; sleep 1000'],
    });
    await container.start();
    await expect
      .poll(() => messages('app:shop'), WITHIN)
      .toEqual(['while it was away', 'a line of 支付 through the fleet']);
    const known = async () => (await central.json<{ items: unknown[] }>('ledger?app=shop')).items.length;
    await expect.poll(known, WITHIN).toBe(2);
  });

  async function figures(): Promise<string> {
    const { Config } = await engine.api.getContainer(collector).inspect();
    const port = Config.Env.find((pair) => pair.startsWith('FLEETLOG_HTTP_PORT='))?.split('=')[1];
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  }
});
