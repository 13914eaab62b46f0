import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { machine } from './machine.ts';
import { type BenchName, type BenchOptions, readOptions, USAGE } from './options.ts';
import { createReport } from './report.ts';

/** `npm run bench`: see docs/benchmarks.md. */
const report = createReport();

async function bench(name: BenchName, options: BenchOptions): Promise<void> {
  // Each is loaded only when it runs: the collector's bench measures its own process.
  if (name === 'collect') await (await import('./collect.ts')).benchCollect(options);
  else if (name === 'ingest') await (await import('./ingest.ts')).benchIngest(options);
  else if (name === 'query') await (await import('./query.ts')).benchQuery(options);
  else if (name === 'latency') await (await import('./latency.ts')).benchLatency(options);
  else if (name === 'metrics') await (await import('./metrics.ts')).benchMetrics(options);
  else if (name === 'stats') await (await import('./stats.ts')).benchStats(options);
  else if (name === 'fleet') await (await import('./fleet.ts')).benchFleet(options);
  else if (name === 'page') await (await import('./page.ts')).benchPage(options);
  else if (name === 'patterns') await (await import('./patterns.ts')).benchPatterns(options);
  else await (await import('./idle.ts')).benchIdle(options);
}

/** Runs one bench in a process of its own; gives its exit code. */
function apart(name: BenchName, args: string[]): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), name, ...args], { stdio: 'inherit' });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

async function main(args: string[]): Promise<number> {
  const read = readOptions(args, report);
  if (read === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { names, options } = read;
  if (names.length === 1) {
    if (process.env.BENCH_APART === undefined) report.line(machine());
    await bench(names[0], options);
    return 0;
  }
  report.line(machine());
  process.env.BENCH_APART = '1';
  const rest = args.filter((arg) => !(names as string[]).includes(arg));
  let worst = 0;
  for (const name of names) worst = Math.max(worst, await apart(name, rest));
  return worst;
}

// An interrupted bench takes its children along: they end with the process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
