import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostSample } from '../../model/samples.ts';
import { isOwnInterface, parseNetDev, sumTraffic } from './net-dev.ts';
import { count, known } from './parse.ts';
import { readSmall } from './small-file.ts';

type Values = Partial<Record<HostSample, number>>;

/** Kernel ticks a second in `/proc/stat`: 100 on every architecture Linux runs containers on (`USER_HZ`). */
const TICKS = 100;
/** `/proc/diskstats` counts sectors of this size whatever the disk's own are. */
const SECTOR = 512;

/** Figures of the machine from the host's `/proc`, and of the filesystem that holds the logs. What cannot be read is absent. */
export async function readHost(procDir: string, logDirs: readonly string[]): Promise<Values> {
  const text = (name: string): Promise<string | null> => readSmall(join(procDir, name));
  return known<HostSample>({
    ...cpu((await text('stat')) ?? ''),
    ...memory((await text('meminfo')) ?? ''),
    ...load((await text('loadavg')) ?? ''),
    ...disks((await text('diskstats')) ?? ''),
    // The first process is in the host's own network; `net/dev` itself would be this process' one.
    ...network((await text('1/net/dev')) ?? (await text('net/dev'))),
    ...(await space(logDirs)),
  });
}

/** `cpu user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user and nice already, steal is others' time. */
export function cpu(text: string): Values {
  const line = /^cpu +(.*)$/m.exec(text)?.[1].split(' ').map(count) ?? [];
  const [user, nice, system, , , irq, softirq] = line;
  const busy = [user, nice, system, irq, softirq];
  if (busy.includes(undefined)) return {};
  const cpu_cores = [...text.matchAll(/^cpu\d+ /gm)].length;
  return { cpu_seconds: (busy as number[]).reduce((sum, ticks) => sum + ticks, 0) / TICKS, cpu_cores };
}

export function memory(text: string): Values {
  const kilobytes = (name: string): number | undefined =>
    count(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1]);
  const [total, available] = [kilobytes('MemTotal'), kilobytes('MemAvailable')];
  if (total === undefined) return {};
  const used = available === undefined ? {} : { memory_bytes: Math.max(0, total - available) * 1024 };
  return { memory_total_bytes: total * 1024, ...used };
}

/** Of the last minute. */
export function load(text: string): Values {
  const one = /^\d{1,9}\.\d{1,9}(?= )/.exec(text)?.[0];
  return one === undefined ? {} : { load: Number(one) };
}

/** Whole disks; partitions, and devices made of other ones (`dm-`, `md`), would tell the same bytes twice. */
export function disks(text: string): Values {
  const rows = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 14 && !/^(loop|ram|zram|dm-|md|sr|fd|nbd|drbd)\d*/.test(fields[2]));
  const names = new Set(rows.map((fields) => fields[2]));
  const partOf = (name: string): boolean => {
    const whole = /^(.*\d)p\d+$/.exec(name)?.[1] ?? /^(.*\D)\d+$/.exec(name)?.[1];
    return whole !== undefined && names.has(whole);
  };
  const whole = rows.filter((fields) => !partOf(fields[2]));
  const sectors = (column: number): number =>
    whole.reduce((sum, fields) => sum + (count(fields[column]) ?? 0), 0) * SECTOR;
  return whole.length === 0 ? {} : { disk_read_bytes: sectors(5), disk_write_bytes: sectors(9) };
}

export function network(text: string | null): Values {
  if (text === null) return {};
  const { rxBytes, txBytes } = sumTraffic(parseNetDev(text), isOwnInterface);
  return { net_rx_bytes: rxBytes, net_tx_bytes: txBytes };
}

/** Of the first of these folders that is there. */
async function space(dirs: readonly string[]): Promise<Values> {
  for (const dir of dirs) {
    const disk = await statfs(dir).catch(() => null);
    if (!disk) continue;
    return { disk_used_bytes: (disk.blocks - disk.bfree) * disk.bsize, disk_total_bytes: disk.blocks * disk.bsize };
  }
  return {};
}
