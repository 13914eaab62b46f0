import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WrittenLogs } from '../cli/demo/docker-logs.ts';
import { describeData, prepareData } from './data.ts';
import { diskBytes } from './disk.ts';
import { drained } from './ledger.ts';
import { readLoop } from './loop.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { type Product, startProduct } from './product.ts';
import { gb, mib, short, thousands } from './report.ts';
import { verifyContainer } from './verify.ts';

export interface Loaded {
  product: Product;
  data: WrittenLogs;
}

export const productDir = (options: BenchOptions): string => join(options.dir, 'product');

/** Settings of every bench: the defaults, with statuses often enough that the ledger is not what is waited for. */
export function benchEnvironment(data: { containersDir: string }): Record<string, string> {
  return {
    FLEETLOG_COLLECTOR_CONTAINERS_DIR: data.containersDir,
    FLEETLOG_COLLECTOR_HOST: 'bench',
    FLEETLOG_COLLECTOR_STATUS_MS: '500',
    FLEETLOG_LOG_LEVEL: 'warn',
  };
}

/** The whole product in one process: docker's files → searchable, then every line compared with the files. */
export async function benchIngest(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title('ingest: files → searchable, one process');
  const data = await prepareData(options);
  report.line(describeData(data));
  const dir = productDir(options);
  rmSync(dir, { recursive: true, force: true });
  const loopFile = join(options.dir, 'loop.json');
  const began = performance.now();
  const product = await startProduct({ dataDir: dir, env: benchEnvironment(data), logFile: `${dir}.log`, loopFile });
  try {
    await product.ready();
    const ready = (performance.now() - began) / 1000;
    const sum = await drained(product, data.fileBytes, (now) =>
      report.progress(`${gb(now.searchable)} of ${gb(data.fileBytes)} searchable`),
    );
    const seconds = (performance.now() - began) / 1000;
    const loaded = usageOf(product.pid);
    const loop = readLoop(loopFile);
    const before = diskBytes(join(dir, 'store'));
    const raw = data.messageBytes / 1e9;
    report.table(
      ['figure', 'value'],
      [
        ['CPU-s per GB of messages, start included', short(loaded.cpu / raw)],
        ['lines/s (wall), start included', thousands(data.lines / seconds)],
        ['ready after', `${short(ready)} s`],
        ['searchable after', `${short(seconds)} s`],
        ['peak RSS', mib(loaded.peakRss)],
        [
          'event loop p99 / p99.9 / most',
          loop ? `${short(loop.p99)} / ${short(loop.p999)} / ${short(loop.max)} ms` : 'unknown',
        ],
        [
          'ledger: file bytes = searchable + dropped',
          `${sum.read} = ${sum.searchable} + ${sum.dropped} ${JSON.stringify(sum.droppedBy)}`,
        ],
        ['disk before a stop, of messages', `${(before / data.messageBytes).toFixed(3)} (${gb(before)})`],
      ],
    );
    await verify(options, product, data);
    const stopped = await product.stop();
    const after = diskBytes(join(dir, 'store'));
    report.line(
      `after a stop (${short(stopped.ms / 1000)} s, exit ${stopped.code}): disk ${(after / data.messageBytes).toFixed(3)} of messages (${gb(after)})`,
    );
  } finally {
    if (product.alive()) await product.kill();
  }
}

async function verify(options: BenchOptions, product: Product, data: WrittenLogs): Promise<void> {
  const { report } = options;
  const began = performance.now();
  const cpu = usageOf(product.pid).cpu;
  const total = { records: 0, lines: 0, messageBytes: 0 };
  const differences: string[] = [];
  for (const container of data.containers) {
    // A minute more on each side: the last lines may pass the end of the day.
    const verdict = await verifyContainer(product, container, { from: data.from - 60_000, to: data.to + 60_000 });
    total.records += verdict.records;
    total.lines += verdict.lines;
    total.messageBytes += verdict.messageBytes;
    differences.push(...verdict.differences);
    report.progress(`compared ${thousands(total.lines)} of ${thousands(data.lines)} lines`);
  }
  const seconds = (performance.now() - began) / 1000;
  report.line('');
  report.table(
    ['compared with the files, by export', 'value'],
    [
      ['lines byte-exact and in order', `${thousands(total.lines)} of ${thousands(data.lines)}`],
      ['records (generator)', `${thousands(total.records)} (${thousands(data.records)})`],
      ['differences', differences.length],
      [
        'export',
        `${short(total.messageBytes / 1e6 / seconds)} MB/s, ${short((usageOf(product.pid).cpu - cpu) / (total.messageBytes / 1e9))} CPU-s per GB of the product's`,
      ],
      ['peak RSS after it', mib(usageOf(product.pid).peakRss)],
    ],
  );
  for (const difference of differences.slice(0, 10)) report.line(`  ${difference}`);
  if (differences.length > 0 || total.lines !== data.lines)
    throw new Error('the store does not hold what the files hold');
}
