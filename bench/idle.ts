import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDockerLogs } from '../cli/demo/docker-logs.ts';
import { benchEnvironment } from './ingest.ts';
import { drained } from './ledger.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { startProduct } from './product.ts';
import { mib } from './report.ts';

const BYTES_A_FILE = 2_000;

/** What the product costs when nothing is written: many quiet files, the defaults, nobody looking. */
export async function benchIdle(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title(`idle: ${options.files} quiet files`);
  const dir = join(options.dir, 'idle');
  rmSync(dir, { recursive: true, force: true });
  const containersDir = join(dir, 'containers');
  mkdirSync(containersDir, { recursive: true });
  const data = await writeDockerLogs({
    dir: containersDir,
    messageBytes: options.files * BYTES_A_FILE,
    containers: options.files,
    seed: options.seed,
  });
  // The default interval of statuses: it is part of what idling costs.
  const { FLEETLOG_COLLECTOR_STATUS_MS: _, ...env } = benchEnvironment({ containersDir });
  const product = await startProduct({ dataDir: join(dir, 'data'), env, logFile: join(dir, 'product.log') });
  try {
    await product.ready();
    await drained(product, data.fileBytes);
    // What loading left behind (garbage, a last status) settles first.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const before = usageOf(product.pid);
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
    const after = usageOf(product.pid);
    const seconds = (performance.now() - began) / 1000;
    report.table(
      ['figure', 'value'],
      [
        ['CPU, % of a core', (((after.cpu - before.cpu) / seconds) * 100).toFixed(2)],
        ['over', `${seconds.toFixed(0)} s`],
        ['RSS', mib(after.rss)],
        ['peak RSS, loading included', mib(after.peakRss)],
      ],
    );
    await product.stop();
  } finally {
    if (product.alive()) await product.kill();
  }
  rmSync(dir, { recursive: true, force: true });
}
