import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createMemoryBus } from '../../transport/memory-bus.ts';
import { idOf, openStatsRig, type StatsRig } from './stats-rig.ts';

let rig: StatsRig;
afterEach(() => rig.close());

test.each(['v1', 'v2'] as const)(
  'a batch has the host and each container, who it is and what it holds (%s)',
  async (version) => {
    rig = await openStatsRig(version, { containersDir: '/' });
    rig.start(1, { restarts: 4 });
    rig.start(2);
    const batch = await rig.round();
    expect(batch).toMatchObject({ kind: 'samples', host: 'web-07', time: rig.nowUs() });
    expect(batch.epoch).toMatch(/^[0-9a-f]{16}$/);
    expect(Object.keys(batch.values).sort()).toEqual(
      [
        'cpu_cores',
        'cpu_seconds',
        'disk_read_bytes',
        'disk_total_bytes',
        'disk_used_bytes',
        'disk_write_bytes',
        'load',
        'memory_bytes',
        'memory_total_bytes',
        'net_rx_bytes',
        'net_tx_bytes',
      ].sort(),
    );
    const row = rig.row(batch, 1)!;
    expect(row).toMatchObject({ containerName: 'shop-1', app: 'shop', env: 'prod', instance: '1' });
    expect(row.startedAt).toBe(rig.running[0].startedAt);
    expect(row.values).toEqual({
      ...(version === 'v1'
        ? {
            cpu_seconds: 2.068007414,
            cpu_limit_cores: 0.3,
            cpu_periods: 74,
            cpu_throttled_periods: 57,
            cpu_throttled_seconds: 2.696623989,
            memory_bytes: 684_032,
            memory_limit_bytes: 33_554_432,
            oom_kills: 1,
            disk_read_bytes: 8_388_608,
            disk_write_bytes: 8_388_608,
            pids: 1,
          }
        : {
            cpu_seconds: 4.031207,
            cpu_limit_cores: 0.5,
            cpu_periods: 412,
            cpu_throttled_periods: 96,
            cpu_throttled_seconds: 5.210334,
            memory_bytes: 115_343_360,
            memory_limit_bytes: 268_435_456,
            oom_kills: 2,
            disk_read_bytes: 12_296_192,
            disk_write_bytes: 4_096_000,
            pids: 14,
          }),
      net_rx_bytes: 1490,
      net_tx_bytes: 378,
      net_rx_packets: 17,
      net_tx_packets: 5,
      net_rx_errors: 0,
      net_tx_errors: 0,
      restarts: 4,
    });
    expect(rig.row(batch, 2)).toBeDefined();
  },
);

test('200 containers come and go over ten rounds: each row is of one that is there, and counters never fall within a start', async () => {
  rig = await openStatsRig('v2');
  const alive = Array.from({ length: 200 }, (_, n) => rig.start(n));
  const last = new Map<string, { startedAt: number; cpu: number }>();
  for (let round = 0; round < 10; round++) {
    for (const [at, one] of alive.entries()) {
      if ((at + round) % 40 === 0) {
        // Replaced: another container takes its place.
        rig.end(one);
        alive[at] = rig.start(`${at} of round ${round}`);
      } else rig.host.write(one.id, one.pid!, 'cpu.stat', `usage_usec ${(round + 1) * 10_000_000 + at}\n`);
    }
    const batch = await rig.round();
    expect(batch.rows.map((row) => row.container).sort()).toEqual(alive.map((one) => one.id).sort());
    for (const { container, startedAt, values } of batch.rows) {
      const before = last.get(container);
      if (before && before.startedAt === startedAt && round > 1) expect(values.cpu_seconds).toBeGreaterThan(before.cpu);
      last.set(container, { startedAt, cpu: values.cpu_seconds! });
    }
  }
  expect(rig.stats.counters()).toMatchObject({ containers: 200, containers_late: 0, engine_calls: 0 });
});

