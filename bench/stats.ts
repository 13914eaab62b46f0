import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningContainer } from '../collector/discovery.ts';
import { startStats } from '../collector/stats/stats.ts';
import { systemClock } from '../model/clock.ts';
import { collectorConfig } from '../test/servers/discovery-recorder.ts';
import { recordedHost } from '../test/suites/recorded-host.ts';
import { createMemoryBus } from '../transport/memory-bus.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { mib, quantile } from './report.ts';

/** The default interval: what a round costs is given as a share of a core at it. */
const STATS_MS = 10_000;
const CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'blkio', 'pids'];

/** What measuring containers costs the collector: rounds one after the other, without the pauses between them. */
export async function benchStats(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title('stats: figures of 50 and 200 containers');
  const idle = usageOf(process.pid).rss;
  const rows: (string | number)[][] = [];
  for (const [from, count] of [
    ['recorded, cgroup v2', 50],
    ['recorded, cgroup v2', 200],
    ['recorded, cgroup v1', 50],
    ['recorded, cgroup v1', 200],
    ['kernel’s own, cgroup v1', 50],
    ['kernel’s own, cgroup v1', 200],
  ] as const) {
    const row = await measure(options, from, count, idle);
    if (row) rows.push(row);
    else report.line(`${from}, ${count} containers: no cgroups could be made here`);
  }
  report.table(
    ['containers', 'CPU of a round', '% of a core', 'round p50', 'round p99', 'rounds', 'RSS', 'RSS above idle'],
    rows,
  );
}

async function measure(
  options: BenchOptions,
  from: string,
  count: number,
  idle: number,
): Promise<(string | number)[] | null> {
  const dir = join(options.dir, 'stats');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const host = recordedHost(dir, from.includes('v1') ? 'v1' : 'v2');
  const running = Array.from({ length: count }, (_, n) => container(n));
  for (const { id, pid } of running) host.start(id, pid!);
  const real = from.startsWith('kernel');
  if (real && !makeCgroups(running)) return null;
  const bus = createMemoryBus({ capacityBytes: 64 << 20 });
  await bus.consume(async () => {});
  const stats = startStats({
    config: collectorConfig({
      // Real cgroups without processes: their network stays the recorded one.
      procDir: host.procDir,
      cgroupDir: real ? '/sys/fs/cgroup' : host.cgroupDir,
      statsMs: 3_600_000,
      layerMs: 0,
    }),
    host: 'bench',
    bus,
    discovery: { running: () => running },
    clock: systemClock,
    onEvent() {},
  });
  try {
    // Limits, first processes and the search for folders belong to the first rounds; code is warm after some.
    for (let i = 0; i < 12; i++) await stats.round();
    const times: number[] = [];
    const before = usageOf(process.pid);
    const end = performance.now() + (options.seconds * 1000) / 6;
    while (performance.now() < end) {
      const began = performance.now();
      await stats.round();
      times.push(performance.now() - began);
    }
    const after = usageOf(process.pid);
    const cpuMs = ((after.cpu - before.cpu) * 1000) / times.length;
    return [
      `${count}, ${from}`,
      `${cpuMs.toFixed(1)} ms`,
      ((cpuMs / STATS_MS) * 100).toFixed(2),
      `${quantile(times, 0.5).toFixed(1)} ms`,
      `${quantile(times, 0.99).toFixed(1)} ms`,
      times.length,
      mib(after.rss),
      mib(after.rss - idle),
    ];
  } finally {
    await stats.close();
    await bus.close();
    if (real) removeCgroups(running);
    rmSync(dir, { recursive: true, force: true });
  }
}

const folderOf = (controller: string, id: string): string => `/sys/fs/cgroup/${controller}/docker/${id}`;

/** Empty cgroups where Docker would make them; false where this machine has no version 1 or lets nobody. */
function makeCgroups(running: readonly RunningContainer[]): boolean {
  try {
    for (const { id } of running)
      for (const controller of CONTROLLERS) mkdirSync(folderOf(controller, id), { recursive: true });
    return true;
  } catch {
    removeCgroups(running);
    return false;
  }
}

function removeCgroups(running: readonly RunningContainer[]): void {
  for (const { id } of running) {
    for (const controller of CONTROLLERS) {
      try {
        rmdirSync(folderOf(controller, id));
      } catch {
        // Never made.
      }
    }
  }
}

function container(n: number): RunningContainer {
  const id = createHash('sha256').update(`bench ${n}`).digest('hex');
  const app = `app-${n % 20}`;
  return {
    id,
    startedAt: 1_700_000_000_000_000 + n,
    restarts: 0,
    pid: 2_000 + n,
    docker: false,
    source: {
      host: 'bench',
      container: id,
      containerName: `${app}-${n}`,
      image: `${app}:1`,
      version: '1',
      app,
      env: 'prod',
      instance: `${n}`,
      path: '',
      reader: 'event',
      named: { app: 'env APP_NAME', env: 'env ENVIRONMENT' },
      labels: {},
    },
  };
}
