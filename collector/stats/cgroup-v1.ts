import type { ContainerSample } from '../../model/samples.ts';
import { cores, workingSet } from './cgroup-v2.ts';
import { alone, keyed, known, scaled } from './parse.ts';

type Values = Partial<Record<ContainerSample, number>>;

/** Files of a container's v1 cgroups by controller, null for those that cannot be had (kernel `Documentation/admin-guide/cgroup-v1`). */
export const V1_FILES = {
  usage: ['cpuacct', 'cpuacct.usage'],
  cpu: ['cpu', 'cpu.stat'],
  memory: ['memory', 'memory.usage_in_bytes'],
  memoryStat: ['memory', 'memory.stat'],
  oom: ['memory', 'memory.oom_control'],
  disk: ['blkio', 'blkio.throttle.io_service_bytes'],
  pids: ['pids', 'pids.current'],
} as const;
export type CgroupV1 = Record<keyof typeof V1_FILES, string | null>;

/** No limit is written as the largest multiple of a page below 2^63. */
const NO_LIMIT = 2 ** 60;

export function valuesV1(files: CgroupV1): Values {
  const disk = diskV1(files.disk);
  return known<ContainerSample>({
    cpu_seconds: scaled(alone(files.usage), 1e9),
    cpu_periods: keyed(files.cpu, 'nr_periods'),
    cpu_throttled_periods: keyed(files.cpu, 'nr_throttled'),
    cpu_throttled_seconds: scaled(keyed(files.cpu, 'throttled_time'), 1e9),
    memory_bytes: workingSet(alone(files.memory), keyed(files.memoryStat, 'total_inactive_file')),
    // Since Linux 4.13; before it nothing counts them.
    oom_kills: keyed(files.oom, 'oom_kill'),
    disk_read_bytes: disk?.read,
    disk_write_bytes: disk?.write,
    pids: alone(files.pids),
  });
}

/**
 * `8:0 Read 4096`, `8:0 Write 0`, … a device, then `Total 4096`. Newer kernels count here only while some limit of a device is set, so that a file
 * without a device says nothing. What the kernel writes back later belongs to nobody in version 1.
 */
function diskV1(text: string | null): { read: number; write: number } | undefined {
  const rows = [...(text ?? '').matchAll(/^\d+:\d+ (Read|Write) (\d{1,20})$/gm)];
  if (rows.length === 0) return undefined;
  const sum = (operation: string): number =>
    rows.filter(([, name]) => name === operation).reduce((total, [, , digits]) => total + Number(digits), 0);
  return { read: sum('Read'), write: sum('Write') };
}

export function limitsV1(memoryLimit: string | null, quota: string | null, period: string | null): Values {
  const memory = alone(memoryLimit);
  return known<ContainerSample>({
    memory_limit_bytes: memory !== undefined && memory < NO_LIMIT ? memory : undefined,
    // A quota of -1 is none, and no count either.
    cpu_limit_cores: cores(alone(quota), alone(period)),
  });
}
