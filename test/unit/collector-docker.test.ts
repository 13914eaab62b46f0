import { mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, dockerLine, fileTarget, type Rig } from './collector-rig.ts';

let rig: Rig;
let path: string;
beforeEach(async () => {
  rig = await createRig();
  mkdirSync(join(rig.logs, 'c1'));
  path = join(rig.logs, 'c1', 'c1-json.log');
});
afterEach(() => rig.cleanup());

const T = 1_795_000_000_000_000;

test('lines written before and after the start arrive once, in order, with time and stream', async () => {
  rig.append(path, dockerLine('one', T) + dockerLine('two "quoted" \t 中文', T + 1, 'stderr'));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['one', 'two "quoted" \t 中文']));
  rig.append(path, dockerLine('three', T + 2));
  await rig.until(() => expect(rig.sink.messages()).toHaveLength(3));
  await rig.idle();
  expect(rig.sink.sorted().map((r) => [r.time, r.stream, r.message])).toEqual([
    [T, 'stdout', 'one'],
    [T + 1, 'stderr', 'two "quoted" \t 中文'],
    [T + 2, 'stdout', 'three'],
  ]);
  expect(rig.sink.holes()).toEqual([]);
});

test('rotation by rename: 200 rotations lose nothing', async () => {
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  const want: string[] = [];
  for (let r = 0; r < 200; r++) {
    for (let i = 0; i < 20; i++) {
      want.push(`r${r} l${i}`);
      rig.append(path, dockerLine(`r${r} l${i}`, T + want.length));
    }
    try {
      renameSync(`${path}.1`, `${path}.2`);
    } catch {}
    renameSync(path, `${path}.1`);
    if (r % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    await rig.until(() => expect(rig.sink.records.size).toBeGreaterThan((r - 1) * 20));
  }
  await rig.until(() => expect(rig.sink.records.size).toBe(want.length));
  expect([...rig.sink.records.values()].sort((a, b) => a.time - b.time).map((r) => r.message)).toEqual(want);
  expect(rig.sink.repeated).toBe(0);
});

test('max-file=1: the file is unlinked and created anew', async () => {
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  for (let r = 0; r < 20; r++) {
    for (let i = 0; i < 50; i++) rig.append(path, dockerLine(`r${r} l${i}`, T + r * 100 + i));
    await rig.until(() => expect(rig.collector().counters().open_files).toBeGreaterThan(0));
    await rig.until(() => expect(rig.sink.records.size).toBeGreaterThan(r * 50));
    unlinkSync(path);
  }
  await rig.until(() => expect(rig.sink.records.size).toBe(1_000));
  expect(rig.sink.repeated).toBe(0);
});
