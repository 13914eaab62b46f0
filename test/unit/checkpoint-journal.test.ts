import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../collector/checkpoint/checkpoint.ts';
import { type Disk, systemDisk } from '../../collector/checkpoint/disk.ts';
import type { FileState } from '../../collector/checkpoint/file-state.ts';
import { dose } from '../doses.ts';
import { testSource } from './collector-rig.ts';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});
function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-checkpoint-'));
  dirs.push(dir);
  return dir;
}

function fileState(fid: string): FileState {
  return {
    fid,
    target: 't',
    source: testSource('a', 'file', '/x'),
    dev: '1',
    ino: fid,
    birth: '5',
    path: '/x',
    gens: [{ gen: 7, head: 7, end: -1 }],
    gen: 7,
    offset: 0,
    tail: '',
    context: { time: 1, pem: 0 },
    past: 0,
    lines: 0,
    dropped: {},
    lastLineAt: 0,
    phase: 'live',
    twins: [],
    spool: null,
    seenAt: 1,
    intents: [],
  };
}

const progress = (offset: number) => ({
  gen: 7,
  offset,
  tail: '',
  context: { time: offset, pem: 0 },
  past: 0,
  lines: offset / 10,
  dropped: {},
  lastLineAt: offset,
});
const intent = (start: number) => ({ gen: 7, start, end: start + 10, n: 1, crc: start, at: start });
const summary = (checkpoint: Checkpoint): string =>
  JSON.stringify([...checkpoint.files.values()].map((f) => [f.fid, f.offset, f.intents.map((i) => i.start)]).sort());

test('what was flushed comes back; intents behind the acknowledged offset are gone, others stay', async () => {
  const dir = newDir();
  const one = await openCheckpoint({ dir });
  one.put(fileState('a'));
  for (const start of [0, 10, 20]) one.intend([{ fid: 'a', intent: intent(start) }]);
  one.advance('a', progress(10));
  one.addGap({ fid: 'a', from: 1, to: 2, bytes: null, cause: 'x' });
  one.addGap({ fid: 'a', from: 3, to: 4, bytes: 5, cause: 'y' });
  one.dropGaps(1);
  await one.flush();
  // No close: as after a kill.
  const two = await openCheckpoint({ dir });
  expect(summary(two)).toBe(JSON.stringify([['a', 10, [10, 20]]]));
  expect(two.gaps()).toEqual([{ fid: 'a', from: 3, to: 4, bytes: 5, cause: 'y' }]);
  two.remove('a');
  await two.close();
  expect((await openCheckpoint({ dir })).files.size).toBe(0);
});

test('the journal cut at every byte opens with the state of its last whole record', async () => {
  const dir = newDir();
  const checkpoint = await openCheckpoint({ dir });
  const states = [summary(checkpoint)];
  const journal = readdirSync(dir).find((name) => name.startsWith('journal'))!;
  const snapshot = readdirSync(dir).find((name) => name.startsWith('snapshot'))!;
  const ends = [readFileSync(join(dir, journal)).length];
  const step = async (change: () => void): Promise<void> => {
    change();
    await checkpoint.flush();
    states.push(summary(checkpoint));
    ends.push(readFileSync(join(dir, journal)).length);
  };
  await step(() => checkpoint.put(fileState('a')));
  for (let i = 0; i < dose(6, 60); i++) {
    await step(() => checkpoint.intend([{ fid: 'a', intent: intent(i * 10) }]));
    await step(() => checkpoint.advance('a', progress((i + 1) * 10)));
  }
  const whole = readFileSync(join(dir, journal));
  const head = readFileSync(join(dir, snapshot));
  const other = newDir();
  for (let cut = 0; cut <= whole.length; cut++) {
    rmSync(other, { recursive: true });
    mkdirSync(other);
    writeFileSync(join(other, snapshot), head);
    writeFileSync(join(other, journal), whole.subarray(0, cut));
    const opened = await openCheckpoint({ dir: other });
    let at = 0;
    while (at + 1 < ends.length && ends[at + 1] <= cut) at++;
    expect(summary(opened), `cut at ${cut}`).toBe(states[at]);
    await opened.close();
  }
}, 120_000);

