import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createDockerEncoder,
  type DockerLogFile,
  type LogLimits,
  logPath,
  openDockerLog,
  writeDockerConfig,
} from '../../cli/demo/docker-files.ts';
import { type DemoContainer, fleetContainers } from '../../cli/demo/fleet.ts';
import { createRandom, type Random } from '../../cli/demo/random.ts';
import { formatLine } from './oracle-line.ts';

/** A program that writes docker-like logs and cannot be killed by mistake: the tests' source of truth, in a process of its own. */
export interface WriterPlan {
  containersDir: string;
  run: string;
  streams: number;
  linesPerSecond: number;
  seed: number;
  limits: LogLimits;
  /** Appended to: one JSON line a tick with the last sequence number of each stream, and `done` at the end. */
  oracleFile: string;
}

export interface OracleEntry {
  /** Last sequence number by stream. */
  last: number[];
  /** Bytes written to all files. */
  bytes: number;
  rotations: number;
  done: boolean;
}

const TICK_MS = 20;

/** The containers a plan writes; every other one is compressed after rotation when the limits say so. */
export function writerContainers(plan: Pick<WriterPlan, 'seed' | 'streams'>): DemoContainer[] {
  return fleetContainers(plan.seed, plan.streams);
}

interface Stream {
  number: number;
  seq: number;
  file: DockerLogFile;
  encode: ReturnType<typeof createDockerEncoder>;
}

const PIECES = [
  '支付回调处理失败',
  'status=503',
  '"quoted" \\back',
  'tab\there',
  '<b>&amp;',
  'é ü ß',
  '😀 emoji',
  'plain words',
];

function payload(random: Random): string {
  const u = random.next();
  // Past docker's 16 KiB parts, ASCII only: docker itself destroys a character on that border.
  if (u < 0.0005) return `long ${'abcdefghij'.repeat(2_000 + random.int(1_500))}`;
  let text = '';
  const pieces = 1 + random.int(6);
  for (let i = 0; i < pieces; i++) text += `${random.pick(PIECES)} ${random.hex(2)} `;
  return text.trimEnd();
}

/** Lines of one record: mostly one, sometimes a trace whose frames are numbered lines as well. */
function record(plan: WriterPlan, stream: Stream, random: Random): string[] {
  const next = (): string =>
    formatLine({ run: plan.run, stream: stream.number, seq: ++stream.seq, payload: payload(random) });
  const lines = [next()];
  if (random.chance(0.02)) {
    const frames = 1 + random.int(6);
    for (let i = 0; i < frames; i++) lines.push(`\tat ${next()}`);
  }
  return lines;
}

export function runWriter(plan: WriterPlan): { stop(): void } {
  const random = createRandom(plan.seed);
  const streams = writerContainers(plan).map((container, i): Stream => {
    const limits = { ...plan.limits, compress: plan.limits.compress === true && i % 2 === 1 };
    writeDockerConfig(
      plan.containersDir,
      container,
      { running: true, createdAt: new Date(), startedAt: new Date() },
      limits,
    );
    return {
      number: i,
      seq: 0,
      file: openDockerLog(logPath(plan.containersDir, container.id), limits),
      encode: createDockerEncoder(),
    };
  });
  let lines = 0;
  let bytes = 0;
  let last = 0;
  // docker's clock: nanoseconds that never go back within a file.
  function now(): { seconds: number; nanos: number } {
    const ms = Math.max(last, performance.timeOrigin + performance.now());
    last = ms;
    const seconds = Math.floor(ms / 1000);
    return { seconds, nanos: Math.floor((ms - seconds * 1000) * 1e6) };
  }
  function say(stream: Stream): void {
    for (const line of record(plan, stream, random)) {
      const { seconds, nanos } = now();
      const encoded = Buffer.from(stream.encode(line, false, seconds, nanos));
      stream.file.write(encoded);
      bytes += encoded.length;
      lines++;
    }
  }
  function testify(done: boolean): void {
    const entry: OracleEntry = {
      last: streams.map((stream) => stream.seq),
      bytes,
      rotations: streams.reduce((sum, stream) => sum + stream.file.rotations, 0),
      done,
    };
    appendFileSync(plan.oracleFile, `${JSON.stringify(entry)}\n`);
  }
  const began = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1000) * plan.linesPerSecond;
    while (lines < due) say(streams[random.int(streams.length)]);
    testify(false);
  }, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      // A trace may be open at the end; a plain line closes it, so that nothing waits for more.
      for (const stream of streams) stream.file.close();
      testify(true);
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const writer = runWriter(JSON.parse(process.argv[2]) as WriterPlan);
  process.on('SIGTERM', () => {
    writer.stop();
    process.exit(0);
  });
  // A test that died must not leave a writer behind.
  process.stdin.on('end', () => process.exit(0)).resume();
}