test('a container that vanishes before or while it is read has no row, and that is no error', async () => {
  rig = await openStatsRig('v2');
  const [one, two, three] = [rig.start(1), rig.start(2), rig.start(3)];
  expect((await rig.round()).rows).toHaveLength(3);
  rig.host.end(two.id, two.pid!);
  rmSync(join(rig.host.cgroupDir, `system.slice/docker-${three.id}.scope/cpu.stat`));
  const batch = await rig.round();
  expect(batch.rows.map((row) => row.container)).toEqual([one.id, three.id]);
  expect(rig.row(batch, 3)!.values).not.toHaveProperty('cpu_seconds');
  expect(rig.row(batch, 3)!.values.pids).toBe(14);
});

test('a new cgroup under the old start waits until the inventory knows of the new start', async () => {
  rig = await openStatsRig('v2');
  const one = rig.start(1);
  await rig.round();
  const folder = join(rig.host.cgroupDir, `system.slice/docker-${one.id}.scope`);
  renameSync(folder, `${folder}.before`);
  rig.host.start(one.id, one.pid!);
  rig.host.write(one.id, one.pid!, 'cpu.stat', 'usage_usec 7000000\n');
  expect((await rig.round()).rows).toEqual([]);
  one.startedAt = rig.nowUs();
  const { startedAt, values } = (await rig.round()).rows[0];
  expect(startedAt).toBe(one.startedAt);
  expect(values.cpu_seconds).toBe(7);
});

test('a file that does not answer holds up nobody, and its container is back when it does', async () => {
  rig = await openStatsRig('v2');
  const [slow] = [rig.start('slow'), rig.start(1), rig.start(2)];
  await rig.round();
  // Opening a pipe without a writer waits as a hanging filesystem does.
  const file = join(rig.host.cgroupDir, `system.slice/docker-${slow.id}.scope/memory.current`);
  rmSync(file);
  expect(spawnSync('mkfifo', [file]).status).toBe(0);
  const names = (rows: { containerName: string }[]) => rows.map((row) => row.containerName);
  expect(names((await rig.round()).rows)).toEqual(['shop-1', 'shop-2']);
  expect(names((await rig.round()).rows)).toEqual(['shop-1', 'shop-2']);
  expect(rig.stats.counters().containers_late).toBe(2);
  renameSync(file, `${file}.pipe`);
  writeFileSync(`${file}.pipe`, '4096\n');
  rig.host.write(slow.id, slow.pid!, 'memory.current', '4096\n');
  await expect.poll(async () => names((await rig.round()).rows)).toEqual(['shop-slow', 'shop-1', 'shop-2']);
}, 30_000);

test('cgroups are found wherever a manager puts them; what a container made inside its own is not taken for one', async () => {
  rig = await openStatsRig('v2');
  const pod = rig.start('pod', { docker: false, pid: null });
  const deep = join(rig.host.cgroupDir, 'kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab_cd.slice');
  mkdirSync(join(deep, `cri-containerd-${pod.id}.scope/nested/${idOf('nested')}`), { recursive: true });
  writeFileSync(join(deep, `cri-containerd-${pod.id}.scope/cpu.stat`), 'usage_usec 9000000\n');
  rmSync(join(rig.host.cgroupDir, `system.slice/docker-${pod.id}.scope`), { recursive: true });
  rig.start('nested');
  rmSync(join(rig.host.cgroupDir, `system.slice/docker-${idOf('nested')}.scope`), { recursive: true });
  const batch = await rig.round();
  expect(batch.rows.map((row) => [row.containerName, row.values.cpu_seconds])).toEqual([['shop-pod', 9]]);
});

