import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { UNSURE } from '../../collector/kernel/bench-kernel.ts';
import { compileKernel } from '../../collector/kernel/load-kernel.ts';
import { createCutter } from '../../collector/pipeline/batch-cutter.ts';
import { createLineReader } from '../../collector/pipeline/line-reader.ts';
import { createReadings } from '../../collector/pipeline/readings.ts';
import type { Sender } from '../../collector/pipeline/sender.ts';
import { createTurn } from '../../collector/pipeline/turn.ts';
import { createWorkbench, type Workbench } from '../../collector/pipeline/workbench.ts';
import type { ByteSource } from '../../collector/tail/byte-source.ts';
import { newFileState } from '../../collector/tail/new-state.ts';
import { newTailFile } from '../../collector/tail/tail-file.ts';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import { detectLevel } from '../../model/detect-level.ts';
import { createRedactor } from '../../model/redaction/redaction.ts';
import { createSecretScan } from '../../model/redaction/secret-scan.ts';
import { dose } from '../doses.ts';
import { buildKernel, COLLECTOR_KERNEL } from '../generators/kernel.ts';
import { dockerLogLines } from '../suites/docker-lines.ts';
import { createRandom, type Random } from '../suites/random.ts';
import { collectorConfig, fileTarget } from './collector-rig.ts';

const T = 1_795_000_000_000_000;
const kernel = compileKernel();
/** All bytes of all lines, and those that came by the kernel: the tests mean something only while most do. */
const figures = { bytes: 0, taken: 0 };

const clock: Clock = { nowUs: () => T + 3_600e6, monotonicMs: () => 0 };
const severe = (bytes: Buffer, start: number, end: number): boolean => {
  const newline = bytes.indexOf(10, start);
  const level = detectLevel(bytes, start, newline >= 0 && newline < end ? newline : end);
  return level >= 4 && level < 7;
};

/** What a file that is read by turns becomes: batches as they leave, counters, and where joining stands after each turn. */
async function read(config: CollectorConfig, content: Buffer, steps: number[], module: WebAssembly.Module | null) {
  const counters: Record<string, number> = {};
  const count = (name: string, by = 1): void => {
    counters[name] = (counters[name] ?? 0) + by;
  };
  const rawLineBytes = Math.max(config.readBytes, config.lineBytes + (64 << 10));
  const bench = createWorkbench({ ...config, rawLineBytes }, module);
  const readings = createReadings({ config, bench, count, oldestUs: () => 0, severe });
  const sent: string[] = [];
  const sender = { send: (_: unknown, batch: Buffer) => sent.push(batch.toString('latin1')) } as unknown as Sender;
  const redactor = createRedactor(config, (rule, places) => count(rule, places));
  const { batchBytes } = config;
  const cutter = createCutter({
    bench,
    sender,
    checkpoint: { put: () => {} },
    redactor,
    clock,
    batchBytes,
    level: detectLevel,
    count,
  });
  const turn = createTurn({
    bench,
    lines: createLineReader(bench, batchBytes, config.lineBytes, count),
    cutter,
    clock,
    count,
    severe,
    rawLineBytes,
    readBytes: config.readBytes,
    flushMs: config.flushMs,
    multilineMs: config.multilineMs,
    turnBytes: 1 << 20,
    worthBytes: batchBytes / 4,
    hasRoom: () => true,
  });
  if (bench.kernel) {
    const { take } = bench.kernel;
    bench.kernel.take = (...args) => {
      const taken = take(...args);
      figures.taken += taken;
      return taken;
    };
    figures.bytes += content.length;
  }
  let size = 0;
  const source: ByteSource = {
    base: 0,
    fixed: false,
    stat: () => ({ size, nlink: 1, mtimeMs: T / 1_000, allocated: size }),
    read: (into, at, length, position) => content.copy(into, at, position, Math.min(size, position + length)),
    close: () => {},
  };
  const target = fileTarget('/x-json.log', 'json-file');
  const id = { dev: '1', ino: '1', birth: `${T * 1_000}` };
  const state = newFileState(id, { owner: 'a'.repeat(10), target, path: target.path, nowUs: T });
  const file = newTailFile(state, readings.ofFile(target), () => source);
  const states: string[] = [];
  for (const step of [...steps, content.length]) {
    size = Math.min(content.length, step);
    file.final = step === content.length;
    while ((await turn(file)) === 'more');
    const { held, open, ...rest } = file.assembly;
    const messages = held?.messages.toString('latin1');
    // A closed record's figures say nothing.
    const opened = open.map((one) => one.index >= 0 && one);
    states.push(JSON.stringify([rest, opened, held?.count, messages, [...(held?.marks ?? [])], file.readPos]));
  }
  return { sent, counters, states };
}

function configOf(random: Random): CollectorConfig {
  return collectorConfig({
    readBytes: random.pick([4_096, 5_003, 65_536, 262_144]),
    batchBytes: random.pick([4_096, 30_000, 524_288]),
    lineBytes: random.pick([1_024, 1 << 20]),
    multilineLines: random.pick([2, 5, 1_000]),
    multilineBytes: random.pick([1_024, 1 << 20]),
    flushMs: 0,
  });
}

