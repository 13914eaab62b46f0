import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DemoContainer, VoiceName } from './fleet.ts';

/** What a made-up container is doing, for its figures. */
export interface DemoLoad {
  container: DemoContainer;
  pid: number;
  startedAt: Date;
  /** Its share of the fleet's work now against its usual one; 1 is usual. */
  busy: number;
}

/** The made-up machine's `/proc` and cgroups (version 2), changing as time passes. */
export interface HostFiles {
  /** Lets time pass to `ms` for those that run; the files of others go. */
  write(running: readonly DemoLoad[], ms: number): void;
}

/** Where the files are below the demo's folder: `collector.procDir` and `collector.cgroupDir`. */
export const procDirOf = (hostDir: string): string => join(hostDir, 'proc');
export const cgroupDirOf = (hostDir: string): string => join(hostDir, 'cgroup');

const MIB = 1 << 20;
const PERIOD_US = 100_000;
const HOST = { cores: 16, memory: 64 * 1024 * MIB };

/** Cores allowed and usually used, MiB allowed and usually used, KiB/s of traffic. */
const USES: Record<VoiceName, [number, number, number, number, number]> = {
  order: [2, 1.1, 1024, 700, 900],
  pay: [1, 0.45, 768, 520, 300],
  user: [1, 0.4, 768, 480, 350],
  inventory: [1, 0.3, 512, 380, 200],
  coupon: [0.5, 0.1, 512, 300, 60],
  gateway: [1, 0.25, 256, 90, 2_500],
  risk: [0.5, 0.42, 256, 170, 250],
  datanode: [2, 0.3, 1024, 650, 1_500],
  bastion: [0.25, 0.01, 128, 20, 5],
  search: [1, 0.6, 1024, 800, 700],
  notify: [0.25, 0.05, 256, 120, 40],
  report: [1, 0.5, 512, 330, 30],
  cache: [0.5, 0.15, 512, 410, 600],
};

interface Counters {
  startedAt: number;
  cpuUs: number;
  periods: number;
  throttled: number;
  throttledUs: number;
  rx: number;
  tx: number;
  read: number;
  written: number;
  memory: number;
}