test('traffic is found without the engine’s word: by the cgroup’s list, or among the host’s processes', async () => {
  rig = await openStatsRig('v2');
  const listed = rig.start('listed', { pid: 4001 });
  rig.running[0].pid = null;
  const searched = rig.start('searched');
  // As in a container with processes of its own: it may not see whose they are.
  rig.host.write(searched.id, searched.pid!, 'cgroup.procs', '0\n');
  searched.pid = null;
  const wrong = rig.start('wrong');
  // A number that another process has by now.
  wrong.pid = 1;
  const batch = await rig.round();
  expect(listed.pid).toBeNull();
  for (const name of ['listed', 'searched', 'wrong'])
    expect(rig.row(batch, name)!.values.net_rx_bytes, name).toBe(1490);
});

test('on the host’s own network a container has no traffic of its own', async () => {
  rig = await openStatsRig('v2');
  const [alone, shared] = [rig.start('alone'), rig.start('shared')];
  const net = (pid: number, name: string): void => {
    mkdirSync(join(rig.host.procDir, `${pid}/ns`), { recursive: true });
    symlinkSync(`net:[${name}]`, join(rig.host.procDir, `${pid}/ns/net`));
  };
  net(1, '4026531840');
  net(alone.pid!, '4026532999');
  net(shared.pid!, '4026531840');
  const batch = await rig.round();
  expect(rig.row(batch, 'alone')!.values.net_rx_bytes).toBe(1490);
  expect(rig.row(batch, 'shared')!.values).not.toHaveProperty('net_rx_bytes');
});

test('without leave to see namespaces the host’s network is known by its interfaces', async () => {
  rig = await openStatsRig('v2');
  const shared = rig.start('shared');
  const text = 'Inter-|\n face |\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\ndocker0: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n';
  rig.host.writeHost('proc/1/net/dev', text);
  rig.host.write(shared.id, shared.pid!, 'dev', text);
  expect(rig.row(await rig.round(), 'shared')!.values).not.toHaveProperty('net_rx_bytes');
});

test('disk use is the layer and the log files together', async () => {
  rig = await openStatsRig('v2', { containersDir: '' });
  await rig.close();
  rig = await openStatsRig('v2', {});
  const dir = join(rig.dir, 'docker');
  await rig.stats.close();
  await rig.close();
  mkdirSync(join(dir, 'containers', idOf(1)), { recursive: true });
  const file = (path: string, bytes: number): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), Buffer.alloc(bytes));
  };
  file(`containers/${idOf(1)}/${idOf(1)}-json.log`, 100);
  file(`containers/${idOf(1)}/${idOf(1)}-json.log.1`, 50);
  file(`containers/${idOf(1)}/config.v2.json`, 9_999);
  file('overlay2/abc/diff/var/lib/data', 4_000);
  file('overlay2/abc/diff/tmp/x', 1);
  mkdirSync(join(dir, `image/overlay2/layerdb/mounts/${idOf(1)}`), { recursive: true });
  writeFileSync(join(dir, `image/overlay2/layerdb/mounts/${idOf(1)}/mount-id`), 'abc');
  rig = await openStatsRig('v2', { containersDir: join(dir, 'containers') });
  rig.start(1);
  rig.start(2);
  await expect.poll(async () => rig.row(await rig.round(), 1)?.values.disk_used_bytes).toBe(4_151);
  // Whose layer cannot be had has no figure.
  expect(rig.row(await rig.round(), 2)!.values).not.toHaveProperty('disk_used_bytes');
  rmSync(dir, { recursive: true });
});

test('a bus that takes nothing costs figures, never lines: the newest replaces the one that waits, counted', async () => {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let held = false;
  rig = await openStatsRig('v2', {}, (options) => {
    const bus = createMemoryBus(options);
    return {
      ...bus,
      async publish(batch, signal) {
        if (held) await gate;
        return bus.publish(batch, signal);
      },
    };
  });
  held = true;
  const times = [];
  for (let i = 0; i < 5; i++) {
    times.push(rig.nowUs());
    await rig.stats.round();
  }
  expect(rig.stats.counters()).toMatchObject({ batches_published: 1, batches_dropped: 3 });
  open();
  await expect.poll(() => rig.stats.counters().batches_published).toBe(3);
});
