// Loaded into the product with --import: measures how late its main thread's event loop is, without asking it anything.
// Writes {count, p50, p99, p999, max} in ms to the file BENCH_LOOP_FILE twice a second; SIGUSR2 begins anew.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.BENCH_LOOP_FILE;
if (file && isMainThread) {
  // The histogram counts whole intervals between two looks; what is over the resolution is delay.
  const resolution = 1;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  const ms = (ns) => Math.max(0, ns / 1e6 - resolution);
  const write = () => {
    const figures = {
      count: histogram.count,
      p50: ms(histogram.percentile(50)),
      p99: ms(histogram.percentile(99)),
      p999: ms(histogram.percentile(99.9)),
      max: ms(histogram.max),
    };
    writeFileSync(`${file}.tmp`, JSON.stringify(figures));
    renameSync(`${file}.tmp`, file);
  };
  process.on('SIGUSR2', () => histogram.reset());
  setInterval(write, 500).unref();
}
