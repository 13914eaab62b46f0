import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  createDockerEncoder,
  type DockerLogFile,
  logPath,
  openDockerLog,
  writeDockerConfig,
} from '../cli/demo/docker-files.ts';
import { writeDockerLogs } from '../cli/demo/docker-logs.ts';
import { type DemoContainer, fleetContainers } from '../cli/demo/fleet.ts';
import { createSpeaker, type Speaker } from '../cli/demo/lines.ts';
import { benchEnvironment } from './ingest.ts';
import { drained } from './ledger.ts';
import { type LoopFigures, readLoop } from './loop.ts';
import { usageOf } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { type Product, startProduct } from './product.ts';
import { mib, quantile, short, thousands } from './report.ts';
import { serverEvents } from './server-events.ts';

const FILES = 20;
const TICK_MS = 5;
/** Every so many lines one is watched for by the live tail. */
const WATCHED = 10;
/** Lines kept before the run begins, so that the query has something to read. */
const HISTORY_BYTES = 100e6;
const QUERY = '/cost=[5-7]\\d\\dms/';

export interface Phase {
  name: string;
  /** Milliseconds from the write to the live tail, and to a search that finds it. */
  tail: number[];
  search: number[];
  query: number[];
  loop: LoopFigures | null;
  cpu: number;
  seconds: number;
}

/** Lines appended to docker-like files → seen by live tail and by search; half the time with a query running all along. */
export async function benchLatency(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title(`latency: ${thousands(options.rate)} lines/s over ${FILES} files`);
  const dir = join(options.dir, 'latency');
  rmSync(dir, { recursive: true, force: true });
  const containersDir = join(dir, 'containers');
  mkdirSync(containersDir, { recursive: true });
  const history = await writeDockerLogs({
    dir: containersDir,
    messageBytes: Math.min(HISTORY_BYTES, options.messageBytes),
    seed: options.seed,
  });
  const loopFile = join(dir, 'loop.json');
  const product = await startProduct({
    dataDir: join(dir, 'data'),
    env: benchEnvironment({ containersDir }),
    logFile: join(dir, 'product.log'),
    loopFile,
  });
  let writer: Writer | null = null;
  try {
    await product.ready();
    await drained(product, history.fileBytes);
    writer = createWriter(containersDir, options.seed, options.rate);
    const tail = await openTail(product, writer);
    const half = (options.seconds * 1000) / 2;
    // What start and first use compile is not what is measured.
    await runPhase({ name: 'warm-up', product, writer, tail, loopFile, ms: Math.min(5_000, half), querying: false });
    const phases = [
      await runPhase({ name: 'alone', product, writer, tail, loopFile, ms: half, querying: false }),
      await runPhase({ name: 'with a query running', product, writer, tail, loopFile, ms: half, querying: true }),
    ];
    const written = writer.bytes();
    await writer.close();
    await drained(product, history.fileBytes + written);
    const missing = writer.sent() - tail.seen();
    await tail.close();
    const pair = (values: number[]): string => `${short(quantile(values, 0.5))} / ${short(quantile(values, 0.99))}`;
    report.table(
      ['ms', ...phases.map((phase) => phase.name)],
      [
        ['written → live tail, p50 / p99', ...phases.map((phase) => pair(phase.tail))],
        ['written → found by search, p50 / p99', ...phases.map((phase) => pair(phase.search))],
        ['watched lines / searches', ...phases.map((phase) => `${phase.tail.length} / ${phase.search.length}`)],
        [
          'event loop p99 / p99.9 / most',
          ...phases.map(({ loop }) => (loop ? `${short(loop.p99)} / ${short(loop.p999)} / ${short(loop.max)}` : '')),
        ],
        ['the query itself, p50 / p99', ...phases.map((phase) => (phase.query.length > 0 ? pair(phase.query) : ''))],
        ['CPU of the product, % of a core', ...phases.map((phase) => ((phase.cpu / phase.seconds) * 100).toFixed(0))],
      ],
    );
    report.line(
      `\n${thousands(writer.lines())} lines written; ${tail.skipped()} skipped by the tail, ${missing - tail.skipped()} never came; peak RSS ${mib(usageOf(product.pid).peakRss)}`,
    );
    await product.stop();
    if (missing > tail.skipped()) throw new Error(`${missing} watched lines never came to the tail`);
  } finally {
    await writer?.close();
    if (product.alive()) await product.kill();
  }
  rmSync(dir, { recursive: true, force: true });
}

export interface Writer {
  /** Token of all watched lines. */
  word: string;
  /** When the n-th watched line was written. */
  at(n: number): number;
  sent(): number;
  lines(): number;
  bytes(): number;
  /** Writes one line with this text now. */
  say(text: string): number;
  close(): Promise<void>;
}

