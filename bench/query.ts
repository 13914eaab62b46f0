import { existsSync } from 'node:fs';
import { describeData, prepareData } from './data.ts';
import { grepCount } from './grep.ts';
import { benchEnvironment, productDir } from './ingest.ts';
import { drained } from './ledger.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { type Product, startProduct } from './product.ts';
import { type Question, questions } from './questions.ts';
import { gb, mib, quantile, short, thousands } from './report.ts';
import { countByBruteForce } from './truth.ts';

/** A question is asked until this much time is spent, though never fewer times than this. */
const QUESTION_MS = 20_000;
const LEAST_REPEATS = 5;

/** Q1–Q12 through HTTP on the running product, warm, one at a time; `grep` and `rg` over the same files beside. */
export async function benchQuery(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title('query: Q1–Q12 through HTTP');
  const data = await prepareData(options);
  report.line(describeData(data));
  const asked = questions(data);
  const truth = countByBruteForce(data, asked, report);
  const dir = productDir(options);
  if (!existsSync(dir)) report.line('nothing is loaded yet: loading first (the ingest bench does it too)');
  const product = await startProduct({ dataDir: dir, env: benchEnvironment(data), logFile: `${dir}.log` });
  try {
    await product.ready();
    await drained(product, data.fileBytes, (now) =>
      report.progress(`${gb(now.searchable)} of ${gb(data.fileBytes)} searchable`),
    );
    const files = data.containers.map((container) => container.path);
    const rows: (string | number)[][] = [];
    let wrong = 0;
    for (const question of asked) {
      report.progress(question.name);
      const figures = await measure(product, question, options.repeats);
      const count = truth.get(question.name);
      const right = count === undefined ? null : Math.min(count, question.limit ?? count);
      if (right !== null && right !== figures.hits) wrong++;
      const { grep } = question;
      const beside = (program: 'grep' | 'rg'): string => {
        const result = grep ? grepCount(program, files, grep.text, grep.expression) : null;
        return result ? `${short(result.wallMs)} / ${short(result.cpuMs)}` : '';
      };
      rows.push([
        question.name,
        thousands(figures.hits),
        right === null ? '' : right === figures.hits ? 'yes' : `no: ${thousands(right)}`,
        short(figures.p50),
        short(figures.p99),
        short(figures.cpuMs),
        beside('grep'),
        beside('rg'),
      ]);
    }
    report.table(['query', 'hits', 'right', 'p50 ms', 'p99 ms', 'CPU ms', 'grep ms (wall / CPU)', 'rg ms'], rows);
    report.line(
      `\npeak RSS ${mib(usageOf(product.pid).peakRss)}; grep and rg count lines of the ${gb(data.fileBytes)} of files in the page cache`,
    );
    await product.stop();
    if (wrong > 0) throw new Error(`${wrong} questions have wrong answers`);
  } finally {
    if (product.alive()) await product.kill();
  }
}

interface Figures {
  hits: number;
  p50: number;
  p99: number;
  /** CPU of the whole product (all its threads) per question. */
  cpuMs: number;
}

async function measure(product: Product, question: Question, repeats: number): Promise<Figures> {
  const hits = question.hits(await product.json(question.path));
  await product.json(question.path);
  const walls: number[] = [];
  const before = usageOf(product.pid).cpu;
  const began = performance.now();
  while (walls.length < LEAST_REPEATS || (walls.length < repeats && performance.now() - began < QUESTION_MS)) {
    const start = performance.now();
    const response = await product.get(question.path);
    await response.arrayBuffer();
    walls.push(performance.now() - start);
  }
  const cpuMs = ((usageOf(product.pid).cpu - before) * 1000) / walls.length;
  return { hits, p50: quantile(walls, 0.5), p99: quantile(walls, 0.99), cpuMs };
}
