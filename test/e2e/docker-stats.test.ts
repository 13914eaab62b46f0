import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDiscovery } from '../../collector/discover/discovery.ts';
import type { ContainerEvent, Discovery } from '../../collector/discovery.ts';
import { type Stats, startStats } from '../../collector/stats/stats.ts';
import { createDirectoryWatcher, type DirectoryWatcher } from '../../collector/watch.ts';
import type { SampleRow, SamplesBatch } from '../../model/batch.ts';
import { systemClock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { collectorConfig } from '../servers/discovery-recorder.ts';
import { IMAGE, startDocker } from '../servers/docker.ts';

const docker = await startDocker({ network: true });
const WITHIN = { timeout: 30_000, interval: 50 };
const OUT = fileURLToPath(new URL('../.out/', import.meta.url));

/** A disk of this machine; a limit on it, however high, makes newer kernels count its bytes in version 1. */
const DISK = ['/dev/vda', '/dev/nvme0n1', '/dev/sda', '/dev/xvda'].find((path) =>
  statSync(path, { throwIfNoEntry: false }),
);

let bus: Bus;
let watcher: DirectoryWatcher;
let discovery: Discovery;
let stats: Stats;
let batches: SamplesBatch[];
let events: ContainerEvent[];

async function open(changes: Partial<CollectorConfig> = {}): Promise<void> {
  const config = collectorConfig({
    dockerSocket: docker!.socket,
    containersDir: docker!.containersDir,
    statsMs: 3_600_000,
    layerMs: 100,
    throttledRounds: 2,
    ...changes,
  });
  bus = createMemoryBus({ capacityBytes: 16 << 20 });
  batches = [];
  events = [];
  await bus.consume(async (deliveries) => {
    for (const { batch } of deliveries) batches.push(decodeBatch(batch) as SamplesBatch);
  });
  watcher = createDirectoryWatcher({ sweepMs: 100 });
  discovery = createDiscovery({ config, host: 'host-1', watcher });
  const note = (event: ContainerEvent): void => {
    events.push(event);
    if (stats) stats.event(event);
  };
  await discovery.start({ found() {}, gone() {}, event: note });
  stats = startStats({
    config,
    host: 'host-1',
    bus,
    discovery,
    clock: systemClock,
    onEvent: (one) => events.push(one),
  });
  // The first one begins by itself.
  await stats.round();
}

async function close(): Promise<void> {
  await stats.close();
  await discovery.close();
  watcher.close();
  await bus.close();
}

beforeEach(() => (docker ? open() : undefined));
afterEach(async () => {
  if (!docker) return;
  await close();
  const left = await docker.api.listContainers({ all: true });
  await Promise.all(left.map(({ Id }) => docker.remove(Id).catch(() => {})));
});
afterAll(() => docker?.stop());

async function round(): Promise<SamplesBatch> {
  const before = batches.length;
  await stats.round();
  await expect.poll(() => batches.length, WITHIN).toBeGreaterThan(before);
  return batches.at(-1)!;
}
const rowOf = (batch: SamplesBatch, name: string): SampleRow | undefined =>
  batch.rows.find((row) => row.containerName === name);
const kernelText = (path: string): string => {
  try {
    return readFileSync(`/sys/fs/cgroup/${path}`, 'utf8');
  } catch {
    return '';
  }
};
/** Null where this machine has no such hierarchy. */
const kernel = (path: string): number | null => (kernelText(path) === '' ? null : Number(kernelText(path)));

interface EngineStats {
  read: string;
  cpu_stats: { cpu_usage: { total_usage: number }; throttling_data: { periods: number; throttled_periods: number } };
  memory_stats: { usage: number; limit: number; stats: Record<string, number> };
  networks?: Record<string, Record<string, number>>;
  blkio_stats: { io_service_bytes_recursive: { op: string; value: number }[] | null };
  pids_stats: { current: number };
}
async function dockerStats(id: string): Promise<EngineStats> {
  const once = { stream: false, 'one-shot': true };
  return (await docker!.api.getContainer(id).stats(once as unknown as { stream: false })) as unknown as EngineStats;
}

async function create(name: string, command: string, host: object = {}): Promise<string> {
  const container = await docker!.api.createContainer({
    name,
    Image: IMAGE,
    Cmd: ['sh', '-c', command],
    StopTimeout: 1,
    Env: [`APP_NAME=${name}`, 'ENVIRONMENT=prod'],
    HostConfig: { NetworkMode: docker!.network ? 'bridge' : 'none', ...host },
  });
  await container.start();
  return container.id;
}

describe.skipIf(!docker)('figures of real containers', () => {
  test('are those of docker stats and of the kernel, within 5 %', async () => {
    const engine = docker!;
    const burner = await create('burner', 'while :; do :; done', { NanoCpus: 300_000_000 });
    const eater = await create('eater', 'dd if=/dev/zero of=/dev/shm/x bs=1M count=40; sleep 1000', {
      Memory: 96 << 20,
      MemorySwap: 96 << 20,
    });
    const limits = DISK ? { BlkioDeviceWriteBps: [{ Path: DISK, Rate: 1e12 }] } : {};
    const writer = await create(
      'writer',
      'dd if=/dev/zero of=/big bs=1M count=24 oflag=direct; dd if=/big of=/dev/null bs=1M iflag=direct; touch /done; sleep 1000',
      limits,
    );
    const server = await create('server', 'sleep 1000 | nc -l -p 7000 > /dev/null');
    const { NetworkSettings } = await engine.api.getContainer(server).inspect();
    const address = Object.values(NetworkSettings.Networks ?? {})[0]?.IPAddress || '127.0.0.1';
    const client = await create(
      'client',
      `until dd if=/dev/zero bs=64k count=320 | nc ${address} 7000; do sleep 0.1; done; sleep 1000`,
    );
    await expect.poll(async () => (await round()).rows.length, WITHIN).toBe(5);
    const done = async (id: string): Promise<number> => (await engine.exec(id, ['test', '-e', '/done'])).exitCode;
    await expect.poll(() => done(writer), WITHIN).toBe(0);
    const received = async (): Promise<number> => (await dockerStats(server)).networks?.eth0?.rx_bytes ?? 0;
    // FIN and its answer come after the last byte.
    if (engine.network) await expect.poll(received, WITHIN).toBeGreaterThan(20 << 20);
    await expect
      .poll(async () => (await engine.exec(eater, ['stat', '-c', '%s', '/dev/shm/x'])).output.trim(), WITHIN)
      .toBe(`${40 << 20}`);

    const burnt = (): number => kernel(`cpuacct/docker/${burner}/cpuacct.usage`)! / 1e9;
    const stopped = (): number => Number(/nr_throttled (\d+)/.exec(kernelText(`cpu/docker/${burner}/cpu.stat`))?.[1]);
    const [ours1, theirs1] = [await round(), await dockerStats(burner)];
    const begin = burnt();
    await expect.poll(burnt, WITHIN).toBeGreaterThan(begin + 2);
    const [burntBefore, stoppedBefore] = [burnt(), stopped()];
    const ours2 = await round();
    const [burntAfter, stoppedAfter] = [burnt(), stopped()];
    const theirs2 = await dockerStats(burner);
    const table: [string, number | undefined, number | null, number | null][] = [];
    const cores =
      (rowOf(ours2, 'burner')!.values.cpu_seconds! - rowOf(ours1, 'burner')!.values.cpu_seconds!) /
      ((ours2.time - ours1.time) / 1e6);
    const span = (Date.parse(theirs2.read) - Date.parse(theirs1.read)) / 1000;
    const dockerCores =
      (theirs2.cpu_stats.cpu_usage.total_usage - theirs1.cpu_stats.cpu_usage.total_usage) / 1e9 / span;
    table.push(['CPU, cores', cores, dockerCores, null]);
    // What moves is held between two looks of the kernel's own figure.
    const { cpu_seconds: cpu, cpu_throttled_periods: throttled } = rowOf(ours2, 'burner')!.values;
    expect(cpu).toBeGreaterThanOrEqual(burntBefore);
    expect(cpu).toBeLessThanOrEqual(burntAfter);
    expect(throttled).toBeGreaterThanOrEqual(stoppedBefore);
    expect(throttled).toBeLessThanOrEqual(stoppedAfter);
    table.push(['CPU, seconds in all', cpu, null, burntAfter]);
    table.push(['throttled periods', throttled, null, stoppedAfter]);

    const memory = (await dockerStats(eater)).memory_stats;
    const inactive = memory.stats.total_inactive_file ?? memory.stats.inactive_file;
    table.push([
      'memory, bytes',
      rowOf(ours2, 'eater')!.values.memory_bytes,
      memory.usage - inactive,
      kernel(`memory/docker/${eater}/memory.usage_in_bytes`),
    ]);
    table.push([
      'memory limit, bytes',
      rowOf(ours2, 'eater')!.values.memory_limit_bytes,
      memory.limit,
      kernel(`memory/docker/${eater}/memory.limit_in_bytes`),
    ]);

    const last = await round();
    if (engine.network) {
      const { networks } = await dockerStats(server);
      const { pid } = discovery.running().find((one) => one.id === server)!;
      const [, rx] = /eth0: *(\d+)/.exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8')) ?? [];
      table.push(['received, bytes', rowOf(last, 'server')!.values.net_rx_bytes, networks!.eth0.rx_bytes, Number(rx)]);
      table.push(['received, packets', rowOf(last, 'server')!.values.net_rx_packets, networks!.eth0.rx_packets, null]);
      table.push([
        'sent, bytes',
        rowOf(last, 'client')!.values.net_tx_bytes,
        (await dockerStats(client)).networks!.eth0.tx_bytes,
        null,
      ]);
      expect(rowOf(last, 'server')!.values.net_rx_bytes).toBeGreaterThan(20 << 20);
    }
    const disk = (await dockerStats(writer)).blkio_stats.io_service_bytes_recursive ?? [];
    const op = (name: string): number =>
      disk.filter((one) => one.op.toLowerCase() === name).reduce((sum, one) => sum + one.value, 0);
    if (op('write') > 0) {
      table.push(['written, bytes', rowOf(last, 'writer')!.values.disk_write_bytes, op('write'), 24 << 20]);
      table.push(['read, bytes', rowOf(last, 'writer')!.values.disk_read_bytes, op('read'), 24 << 20]);
    }
    const [sizes] = (await engine.api.listContainers({
      size: true,
      filters: { name: ['writer'] },
    } as never)) as unknown as { SizeRw: number }[];
    const log = statSync(join(engine.containersDir, writer, `${writer}-json.log`)).size;
    table.push(['layer and logs, bytes', rowOf(last, 'writer')!.values.disk_used_bytes, sizes.SizeRw + log, null]);
    table.push([
      'processes',
      rowOf(last, 'writer')!.values.pids,
      (await dockerStats(writer)).pids_stats.current,
      kernel(`pids/docker/${writer}/pids.current`),
    ]);

    mkdirSync(OUT, { recursive: true });
    const lines = table.map(
      (cells) => `| ${cells.map((cell) => (typeof cell === 'number' ? +cell.toFixed(4) : (cell ?? ''))).join(' | ')} |`,
    );
    writeFileSync(
      join(OUT, 'stats-truth.md'),
      `| figure | ours | docker stats | kernel |\n|---|---:|---:|---:|\n${lines.join('\n')}\n`,
    );
    for (const [what, our, ...truths] of table) {
      for (const truth of truths) {
        if (truth === null) continue;
        expect(our, what).toBeGreaterThanOrEqual(truth * 0.95);
        expect(our, what).toBeLessThanOrEqual(truth * 1.05);
      }
    }
    expect(rowOf(last, 'burner')!.values.cpu_limit_cores).toBe(0.3);
    expect(stats.counters().engine_calls).toBe(0);
    // It is stopped in most of its periods, and that is told.
    const throttledApps = async (): Promise<string[]> => {
      await round();
      return events.filter((one) => one.type === 'throttled').map((one) => one.source.app);
    };
    await expect.poll(throttledApps, { ...WITHIN, interval: 500 }).toEqual(['burner']);
  });

  test('through the Docker API alone are the same', async () => {
    const id = await create('eater', 'dd if=/dev/zero of=/dev/shm/x bs=1M count=16; sleep 1000', {
      Memory: 64 << 20,
      MemorySwap: 64 << 20,
    });
    await expect
      .poll(async () => (await docker!.exec(id, ['stat', '-c', '%s', '/dev/shm/x'])).output.trim(), WITHIN)
      .toBe(`${16 << 20}`);
    await expect.poll(async () => (await round()).rows.length, WITHIN).toBe(1);
    await expect.poll(async () => rowOf(await round(), 'eater')!.values.disk_used_bytes, WITHIN).toBeDefined();
    const files = rowOf(await round(), 'eater')!;
    await close();
    await open({ statsFrom: 'docker' });
    await expect.poll(async () => (await round()).rows.length, WITHIN).toBe(1);
    const api = rowOf(await round(), 'eater')!;
    expect(stats.counters().engine_calls).toBeGreaterThan(0);
    expect(api.startedAt).toBe(files.startedAt);
    const { cpu_limit_cores: _, ...comparable } = files.values;
    expect(Object.keys(api.values)).toEqual(
      expect.arrayContaining(Object.keys(comparable).filter((key) => key !== 'disk_used_bytes')),
    );
    expect(api.values.memory_bytes! / files.values.memory_bytes!).toBeCloseTo(1, 1);
    expect(api.values.memory_limit_bytes).toBe(64 << 20);
    expect(api.values.net_rx_bytes).toBeGreaterThanOrEqual(files.values.net_rx_bytes!);
  });

  test.each([
    ['the first process', 'exec tail /dev/zero'],
    ['a child', 'tail /dev/zero; exit 1'],
  ])('OOM kills of %s and restarts are counted exactly', async (_, command) => {
    const id = await create('hungry', `sleep 0.3; ${command}`, {
      Memory: 8 << 20,
      MemorySwap: 8 << 20,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    });
    const last = new Map<number, number>();
    let kills = 0;
    let restarts = 0;
    let seen = 0;
    const look = (): void => {
      for (; seen < batches.length; seen++) count(rowOf(batches[seen], 'hungry'));
    };
    const count = (row: SampleRow | undefined): void => {
      const figure = row?.values.oom_kills ?? 0;
      // A counter begins anew with its start.
      if (row) kills += Math.max(0, figure - (last.get(row.startedAt) ?? 0));
      if (row) last.set(row.startedAt, Math.max(figure, last.get(row.startedAt) ?? 0));
      restarts = Math.max(restarts, row?.values.restarts ?? 0);
    };
    const ended = async (): Promise<boolean> => {
      await round();
      look();
      const { State, RestartCount } = await docker!.api.getContainer(id).inspect();
      return !State.Running && !State.Restarting && RestartCount === 3;
    };
    await expect.poll(ended, WITHIN).toBe(true);
    await expect.poll(() => events.filter((one) => one.type === 'die').length, WITHIN).toBe(4);
    await round();
    look();
    expect({ kills, restarts }).toEqual({ kills: 4, restarts: 3 });
    expect((await round()).rows).toEqual([]);
  });

  test('of a replaced container are never summed with those of the one before', async () => {
    for (const name of ['first', 'second', 'third']) {
      const id = await docker!.run({ name, app: 'shop', env: 'prod', command: ['sleep', '1000'] });
      await expect.poll(async () => (await round()).rows.map((row) => row.containerName), WITHIN).toEqual([name]);
      await docker!.remove(id);
    }
    await expect.poll(async () => (await round()).rows, WITHIN).toEqual([]);
  });
});
