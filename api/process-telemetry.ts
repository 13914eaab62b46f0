import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';
import { liveGauges } from './live-gauge.ts';

/** Figures of the process, under the names dashboards for Prometheus know. Returns how to stop measuring. */
export function measureProcess(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const registers = [registry];
  const gauge = liveGauges(registry);
  new Gauge({
    name: 'fleetlog_process_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape, by quantile.',
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const [quantile, percentile] of [
        ['0.5', 50],
        ['0.99', 99],
        ['0.999', 99.9],
      ] as const) {
        const seconds = delay.percentile(percentile) / 1e9;
        this.set({ quantile }, Number.isFinite(seconds) ? seconds : 0);
      }
      delay.reset();
    },
  });
  let counted = 0;
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.inc((user + system) / 1e6 - counted);
      counted = (user + system) / 1e6;
    },
  });
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  gauge('process_heap_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  gauge(
    'process_start_time_seconds',
    'When the process started, seconds since the epoch.',
    () => performance.timeOrigin / 1000,
  );
  gauge('process_open_fds', 'Open file descriptors; 0 where the system does not say.', openFiles);
  return () => delay.disable();
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
