import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dose } from '../doses.ts';
import { createRig, dockerLine, fileTarget, type Rig } from './collector-rig.ts';

/**
 * An interpreter of what writers, rotators and operators do to one log, against the plainest model: every line ever written. Lines
 * lost 0, lines twice 0, re-sent batches alike. Operations that destroy unread lines wait until all is read, as the kernel would
 * lose them for any reader.
 */
type Action =
  | { do: 'write'; lines: number; size: number }
  | { do: 'half'; size: number }
  | { do: 'rename' }
  | { do: 'compress' }
  | { do: 'copytruncate' }
  | { do: 'truncate' }
  | { do: 'recreate' }
  | { do: 'restart'; held: boolean; whileDown: ('write' | 'rename' | 'compress' | 'copytruncate')[] }
  | { do: 'wait' }
  | { do: 'block' };

const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5_000, max: 60_000 }) },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('write' as const), lines: fc.integer({ min: 1, max: 60 }), size }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('half' as const), size }) },
  { weight: 3, arbitrary: fc.constant({ do: 'rename' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'compress' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'copytruncate' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'truncate' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'recreate' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      held: fc.boolean(),
      whileDown: fc.array(
        fc.constantFrom('write' as const, 'rename' as const, 'compress' as const, 'copytruncate' as const),
        { maxLength: 4 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'block' as const }) },
);

const T = 1_795_000_000_000_000;
const KEEP = 60;

interface World {
  rig: Rig;
  path: string;
  docker: boolean;
  /** A log is rotated one way: renamed by its writer, or copied and truncated behind its back. */
  copies: boolean;
  written: string[];
  /** A line's second half that is to be written first. */
  pending: string;
  release: (() => void) | null;
}

function lineOf(world: World, bytes: number): string {
  const n = world.written.length;
  const text = `#${n} ${'x'.repeat(bytes)}é`;
  world.written.push(text);
  return world.docker
    ? dockerLine(text, T + n * 1_000)
    : `2026-11-21T10:00:00.${String(n % 1000).padStart(3, '0')}Z ${text}\n`;
}

function write(world: World, lines: number, bytes: number): void {
  let text = world.pending;
  world.pending = '';
  for (let i = 0; i < lines; i++) text += lineOf(world, bytes);
  world.rig.append(world.path, text);
}

/** A rotated name must not be taken away before it was read: many generations are kept. */
function shift(path: string): void {
  for (let n = KEEP; n >= 1; n--) {
    for (const gz of ['', '.gz'])
      if (existsSync(`${path}.${n}${gz}`)) renameSync(`${path}.${n}${gz}`, `${path}.${n + 1}${gz}`);
  }
}

function rename(world: World): void {
  if (world.copies || !existsSync(world.path)) return;
  // A writer that rotates does so between lines.
  if (world.pending) write(world, 0, 0);
  shift(world.path);
  renameSync(world.path, `${world.path}.1`);
}

/** Docker and logrotate write the compressed file, then remove the plain one. */
function compress(world: World): void {
  for (let n = KEEP + 1; n >= 1; n--) {
    const plain = `${world.path}.${n}`;
    if (!existsSync(plain)) continue;
    writeFileSync(`${plain}.gz`, gzipSync(readFileSync(plain)));
    unlinkSync(plain);
    return;
  }
}

function copytruncate(world: World): void {
  if (!world.copies || !existsSync(world.path)) return;
  if (world.pending) write(world, 0, 0);
  shift(world.path);
  copyFileSync(world.path, `${world.path}.1`);
  truncateSync(world.path, 0);
}

async function allRead(world: World): Promise<void> {
  open(world);
  await world.rig.until(() => {
    for (const row of world.rig.collector().ledger())
      if (row.state !== 'gone' && row.read < row.size && !world.pending) throw new Error('unread');
    if (existsSync(world.path)) {
      const size = statSync(world.path).size;
      const half = world.pending ? 100_000 : 0;
      const live = world.rig
        .collector()
        .ledger()
        .some((row) => row.state !== 'gone' && row.size === size && row.read + half >= row.size - half);
      if (!live) throw new Error('live file not read');
    }
  });
  await world.rig.idle();
}

function open(world: World): void {
  world.release?.();
  world.release = null;
  world.rig.gate.wait = null;
}

async function act(world: World, one: Action): Promise<void> {
  const { rig, path } = world;
  switch (one.do) {
    case 'write':
      write(world, one.lines, one.size);
      return;
    case 'half': {
      const whole = world.pending + lineOf(world, one.size);
      const cut = Math.floor(whole.length / 2);
      rig.append(path, whole.slice(0, cut));
      world.pending = whole.slice(cut);
      return;
    }
    case 'rename':
      rename(world);
      return;
    case 'compress':
      compress(world);
      return;
    case 'copytruncate':
      if (world.pending) write(world, 0, 0);
      copytruncate(world);
      return;
    case 'truncate':
      if (world.pending) write(world, 0, 0);
      if (!existsSync(path)) return;
      await everything(world);
      truncateSync(path, 0);
      return;
    case 'recreate':
      if (world.pending) write(world, 0, 0);
      if (!existsSync(path)) return;
      await everything(world);
      unlinkSync(path);
      return;
    case 'restart':
      if (!one.held) open(world);
      else block(world);
      {
        const stopping = rig.stop();
        // A stop waits for acknowledgements: let them go once it has stopped reading.
        if (one.held) await new Promise((resolve) => setTimeout(resolve, 30));
        open(world);
        await stopping;
      }
      for (const down of one.whileDown) {
        if (down === 'write') write(world, 5, 30);
        else if (down === 'rename') rename(world);
        else if (down === 'compress') compress(world);
        else copytruncate(world);
      }
      await rig.start();
      return;
    case 'wait':
      await allRead(world);
      return;
    case 'block':
      block(world);
  }
}

function block(world: World): void {
  if (world.release) return;
  const gate = new Promise<void>((resolve) => {
    world.release = resolve;
  });
  world.rig.gate.wait = () => gate;
}

/** Every line written so far is stored. */
async function everything(world: World): Promise<void> {
  open(world);
  if (world.pending) write(world, 0, 0);
  await world.rig.until(() => {
    const got = new Set([...world.rig.sink.records.values()].map(text));
    const missing = world.written.filter((line) => !got.has(line));
    if (missing.length > 0)
      throw new Error(`missing ${missing.length} of ${world.written.length}: ${missing[0].slice(0, 20)}`);
  }, 8_000);
}

const text = (record: { message: string }): string => record.message.replace(/^2026\S+ /, '');

async function runActions(docker: boolean, copies: boolean, actions: Action[]): Promise<void> {
  const rig = await createRig({ batchBytes: 4_096, readBytes: 4_096, inFlightBytes: 1 << 20, multilineMs: 10 });
  const path = join(rig.logs, 'app.log');
  const world: World = { rig, path, docker, copies, written: [], pending: '', release: null };
  try {
    write(world, 1, 1);
    rig.found(fileTarget(path, docker ? 'json-file' : 'file'));
    await rig.start();
    for (const one of actions) await act(world, one);
    await everything(world);
    await rig.idle();
    const got = [...rig.sink.records.values()].map(text);
    const where = JSON.stringify({
      counters: rig.collector().counters(),
      gaps: rig.sink.statuses.flatMap((one) => one.gaps),
    });
    expect(got.length, `lines twice ${where}`).toBe(new Set(got).size);
    expect(got.length).toBe(world.written.length);
    expect(rig.sink.differing).toEqual([]);
    expect(rig.sink.holes()).toEqual([]);
  } finally {
    open(world);
    await rig.cleanup();
  }
}

const WAYS = [
  { name: 'docker log, renamed', docker: true, copies: false },
  { name: 'plain log, renamed', docker: false, copies: false },
  { name: 'plain log, copied and truncated', docker: false, copies: true },
];
for (const { name, docker, copies } of WAYS) {
  test(`${name}: whatever is done to it, every line once`, { timeout: 900_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 25 }), (actions) =>
        runActions(docker, copies, actions),
      ),
      { numRuns: dose(15, 300), interruptAfterTimeLimit: dose(60_000, 600_000) },
    );
  });
}