export function createWriter(containersDir: string, seed: number, rate: number): Writer {
  const containers: DemoContainer[] = fleetContainers(seed + 1, FILES);
  const word = `lat${Date.now().toString(36)}`;
  const files: { file: DockerLogFile; speaker: Speaker }[] = containers.map((container) => {
    writeDockerConfig(containersDir, container, { running: true, createdAt: new Date(), startedAt: new Date() });
    return { file: openDockerLog(logPath(containersDir, container.id)), speaker: createSpeaker(container, seed + 1) };
  });
  const encode = createDockerEncoder();
  const times: number[] = [];
  let lines = 0;
  let bytes = 0;
  let open = true;
  function write(at: number, text: string): void {
    const ms = performance.timeOrigin + performance.now();
    const line = Buffer.from(encode(text, false, Math.floor(ms / 1000), Math.floor((ms % 1000) * 1e6)));
    files[at].file.write(line);
    bytes += line.length;
    lines++;
  }
  const began = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1000) * rate;
    while (lines < due) {
      const at = lines % FILES;
      if (lines % WATCHED === 0) {
        write(at, `INFO ${word} n=${times.length} cost=${600 + (lines % 90)}ms`);
        times.push(performance.now());
      } else write(at, files[at].speaker.say(Date.now()).text.split('\n')[0]);
    }
  }, TICK_MS);
  return {
    word,
    at: (n) => times[n],
    sent: () => times.length,
    lines: () => lines,
    bytes: () => bytes,
    say(text) {
      write(lines % FILES, text);
      return performance.now();
    },
    async close() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      for (const { file } of files) file.close();
    },
  };
}

export interface Tail {
  /** Delays since the last call. */
  take(): number[];
  seen(): number;
  skipped(): number;
  close(): Promise<void>;
}

export async function openTail(product: Product, writer: Writer): Promise<Tail> {
  const response = await product.get(`logs/tail?query=${writer.word}`);
  let delays: number[] = [];
  const first = writer.sent();
  let seen = first;
  let skipped = 0;
  const reading = (async () => {
    for await (const { event, data } of serverEvents(response.body as unknown as AsyncIterable<Uint8Array>)) {
      const now = performance.now();
      if (event === 'skipped') skipped += (JSON.parse(data) as { count: number }).count;
      if (event !== 'record') continue;
      const n = Number(/ n=(\d+) /.exec((JSON.parse(data) as { message: string }).message)?.[1]);
      if (n < first) continue;
      seen++;
      delays.push(now - writer.at(n));
    }
  })().catch(() => {});
  return {
    take() {
      const taken = delays;
      delays = [];
      return taken;
    },
    seen: () => seen,
    skipped: () => skipped,
    async close() {
      await response.body?.cancel().catch(() => {});
      void reading;
    },
  };
}

export interface PhaseOptions {
  name: string;
  product: Product;
  writer: Writer;
  tail: Tail;
  loopFile: string;
  ms: number;
  querying: boolean;
}

export async function runPhase({ name, product, writer, tail, loopFile, ms, querying }: PhaseOptions): Promise<Phase> {
  const phase: Phase = { name, tail: [], search: [], query: [], loop: null, cpu: 0, seconds: 0 };
  process.kill(product.pid, 'SIGUSR2');
  tail.take();
  const began = performance.now();
  const cpu = usageOf(product.pid).cpu;
  const until = began + ms;
  const querier = (async () => {
    while (querying && performance.now() < until) {
      const start = performance.now();
      await (
        await product.get(`logs/histogram?${new URLSearchParams({ query: QUERY, from: 'now-25h' })}`)
      ).arrayBuffer();
      phase.query.push(performance.now() - start);
    }
  })();
  for (let i = 0; performance.now() < until; i++) {
    const mark = `mark${Date.now().toString(36)}x${i}`;
    const at = writer.say(`INFO ${mark} searched for`);
    const path = `logs?query=${mark}&from=now-1m&to=now%2B1m&limit=1`;
    while ((await product.json<{ records: unknown[] }>(path)).records.length === 0) {
      if (performance.now() - at > 30_000) throw new Error(`a line was not found by search within 30 s: ${mark}`);
    }
    phase.search.push(performance.now() - at);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await querier;
  phase.seconds = (performance.now() - began) / 1000;
  phase.cpu = usageOf(product.pid).cpu - cpu;
  // The probe writes twice a second.
  await new Promise((resolve) => setTimeout(resolve, 600));
  phase.loop = readLoop(loopFile);
  phase.tail = tail.take();
  return phase;
}