describe('records by the kernel and by TypeScript', () => {
  const rounds = dose(100, 5_000);

  test(`are the same batches, byte by byte, over ${rounds} logs with hostile lines`, async () => {
    for (let round = 0; round < rounds; round++) {
      const random = createRandom(round);
      const config = configOf(random);
      const content = Buffer.concat([...dockerLogLines(random, 1 + random.below(400))]);
      const steps = Array.from({ length: random.below(4) }, () => random.below(content.length)).sort((a, b) => a - b);
      const plain = await read(config, content, steps, null);
      const fast = await read(config, content, steps, kernel);
      expect(fast.counters, `round ${round}`).toEqual(plain.counters);
      expect(fast.states, `round ${round}`).toEqual(plain.states);
      expect(fast.sent.length, `round ${round}`).toBe(plain.sent.length);
      for (const [i, batch] of fast.sent.entries())
        expect(batch === plain.sent[i], `round ${round}, batch ${i}`).toBe(true);
    }
  });

  afterAll(() => {
    // Hostile lines are many here; of what programs write it takes nearly all.
    expect(figures.taken / figures.bytes).toBeGreaterThan(0.3);
  });
});

/** Puts messages on a bench as records. */
function lay(bench: Workbench, messages: Buffer[], joined: (i: number) => boolean): void {
  let used = 0;
  for (const [i, message] of messages.entries()) {
    used += message.copy(bench.bytes, used);
    bench.ends[i] = used;
    bench.marks[i] = joined(i) ? 2 : 0;
  }
  bench.used = used;
  bench.count = messages.length;
}

function* texts(random: Random, count: number): Generator<Buffer> {
  for (const line of dockerLogLines(random, count)) {
    try {
      yield Buffer.from((JSON.parse(line.toString()) as { log: string }).log);
    } catch {
      yield line;
    }
  }
}

/** Words, marks and blanks in any order: every neighbour a level word can have. */
function soup(random: Random): Buffer {
  const pieces = [
    ...'error WARN info Fatal debug_x DEBUG level severity lvl priority log. note NOTE fail 2026-11-21 10:24 Nov T Z utc'.split(
      ' ',
    ),
    ...' \t[](){}<>|=:"\'-_.,/*!?&\\\n\u001b'.split(''),
    ...['"level":', '"s":"W"', '{"', '"}', ' | ', '\u001b[31m', '中', 'é', '\0', 'E1121 ', '1', '60', 'x'],
  ];
  let text = '';
  for (let i = 1 + random.below(12); i > 0; i--) text += random.pick(pieces);
  const bytes = Buffer.from(random.chance(0.05) ? 'w'.repeat(190 + random.below(20)) + text : text);
  if (random.chance(0.05)) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

describe('levels by the kernel and by TypeScript', () => {
  const config = collectorConfig();
  const bench = createWorkbench({ ...config, rawLineBytes: 1 << 20 }, kernel);

  test.each([
    ['lines of programs', (random: Random) => [...texts(random, 500)], 0.2],
    ['any neighbours', (random: Random) => Array.from({ length: 2_000 }, () => soup(random)), 0.4],
  ])('are the same: %s', (_, make, most) => {
    let unsure = 0;
    let all = 0;
    for (let round = 0; round < dose(40, 2_000); round++) {
      const random = createRandom(round);
      const messages = make(random);
      lay(bench, messages, (i) => i % 3 === 0);
      bench.kernel?.levels(messages.length);
      all += messages.length;
      for (const [i, message] of messages.entries()) {
        if (bench.levels[i] === UNSURE) {
          unsure++;
          continue;
        }
        const line = i % 3 === 0 && message.includes(10) ? message.subarray(0, message.indexOf(10)) : message;
        expect(bench.levels[i], JSON.stringify(message.toString('latin1'))).toBe(detectLevel(line, 0, line.length));
      }
    }
    expect(unsure / all).toBeLessThan(most);
  });
});

test('the kernel lists the places that TypeScript lists, for secrets', () => {
  const bench = createWorkbench({ ...collectorConfig(), rawLineBytes: 1 << 20 }, kernel);
  const scan = createSecretScan();
  let found = 0;
  for (let round = 0; round < dose(60, 3_000); round++) {
    const random = createRandom(round);
    lay(bench, [...texts(random, 300)], () => false);
    const { used } = bench;
    const slow: number[] = [];
    scan.scan(bench.bytes, used, (at) => slow.push(at));
    const inside = (places: Iterable<number>) =>
      [...places].filter((at) => at >= 0 && at < used - 2).sort((a, b) => a - b);
    const fast = inside(bench.kernel?.secrets(used) ?? []);
    found += fast.length;
    expect(fast).toEqual(inside(slow));
  }
  expect(found).toBeGreaterThan(1_000);
});

test('more places than it can list are left to TypeScript', () => {
  const bench = createWorkbench({ ...collectorConfig(), rawLineBytes: 1 << 20 }, kernel);
  lay(bench, [Buffer.from('password=x '.repeat(20_000))], () => false);
  expect(bench.kernel?.secrets(bench.used)).toBeNull();
});

describe('kernel.wasm', () => {
  test('is what its sources build to', async () => {
    expect(Buffer.from(await buildKernel(COLLECTOR_KERNEL)).equals(readFileSync(COLLECTOR_KERNEL.wasm))).toBe(true);
  });

  test('needs a memory from its host and nothing else', () => {
    const module = new WebAssembly.Module(readFileSync(COLLECTOR_KERNEL.wasm));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });
});
