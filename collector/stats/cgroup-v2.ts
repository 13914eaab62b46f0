import type { ContainerSample } from '../../model/samples.ts';
import { alone, count, keyed, known, scaled } from './parse.ts';

type Values = Partial<Record<ContainerSample, number>>;

/** Files of a v2 cgroup as read, null for those that cannot be had (kernel `Documentation/admin-guide/cgroup-v2.rst`). */
export interface CgroupV2 {
  'cpu.stat': string | null;
  'memory.current': string | null;
  'memory.stat': string | null;
  'memory.events': string | null;
  'io.stat': string | null;
  'pids.current': string | null;
  'memory.pressure': string | null;
}
export const V2_FILES = [
  'cpu.stat',
  'memory.current',
  'memory.stat',
  'memory.events',
  'io.stat',
  'pids.current',
  'memory.pressure',
] as const;

export function valuesV2(files: CgroupV2): Values {
  const cpu = files['cpu.stat'];
  const disk = diskV2(files['io.stat']);
  return known<ContainerSample>({
    cpu_seconds: scaled(keyed(cpu, 'usage_usec'), 1e6),
    cpu_periods: keyed(cpu, 'nr_periods'),
    cpu_throttled_periods: keyed(cpu, 'nr_throttled'),
    cpu_throttled_seconds: scaled(keyed(cpu, 'throttled_usec'), 1e6),
    memory_bytes: workingSet(alone(files['memory.current']), keyed(files['memory.stat'], 'inactive_file')),
    oom_kills: keyed(files['memory.events'], 'oom_kill'),
    disk_read_bytes: disk?.read,
    disk_write_bytes: disk?.write,
    pids: alone(files['pids.current']),
  });
}

/** As `docker stats` has it (docker/cli `calculateMemUsageUnixNoCache`): the page cache that would go first is not counted. */
export function workingSet(usage: number | undefined, inactiveFile: number | undefined): number | undefined {
  if (usage === undefined || inactiveFile === undefined) return usage;
  return inactiveFile < usage ? usage - inactiveFile : usage;
}

/** `8:0 rbytes=1 wbytes=2 rios=3 …`, a line a device; a container that has read and written nothing has none. */
function diskV2(text: string | null): { read: number; write: number } | undefined {
  if (text === null) return undefined;
  const sum = { read: 0, write: 0 };
  for (const [, name, digits] of text.matchAll(/ ([rw])bytes=(\d{1,20})\b/g)) {
    sum[name === 'r' ? 'read' : 'write'] += Number(digits);
  }
  return sum;
}

/** `max 100000` is no limit; `50000 100000` half a core. */
export function limitsV2(memoryMax: string | null, cpuMax: string | null): Values {
  const [quota, period] = (cpuMax ?? '').trim().split(/\s+/).map(count);
  return known<ContainerSample>({ memory_limit_bytes: alone(memoryMax), cpu_limit_cores: cores(quota, period) });
}

export function cores(quota: number | undefined, period: number | undefined): number | undefined {
  return quota && period ? quota / period : undefined;
}

/** Percent of the last 10 s in which all processes waited for memory; undefined where the kernel does not tell (PSI). */
export function memoryStall(text: string | null): number | undefined {
  const match = /^full avg10=(\d{1,3}(?:\.\d+)?) /m.exec(text ?? '');
  return match ? Number(match[1]) : undefined;
}
