import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

/** One line about where the figures were made. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${model}, ${availableParallelism()} cores, ${memory} GiB, ${type()} ${release()}, Node ${process.versions.node}`;
}

export interface Usage {
  /** Seconds of CPU over all threads, user and system, since the process began. */
  cpu: number;
  /** Bytes resident now, and at most so far. */
  rss: number;
  peakRss: number;
}

/** Kernel ticks a second; the unit of /proc/PID/stat. */
const TICKS = clockTicks();

function clockTicks(): number {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100;
  } catch {
    return 100;
  }
}

/** What a process has used, from /proc (proc(5)): CPU in steps of a tick (10 ms). Throws when it is gone. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
    rss: kilobytes('VmRSS'),
    peakRss: kilobytes('VmHWM'),
  };
}