export function createHostFiles(dir: string): HostFiles {
  const all = new Map<string, Counters>();
  const host = { cpuUs: 0, rx: 0, tx: 0, read: 0, written: 0 };
  let last: number | null = null;

  function put(path: string, text: string): void {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    // Whoever reads at the same time sees the file before or the file after.
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  }

  const cgroupOf = (id: string): string => `cgroup/system.slice/docker-${id}.scope`;

  function countersOf({ container, startedAt }: DemoLoad): Counters {
    const before = all.get(container.id);
    if (before?.startedAt === startedAt.getTime()) return before;
    rmSync(join(dir, cgroupOf(container.id)), { recursive: true, force: true });
    const fresh: Counters = {
      startedAt: startedAt.getTime(),
      cpuUs: 0,
      periods: 0,
      throttled: 0,
      throttledUs: 0,
      rx: 0,
      tx: 0,
      read: 0,
      written: 0,
      memory: 0,
    };
    all.set(container.id, fresh);
    return fresh;
  }

  /** Lets one container work for `seconds`; gives the cores it used. */
  function work(load: DemoLoad, one: Counters, seconds: number, ms: number): number {
    const [cores, usual, memoryLimit, memory, traffic] = USES[load.container.voice];
    const wanted = usual * load.busy;
    const used = Math.min(cores, wanted);
    one.cpuUs += Math.round(used * seconds * 1e6);
    const periods = Math.round((seconds * 1e6) / PERIOD_US);
    one.periods += periods;
    const cut = Math.round(periods * Math.min(1, Math.max(0, wanted / cores - 0.85) * 3));
    one.throttled += cut;
    one.throttledUs += cut * PERIOD_US * 0.3;
    const packets = traffic * load.busy * seconds;
    one.rx += Math.round(packets * 1024 * 0.6);
    one.tx += Math.round(packets * 1024 * 0.4);
    one.read += Math.round(seconds * 2_000);
    one.written += Math.round(seconds * 1024 * (4 + load.container.share * 400));
    // Warms up within a minute, then follows the work; a garbage collection every few minutes is a saw-tooth.
    const warm = Math.min(1, 0.4 + (ms - one.startedAt) / 100_000);
    const teeth = 0.9 + 0.2 * (((ms + load.container.seed) % 240_000) / 240_000);
    one.memory = Math.round(Math.min(memoryLimit * 0.97, memory * warm * teeth * (0.8 + 0.2 * load.busy)) * MIB);
    host.read += Math.round(seconds * 2_000);
    host.written += Math.round(seconds * 1024 * 8);
    host.rx += Math.round(packets * 1024 * 0.3);
    host.tx += Math.round(packets * 1024 * 0.2);
    return used;
  }

  function show({ container, pid }: DemoLoad, one: Counters): void {
    const [cores, , memoryLimit] = USES[container.voice];
    const cgroup = cgroupOf(container.id);
    const cache = 24 * MIB;
    put(
      `${cgroup}/cpu.stat`,
      `usage_usec ${one.cpuUs}\nnr_periods ${one.periods}\nnr_throttled ${one.throttled}\nthrottled_usec ${Math.round(one.throttledUs)}\n`,
    );
    put(`${cgroup}/cpu.max`, `${cores * PERIOD_US} ${PERIOD_US}\n`);
    put(`${cgroup}/memory.current`, `${one.memory + cache}\n`);
    put(`${cgroup}/memory.max`, `${memoryLimit * MIB}\n`);
    put(`${cgroup}/memory.stat`, `anon ${one.memory}\ninactive_file ${cache}\n`);
    put(`${cgroup}/memory.events`, 'oom 0\noom_kill 0\n');
    put(`${cgroup}/io.stat`, `259:0 rbytes=${one.read} wbytes=${one.written} rios=1 wios=1\n`);
    put(`${cgroup}/pids.current`, `${8 + (container.seed % 40)}\n`);
    put(`proc/${pid}/cgroup`, `0::/system.slice/docker-${container.id}.scope\n`);
    put(`proc/${pid}/net/dev`, netDev([{ name: 'eth0', rx: one.rx, tx: one.tx }]));
  }

  function showHost(memory: number, cores: number): void {
    const ticks = Math.round(host.cpuUs / 10_000);
    const each = Array.from({ length: HOST.cores }, (_, n) => `cpu${n} 0 0 0 0 0 0 0 0 0 0\n`).join('');
    put('proc/stat', `cpu  ${ticks} 0 0 0 0 0 0 0 0 0\n${each}`);
    const kib = (bytes: number): number => Math.round(bytes / 1024);
    const available = HOST.memory - memory - 2_048 * MIB;
    put('proc/meminfo', `MemTotal: ${kib(HOST.memory)} kB\nMemAvailable: ${kib(available)} kB\n`);
    put('proc/loadavg', `${(cores * 1.15).toFixed(2)} 0.00 0.00 1/1 1\n`);
    const sectors = [1, 1, host.read >> 9, 1, 1, 1, Math.round(host.written / 512), 1, 0, 1, 1].join(' ');
    put('proc/diskstats', ` 259 0 nvme0n1 ${sectors}\n`);
    put('proc/1/net/dev', netDev([{ name: 'ens5', rx: host.rx, tx: host.tx }]));
  }

  put('cgroup/cgroup.controllers', 'cpuset cpu io memory pids\n');
  return {
    write(running, ms) {
      const seconds = last === null ? 0 : Math.max(0, ms - last) / 1000;
      last = ms;
      const ids = new Set(running.map((load) => load.container.id));
      for (const id of all.keys()) {
        if (ids.has(id)) continue;
        all.delete(id);
        rmSync(join(dir, cgroupOf(id)), { recursive: true, force: true });
      }
      let [cores, memory] = [0.4, 0];
      for (const load of running) {
        const one = countersOf(load);
        cores += work(load, one, Math.min(seconds, Math.max(0, ms - one.startedAt) / 1000), ms);
        memory += one.memory;
        show(load, one);
      }
      host.cpuUs += cores * seconds * 1e6;
      showHost(memory, cores);
    },
  };
}

function netDev(interfaces: { name: string; rx: number; tx: number }[]): string {
  const rows = interfaces.map(({ name, rx, tx }) => {
    const packets = (bytes: number): number => Math.round(bytes / 900);
    return `${name}: ${rx} ${packets(rx)} 0 0 0 0 0 0 ${tx} ${packets(tx)} 0 0 0 0 0 0\n`;
  });
  return `Inter-| Receive | Transmit\n face |\nlo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n${rows.join('')}`;
}
