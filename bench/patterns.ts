import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PatternsAnswer } from '../api/contract.ts';
import type { WrittenLogs } from '../cli/demo/docker-logs.ts';
import { containerRecords } from '../cli/demo/lines.ts';
import { maskMessage, patternOf } from '../model/pattern.ts';
import { mergeTemplates, type Template } from '../model/pattern-merge.ts';
import { blockPatterns } from '../store/embedded/block-hashes.ts';
import { describeData, prepareData } from './data.ts';
import { benchEnvironment, productDir } from './ingest.ts';
import { drained } from './ledger.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { type Product, startProduct } from './product.ts';
import { gb, quantile, short, thousands } from './report.ts';

/** As many as the API gives. */
const LIMIT = 5_000;
const REPEATS = 5;
/** A line of its own kind among millions. */
const PLANTED = 'flux capacitor of gate 7 misaligned by 88 degrees';
/** Messages hashed at a time, as a segment's block has them. */
const BLOCK = 256;
const HASHED_BYTES = 200e6;

/** `logs/patterns` over everything, compared with templates counted by brute force; a planted line; and what patterns cost at ingest. */
export async function benchPatterns(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title('patterns: exact counts over the whole range');
  const data = await prepareData(options);
  report.line(describeData(data));
  const planted = join(options.dir, 'planted');
  const file = join(planted, 'delorean', 'app.log');
  mkdirSync(dirname(file), { recursive: true });
  // One line, however often this runs over the same store.
  if (!existsSync(file)) writeFileSync(file, `${PLANTED}\n`);
  const dir = productDir(options);
  const env = { ...benchEnvironment(data), FLEETLOG_COLLECTOR_PATHS: join(planted, '{app}', '*.log') };
  const product = await startProduct({ dataDir: dir, env, logFile: `${dir}.log` });
  try {
    await product.ready();
    await drained(product, data.fileBytes, (now) =>
      report.progress(`${gb(now.searchable)} of ${gb(data.fileBytes)} searchable`),
    );
    const path = `logs/patterns?limit=${LIMIT}&from=${data.from}&to=${data.to}`;
    const { answer, walls, cpuMs } = await ask(product, path);
    // Before the counting: it holds this process for so long that the product closes the connection.
    const rare = await ask(product, `logs/patterns?limit=${LIMIT}&from=${data.from}&to=now%2B1d`);
    const truth = bruteForce(data, (share) => report.progress(`by brute force: ${(share * 100).toFixed(0)} %`));
    const wrong = differences(answer, truth);
    const found = rare.answer.patterns.filter(({ template }) => template === maskMessage(PLANTED));
    report.table(
      ['patterns', 'value'],
      [
        ['lines counted (generator)', `${thousands(answer.lines)} (${thousands(sum(truth))})`],
        ['distinct patterns, merged', `${thousands(answer.total)}, ${thousands(answer.patterns.length)}`],
        ['merged patterns whose count is not the brute force’s', wrong.length],
        ['the planted line: patterns, lines', `${found.length}, ${found.reduce((n, { count }) => n + count, 0)}`],
        ['whole range, p50 / most', `${short(quantile(walls, 0.5))} / ${short(Math.max(...walls))} ms`],
        ['CPU of the product for it', `${short(cpuMs)} ms`],
        ['hashing at ingest', `${short(hashingCost(data))} CPU-s per GB of messages`],
      ],
    );
    for (const text of wrong.slice(0, 10)) report.line(`  ${text}`);
    await product.stop();
    if (wrong.length > 0) throw new Error(`${wrong.length} patterns have wrong counts`);
    if (found.length !== 1 || found[0].count !== 1) throw new Error('the planted line is no pattern of its own');
  } finally {
    if (product.alive()) await product.kill();
  }
}

async function ask(
  product: Product,
  path: string,
): Promise<{ answer: PatternsAnswer; walls: number[]; cpuMs: number }> {
  const walls: number[] = [];
  let answer = await product.json<PatternsAnswer>(path);
  const cpu = usageOf(product.pid).cpu;
  for (let i = 0; i < REPEATS; i++) {
    const began = performance.now();
    answer = await product.json<PatternsAnswer>(path);
    walls.push(performance.now() - began);
  }
  return { answer, walls, cpuMs: ((usageOf(product.pid).cpu - cpu) * 1000) / REPEATS };
}

/** Templates of everything the generator says, counted one by one, then merged by the same rule. */
function bruteForce(data: WrittenLogs, onProgress: (share: number) => void): Map<string, number> {
  const counted = new Map<string, number>();
  let done = 0;
  for (const container of data.containers) {
    for (const record of containerRecords(container, container.plan)) {
      const ms = record.seconds * 1000 + record.nanos / 1e6;
      if (ms < data.from || ms >= data.to) continue;
      const template = maskMessage(record.text);
      counted.set(template, (counted.get(template) ?? 0) + 1);
    }
    done += container.records;
    onProgress(done / data.records);
  }
  const templates = [...counted].map(
    ([template, count]): Template => ({
      pattern: patternOf(template),
      template,
      count,
    }),
  );
  return byTemplate(mergeTemplates(templates));
}

function byTemplate(groups: readonly { template: string; count: number }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { template, count } of groups) counts.set(template, (counts.get(template) ?? 0) + count);
  return counts;
}

function differences(answer: PatternsAnswer, truth: Map<string, number>): string[] {
  const told = byTemplate(answer.patterns);
  const names = new Set([...told.keys(), ...truth.keys()]);
  return [...names]
    .filter((name) => told.get(name) !== truth.get(name))
    .map((name) => `${told.get(name) ?? 'absent'}, by brute force ${truth.get(name) ?? 'absent'}: ${name}`);
}

const sum = (counts: Map<string, number>): number => [...counts.values()].reduce((a, n) => a + n, 0);

/** CPU seconds per GB of hashing alone, by the code that writes segments. */
function hashingCost(data: WrittenLogs): number {
  let bytes = 0;
  let cpu = 0;
  for (const container of data.containers) {
    let texts: Buffer[] = [];
    for (const record of containerRecords(container, container.plan)) {
      texts.push(Buffer.from(record.text));
      if (texts.length < BLOCK) continue;
      const text = Buffer.concat(texts);
      let end = 0;
      const ends = Uint32Array.from(texts, (one) => (end += one.length));
      const began = process.cpuUsage();
      blockPatterns(text, ends, texts.length);
      const { user, system } = process.cpuUsage(began);
      cpu += (user + system) / 1e6;
      bytes += text.length;
      texts = [];
      if (bytes > HASHED_BYTES) return (cpu / bytes) * 1e9;
    }
  }
  return (cpu / bytes) * 1e9;
}