test('a torn snapshot is not used: the older one and both journals are', async () => {
  const dir = newDir();
  const one = await openCheckpoint({ dir });
  one.put(fileState('a'));
  one.advance('a', progress(10));
  await one.flush();
  const kept = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))] as const);
  await one.flush(true);
  one.advance('a', progress(20));
  await one.flush();
  for (const [name, bytes] of kept) writeFileSync(join(dir, name), bytes);
  const newest = readdirSync(dir)
    .filter((name) => name.startsWith('snapshot'))
    .sort()
    .at(-1)!;
  const bytes = readFileSync(join(dir, newest));
  writeFileSync(join(dir, newest), bytes.subarray(0, bytes.length - 1));
  expect(summary(await openCheckpoint({ dir }))).toBe(JSON.stringify([['a', 20, []]]));
});

/** A disk that can be full or broken. */
function moodyDisk(): Disk & { broken: string | null } {
  const disk = {
    ...systemDisk,
    broken: null as string | null,
    append(fd: number, bytes: Buffer): void {
      if (disk.broken) {
        // Half of it gets there.
        systemDisk.append(fd, bytes.subarray(0, bytes.length >> 1));
        throw Object.assign(new Error(disk.broken), { code: disk.broken });
      }
      systemDisk.append(fd, bytes);
    },
  };
  return disk;
}

test.each(['ENOSPC', 'EIO'])(
  '%s: says so, loses nothing it knows, and writes all when the disk is back',
  async (code) => {
    const dir = newDir();
    const disk = moodyDisk();
    const one = await openCheckpoint({ dir, disk, retryMs: 0 });
    one.put(fileState('a'));
    one.advance('a', progress(10));
    expect(await one.flush()).toBe(true);
    disk.broken = code;
    expect(one.intend([{ fid: 'a', intent: intent(10) }])).toBe(false);
    one.advance('a', progress(20));
    expect(await one.flush()).toBe(false);
    expect(one.broken()).toBe(code);
    // A kill now: the older state, whole.
    expect(summary(await openCheckpoint({ dir }))).toBe(JSON.stringify([['a', 10, []]]));
    disk.broken = null;
    expect(await one.flush()).toBe(true);
    expect(one.broken()).toBeNull();
    expect(summary(await openCheckpoint({ dir }))).toBe(JSON.stringify([['a', 20, []]]));
  },
);

test('a directory wiped under it is written anew', async () => {
  const dir = newDir();
  const one = await openCheckpoint({ dir });
  one.put(fileState('a'));
  await one.flush();
  rmSync(dir, { recursive: true });
  one.advance('a', progress(30));
  await one.flush();
  expect(await one.flush(true)).toBe(true);
  expect(summary(await openCheckpoint({ dir }))).toBe(JSON.stringify([['a', 30, []]]));
});

test('a newer format is refused with a hint; a snapshot is taken when the journal is long', async () => {
  const dir = newDir();
  const one = await openCheckpoint({ dir, journalBytes: 2_000 });
  one.put(fileState('a'));
  for (let i = 0; i < 50; i++) {
    one.intend([{ fid: 'a', intent: intent(i * 10) }]);
    one.advance('a', progress((i + 1) * 10));
    await one.flush();
    expect(one.journalBytes()).toBeLessThan(3_000);
  }
  await one.close();
  expect(readdirSync(dir)).toHaveLength(2);
  const snapshot = join(dir, readdirSync(dir).find((name) => name.startsWith('snapshot'))!);
  const bytes = readFileSync(snapshot);
  bytes.writeUInt16LE(99, 4);
  writeFileSync(snapshot, bytes);
  await expect(openCheckpoint({ dir })).rejects.toMatchObject({
    code: 'format_newer',
    hint: expect.stringContaining('version 1'),
  });
});
