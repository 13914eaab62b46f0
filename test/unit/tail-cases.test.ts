import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { StreamLine } from '../../collector/discovery.ts';
import { FLAG } from '../../model/record.ts';
import { dose } from '../doses.ts';
import { createRig, dockerLine, fileTarget, type Rig, testSource } from './collector-rig.ts';

/** Cases of reliability.md by number, on real files. */
let rig: Rig;
afterEach(() => rig.cleanup());

const T = 1_795_000_000_000_000;
const sortedMessages = (): string[] =>
  [...rig.sink.records.values()].sort((a, b) => a.time - b.time).map((r) => r.message);

test('case 4: docker goes on behind a truncation: the hole costs nothing, the lines after it arrive', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  const fd = openSync(path, 'w');
  let at = writeSync(fd, dockerLine('before', T));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['before']));
  ftruncateSync(fd, 0);
  // Docker does not open with O_APPEND: it writes where it was, here 10 GB further on.
  const hole = at + 10 * 2 ** 30;
  const text = dockerLine('after', T + 1);
  writeSync(fd, text, hole);
  at = hole + text.length;
  writeSync(fd, dockerLine('after that', T + 2), at);
  await rig.until(() => expect(rig.sink.messages()).toEqual(['before', 'after', 'after that']));
  await rig.idle();
  expect(rig.sink.dropped('hole')).toBe(hole);
  expect(rig.sink.holes()).toEqual([]);
  expect(rig.sink.statuses.length).toBeGreaterThan(0);
  closeSync(fd);
});

test('holes in the middle, in plain files too, and NULs that are none', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'a.log');
  rig.append(path, Buffer.concat([Buffer.from('one\n'), Buffer.alloc(100_000), Buffer.from('two\n\0\0three\n')]));
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['one', 'two', '\0\0three']));
  expect(rig.sink.dropped('hole')).toBe(100_000);
});

test('case 7: a last line without its newline arrives when the container is gone', async () => {
  rig = await createRig();
  const docker = join(rig.logs, 'x-json.log');
  const plain = join(rig.logs, 'p.log');
  rig.append(docker, dockerLine('prompt: ', T, 'stdout', false));
  rig.append(plain, 'half');
  rig.found(fileTarget(docker, 'json-file'));
  rig.found(fileTarget(plain, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['prompt: ']));
  rig.gone(`file:${plain}`);
  await rig.until(() => expect(rig.sink.messages()).toEqual(['prompt: ', 'half']));
  await rig.until(() =>
    expect(
      rig
        .collector()
        .ledger()
        .find((row) => row.source.path === plain)?.state,
    ).toBe('gone'),
  );
});

test('case 8 and 19: files that live for a moment are opened as they appear', async () => {
  rig = await createRig();
  await rig.start();
  const n = dose(100, 1_000);
  for (let i = 0; i < n; i++) {
    const dir = join(rig.logs, `c${i}`);
    mkdirSync(dir);
    const path = join(dir, 'x-json.log');
    rig.found(fileTarget(path, 'json-file', { source: testSource(`c${i}`, 'json-file', path) }));
    writeFileSync(path, dockerLine(`a${i}`, T + 2 * i));
    await new Promise((resolve) => setImmediate(resolve));
    await rig.until(() =>
      expect(
        rig
          .collector()
          .ledger()
          .some((row) => row.source.path === path),
      ).toBe(true),
    );
    writeFileSync(path, dockerLine(`b${i}`, T + 2 * i + 1), { flag: 'a' });
    rmSync(dir, { recursive: true });
    rig.gone(`json-file:${path}`);
  }
  await rig.until(() => expect(rig.sink.records.size).toBe(2 * n));
  expect(rig.sink.repeated).toBe(0);
});

test('case 15: truncated and grown past the old offset between two looks: never read from the middle', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'a.log');
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  const want: string[] = [];
  for (let round = 0; round < dose(30, 300); round++) {
    const lines = Array.from(
      { length: 3 + (round % 5) * (round % 2 ? 7 : 1) },
      (_, i) => `r${round} l${i} ${'y'.repeat(i * 3)}`,
    );
    want.push(...lines);
    truncateSyncIfThere(path);
    rig.append(path, `${lines.join('\n')}\n`);
    await rig.until(() => expect(rig.sink.records.size).toBe(want.length));
  }
  expect(new Set(rig.sink.messages())).toEqual(new Set(want));
});

function truncateSyncIfThere(path: string): void {
  if (existsSync(path)) truncateSync(path, 0);
}

test('the same first line again after a truncation is another generation', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'a.log');
  rig.append(path, 'banner\none\n');
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(2));
  for (const n of [4, 6]) {
    await rig.idle();
    truncateSync(path, 0);
    await rig.until(() => expect(rig.collector().counters().truncations).toBe(n / 2 - 1));
    rig.append(path, 'banner\none\n');
    await rig.until(() => expect(rig.sink.records.size).toBe(n));
  }
  expect(new Set(rig.sink.sorted().map((r) => r.gen)).size).toBe(3);
});

test('case 16: inodes come back at once, also over restarts', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'a.log');
  rig.found(fileTarget(path, 'file'));
  const n = dose(60, 1_000);
  await rig.start();
  for (let i = 0; i < n; i++) {
    rig.append(path, `line ${i}\n`);
    await rig.until(() => expect(rig.sink.records.size).toBe(i + 1));
    if (i % 20 === 19) {
      await rig.idle();
      await rig.stop();
    }
    unlinkSync(path);
    if (i % 20 === 19) await rig.start();
  }
  expect(sortedMessages().sort()).toEqual(Array.from({ length: n }, (_, i) => `line ${i}`).sort());
});

test('case 17 and 18: equal beginnings are not one file; tiny files count', async () => {
  rig = await createRig();
  const same = 'same line\n'.repeat(450);
  const n = dose(50, 500);
  for (let i = 0; i < n; i++) {
    const path = join(rig.logs, `f${i}.log`);
    writeFileSync(path, `${same}own ${i}\n`);
    rig.found(fileTarget(path, 'file'));
  }
  writeFileSync(join(rig.logs, 'tiny.log'), '\n.\n');
  rig.found(fileTarget(join(rig.logs, 'tiny.log'), 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(n * 451 + 1));
  expect(rig.sink.dropped('blank')).toBe(1);
});

test('case 20: half a line, a restart, the other half', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  for (let i = 0; i < dose(10, 200); i++) {
    const text = dockerLine(`line ${i} é€`, T + i);
    const cut = (i * 7) % text.length;
    rig.append(path, Buffer.from(text).subarray(0, cut));
    if (i % 2 === 0) await rig.idle();
    await rig.stop();
    await rig.start();
    rig.append(path, Buffer.from(text).subarray(cut));
    await rig.until(() => expect(rig.sink.records.size).toBe(i + 1));
  }
  expect(rig.sink.differing).toEqual([]);
});

test('case 21 and 22: nasty bytes come back as they were, whatever the reads', async () => {
  rig = await createRig({ readBytes: 4_096, flushMs: 0 });
  const path = join(rig.logs, 'n.log');
  const nasty = fc.sample(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.string({ unit: 'grapheme', minLength: 1 }).map((s) => Buffer.from(s)),
      fc.constantFrom(
        ...['\u2028x\u2029', '\ufeffbom', 'a\r\rb', '\x1b[31mred', '\x85', 'é'.repeat(3_000)].map((s) =>
          Buffer.from(s),
        ),
      ),
      fc.constant(Buffer.from('u16', 'utf16le')),
      fc.constant(Buffer.from([0xff, 0xfe, 0x80, 0xc3])),
    ),
    { numRuns: dose(400, 2_000), seed: 5 },
  );
  const lines = nasty.map((bytes, i) =>
    Buffer.concat([Buffer.from(`${i} `), Buffer.from(bytes.filter((c) => c !== 10 && c !== 13)), Buffer.from('.')]),
  );
  const endings = ['\n', '\r\n'];
  let pending = Buffer.concat(lines.map((line, i) => Buffer.concat([line, Buffer.from(endings[i % 2])])));
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  for (let size = 1; pending.length > 0; size = (size * 3) % 9_973) {
    rig.append(path, pending.subarray(0, size));
    pending = pending.subarray(size);
    if (size % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await rig.until(() => expect(rig.sink.records.size).toBe(lines.length));
  rig.sink.sorted().forEach((record, i) => {
    expect(record.bytes.equals(lines[i]), `line ${i}`).toBe(true);
    expect((record.flags & FLAG.LOSSY) !== 0).toBe(!Buffer.from(lines[i].toString('utf8')).equals(lines[i]));
  });
});

test('case 23: a line of many megabytes keeps head, length and hash; the next line is there; memory stays', async () => {
  rig = await createRig({ lineBytes: 64 << 10 });
  const bytes = dose(20 << 20, 100 << 20);
  const plain = join(rig.logs, 'p.log');
  const docker = join(rig.logs, 'x-json.log');
  const fd = openSync(plain, 'w');
  const piece = Buffer.alloc(1 << 20, 'z');
  const hash = createHash('sha1');
  for (let i = 0; i < bytes; i += piece.length) {
    writeSync(fd, piece);
    hash.update(piece);
  }
  writeSync(fd, '\nnext\n');
  closeSync(fd);
  const parts = 200;
  for (let i = 0; i < parts; i++)
    rig.append(
      docker,
      dockerLine('d'.repeat(16_384), T, 'stdout', false) + (i % 50 ? '' : dockerLine(`e${i}`, T, 'stderr')),
    );
  rig.append(docker, dockerLine('', T) + dockerLine('next docker', T + 1));
  rig.found(fileTarget(plain, 'file'));
  rig.found(fileTarget(docker, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(2 + 2 + 4));
  const long = rig.sink.sorted().filter((r) => r.flags & FLAG.TRUNCATED);
  expect(long).toHaveLength(2);
  const zs = long.find((r) => r.message.startsWith('z'))!.message;
  expect(zs).toBe(`${'z'.repeat(64 << 10)} …[truncated: ${bytes} bytes, sha1 ${hash.digest('hex')}]`);
  const ds = createHash('sha1')
    .update('d'.repeat(16_384 * parts))
    .digest('hex');
  expect(long.find((r) => r.message.startsWith('d'))!.message).toBe(
    `${'d'.repeat(64 << 10)} …[truncated: ${16_384 * parts} bytes, sha1 ${ds}]`,
  );
  expect(rig.sink.messages()).toEqual(expect.arrayContaining(['next', 'next docker', 'e0', 'e150']));
  expect(rig.sink.dropped('oversize')).toBeGreaterThan(bytes - (128 << 10));
  await rig.idle();
});

test('case 24: links out of the root, FIFOs and directories are refused; links inside are followed once', async () => {
  rig = await createRig();
  const root = join(rig.logs, 'root');
  mkdirSync(root);
  const secret = join(rig.dir, 'secret');
  writeFileSync(secret, 'secret\n');
  symlinkSync(secret, join(root, 'out.log'));
  symlinkSync('loop.log', join(root, 'loop.log'));
  execFileSync('mkfifo', [join(root, 'fifo.log')]);
  mkdirSync(join(root, 'dir.log'));
  writeFileSync(join(root, 'real.log'), 'real\n');
  symlinkSync('real.log', join(root, 'link.log'));
  for (const name of ['out', 'loop', 'fifo', 'dir', 'real', 'link', 'none'])
    rig.found(fileTarget(join(root, `${name}.log`), 'file', { root }));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['real']));
  const seen = rig.sink.statuses.length;
  await rig.until(() => expect(rig.sink.statuses.length).toBeGreaterThan(seen + 3));
  // Out of the root, a FIFO, a directory: each said once.
  expect(rig.collector().counters().refused_files).toBe(3);
  expect(rig.sink.messages()).toEqual(['real']);
});

test('case 26: many more files than descriptors, rotated while closed', async () => {
  rig = await createRig({ openFiles: 16, sweepMs: 50 });
  const n = dose(120, 2_000);
  const paths = Array.from({ length: n }, (_, i) => join(rig.logs, `f${i}.log`));
  for (const path of paths) rig.found(fileTarget(path, 'file'));
  await rig.start();
  for (let round = 0; round < 3; round++) {
    paths.forEach((path, i) => {
      rig.append(path, `f${i} r${round}\n`);
    });
    await rig.until(() => expect(rig.sink.records.size).toBe(n * (round + 1)));
    await rig.idle();
    for (const path of paths) if (round === 1) renameSync(path, `${path}.1`);
  }
  await rig.until(() => expect(rig.collector().counters().open_files).toBeLessThan(40), 5_000);
  expect(rig.sink.repeated).toBe(0);
});

test('case 27: without a single event the sweep finds everything', async () => {
  rig = await createRig({ sweepMs: 20 });
  const path = join(rig.logs, 'x-json.log');
  rig.found(fileTarget(path, 'json-file'));
  await rig.start({ watcher: { watch: () => ({ close() {} }), unwatched: () => 0, close() {} } });
  for (let i = 0; i < 5; i++) {
    rig.append(path, dockerLine(`line ${i}`, T + i));
    await rig.until(() => expect(rig.sink.records.size).toBe(i + 1));
    if (i % 2) renameSync(path, `${path}.${i}`);
  }
});

test('case 29: a wall clock that jumps changes nothing', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  rig.found(fileTarget(path, 'json-file'));
  let jump = 0;
  await rig.start({ clock: { nowUs: () => T + jump, monotonicMs: () => performance.now() } });
  for (let i = 0; i < 10; i++) {
    jump = (i % 2 ? -3_600 : 86_400) * 1_000_000 * i;
    rig.append(path, dockerLine(`line ${i}`, T + i));
    await rig.until(() => expect(rig.sink.records.size).toBe(i + 1));
  }
});

test('case 32 and 33: a checkpoint wiped or rolled back: everything again, at the same positions', async () => {
  rig = await createRig({ batchBytes: 4_096 });
  const path = join(rig.logs, 'x-json.log');
  rig.found(fileTarget(path, 'json-file'));
  for (let i = 0; i < 300; i++) rig.append(path, dockerLine(`line ${i}`, T + i));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(300));
  renameSync(path, `${path}.1`);
  rig.append(path, dockerLine('newer', T + 1_000));
  await rig.until(() => expect(rig.sink.records.size).toBe(301));
  rmSync(rig.state, { recursive: true });
  rig.append(path, dockerLine('while wiped', T + 1_001));
  await rig.until(() => expect(rig.sink.records.size).toBe(302));
  await rig.stop();
  rmSync(rig.state, { recursive: true, force: true });
  await rig.start();
  await rig.until(() => expect(rig.sink.repeated).toBe(302));
  await rig.idle();
  expect(rig.sink.records.size).toBe(302);
  expect(rig.sink.differing).toEqual([]);
});

test('case 30: batches that were sent and not acknowledged are sent again byte for byte', async () => {
  rig = await createRig({ batchBytes: 4_096, checkpointMs: 10_000 });
  const path = join(rig.logs, 'x-json.log');
  const text = Array.from({ length: 400 }, (_, i) =>
    dockerLine(i % 7 ? `line ${i} ${'w'.repeat(60)}` : `\tat trace(${i})`, T + i, i % 3 ? 'stdout' : 'stderr'),
  ).join('');
  rig.append(path, text);
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.batches.length).toBeGreaterThan(2));
  await rig.until(() => expect(rig.sink.batches.at(-1)!.end).toBe(text.length));
  // The state as a kill would leave it: intents, and no acknowledgement.
  const kept = join(rig.dir, 'kept');
  execFileSync('cp', ['-r', rig.state, kept]);
  const first = rig.sink.batches.map(
    (batch) => `${batch.start}-${batch.end} ${batch.collectedAt} ${Buffer.from(batch.messages)}`,
  );
  await rig.stop();
  rmSync(rig.state, { recursive: true });
  renameSync(kept, rig.state);
  rig.sink.batches.length = 0;
  rig.append(path, dockerLine('new', T + 1_000));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toContain('new'));
  const again = rig.sink.batches.map(
    (batch) => `${batch.start}-${batch.end} ${batch.collectedAt} ${Buffer.from(batch.messages)}`,
  );
  expect(again.slice(0, first.length)).toEqual(first);
  expect(rig.collector().counters().resent_differently ?? 0).toBe(0);
});

test('case 34: a full state disk stops no reading, advances nothing, and heals', async () => {
  const { systemDisk } = await import('../../collector/checkpoint/disk.ts');
  let full = false;
  const disk = {
    ...systemDisk,
    append(fd: number, bytes: Buffer) {
      if (full) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      systemDisk.append(fd, bytes);
    },
  };
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  rig.found(fileTarget(path, 'json-file'));
  await rig.start({ disk });
  full = true;
  rig.append(path, dockerLine('while full', T));
  await rig.until(() => expect(rig.sink.messages()).toEqual(['while full']));
  await rig.until(() => expect(rig.collector().counters().checkpoint_broken).toBe(1));
  await rig.until(() => expect(rig.sink.statuses.at(-1)?.counters.checkpoint_broken).toBe(1));
  full = false;
  await rig.until(() => expect(rig.collector().counters().checkpoint_broken).toBe(0));
  await rig.stop();
  await rig.start();
  rig.append(path, dockerLine('after', T + 1));
  await rig.until(() => expect(rig.sink.messages()).toEqual(['while full', 'after']));
  expect(rig.sink.repeated).toBe(0);
});

test('case 37: a bus that takes nothing stops reading; one noisy file does not keep others out', async () => {
  rig = await createRig({ inFlightBytes: 1 << 20, batchBytes: 64 << 10, readBytes: 64 << 10 }, 1 << 20);
  const noisy = join(rig.logs, 'noisy.log');
  const quiet = join(rig.logs, 'quiet.log');
  let open: () => void = () => {};
  rig.gate.wait = () => new Promise((resolve) => (open = resolve));
  const line = `${'n'.repeat(1_000)}\n`;
  rig.append(noisy, line.repeat(20_000));
  rig.found(fileTarget(noisy, 'file'));
  rig.found(fileTarget(quiet, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.collector().counters().in_flight_bytes).toBeGreaterThan(1 << 20));
  rig.append(quiet, 'quiet\n');
  const read = rig.collector().counters().bytes_read;
  expect(read).toBeLessThan(6 << 20);
  await rig.until(() => expect(rig.sink.statuses.length).toBe(0));
  rig.gate.wait = null;
  open();
  await rig.until(() => expect(rig.sink.messages()).toContain('quiet'));
  expect(rig.sink.records.size).toBeLessThan(20_000);
  await rig.until(() => expect(rig.sink.records.size).toBe(20_001));
  await rig.idle();
});

test('a file deleted while nothing is accepted is spooled, and read from there after a restart', async () => {
  rig = await createRig({ inFlightBytes: 1 << 20, batchBytes: 16 << 10, sweepMs: 50 });
  const path = join(rig.logs, 'x-json.log');
  let open: () => void = () => {};
  rig.gate.wait = () => new Promise((resolve) => (open = resolve));
  const n = 3_000;
  for (let i = 0; i < n; i++) rig.append(path, dockerLine(`line ${i} ${'p'.repeat(600)}`, T + i));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.collector().counters().in_flight_bytes).toBeGreaterThan(1 << 20));
  unlinkSync(path);
  rig.gone(`json-file:${path}`);
  await rig.until(() => expect(rig.collector().counters().spooled_files).toBe(1));
  expect(rig.collector().counters().spool_bytes).toBeGreaterThan(1 << 20);
  expect(rig.collector().ledger()).toMatchObject([{ spooled: true, source: { path } }]);
  // A kill: the state is put aside while the process still holds the file.
  const kept = join(rig.dir, 'kept');
  execFileSync('cp', ['-r', rig.state, kept]);
  rig.gate.wait = null;
  open();
  await rig.stop();
  rmSync(rig.state, { recursive: true });
  renameSync(kept, rig.state);
  rig.sink.records.clear();
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(n));
  expect(sortedMessages()[n - 1]).toBe(`line ${n - 1} ${'p'.repeat(600)}`);
  await rig.until(() => expect(rig.collector().counters().spool_bytes).toBe(0));
  expect(rig.sink.statuses.flatMap((status) => status.gaps)).toEqual([]);
});

test('rotated away while down: one gap; fallen off names what is known', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  rig.append(path, dockerLine('one', T));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(1));
  await rig.idle();
  await rig.stop();
  rig.append(path, dockerLine('lost', T + 1));
  unlinkSync(path);
  rig.append(`${path}.1`, dockerLine('two', T + 2));
  rig.append(path, dockerLine('three', T + 3));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['one', 'two', 'three']));
  await rig.until(() => expect(rig.sink.statuses.flatMap((status) => status.gaps)).toHaveLength(1));
  const [gap] = rig.sink.statuses.flatMap((status) => status.gaps);
  expect(gap).toMatchObject({ from: T, bytes: null, cause: 'rotated_away' });
  await rig.stop();
  await rig.start();
  await rig.idle();
  expect(rig.sink.statuses.flatMap((status) => status.gaps)).toHaveLength(1);
});

test('first start: rotated and compressed siblings are read too, but not what is older than retention', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'a.log');
  rig.append(`${path}.3`, 'three\n');
  execFileSync('gzip', [`${path}.3`]);
  rig.append(`${path}.2`, 'two\n');
  rig.append(`${path}.1`, 'one');
  rig.append(path, 'live\n');
  const old = `${path}.4`;
  rig.append(old, 'ancient\n');
  execFileSync('touch', ['-d', '2020-01-01', old]);
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages().sort()).toEqual(['live', 'three', 'two']));
  expect(rig.collector().counters()['dropped_bytes:too_old']).toBe(8);
});

test('the API stream: positions by bytes, repeats dropped, resumed by time and count', async () => {
  rig = await createRig();
  const source = testSource('c', 'api', '');
  const lines: StreamLine[] = [];
  const put = (text: string, time: number): void => {
    lines.push({ stream: 'stdout', time, line: Buffer.from(text) });
  };
  const opened: number[] = [];
  const target = {
    kind: 'stream' as const,
    key: 'api:c',
    source,
    async *open(sinceUs: number) {
      opened.push(sinceUs);
      for (const line of [...lines]) if (line.time >= sinceUs) yield line;
    },
  };
  put('a', T);
  put('b', T + 1);
  put('b', T + 1);
  rig.found(target);
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(3));
  await rig.idle();
  await rig.stop();
  put('b', T + 1);
  put('c', T + 2);
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(5));
  expect(rig.sink.sorted().map((r) => [r.offset, r.message])).toEqual([
    [0, 'a'],
    [2, 'b'],
    [4, 'b'],
    [6, 'b'],
    [8, 'c'],
  ]);
  expect(opened).toContain(T + 1);
  expect(rig.sink.holes()).toEqual([]);
});

test('filters drop whole records and count their bytes; the ledger adds up', async () => {
  rig = await createRig({
    filters: [
      { app: 'app', env: '*', include: '', exclude: 'health' },
      { app: 'other', env: '*', include: 'nothing', exclude: '' },
    ],
  });
  const path = join(rig.logs, 'a.log');
  rig.append(path, 'keep 1\nGET /health\n  indented\nkeep 2\n');
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['keep 1', 'keep 2']));
  await rig.idle();
  expect(rig.sink.dropped('excluded')).toBe('GET /health\n  indented\n'.length);
  const [row] = rig.collector().ledger();
  expect(row).toMatchObject({ read: 37, searchable: 14, dropped: { excluded: 23 }, inFlight: 0, lines: 2 });
});

test('a line too long that was never finished leaves the next message whole', async () => {
  rig = await createRig({ lineBytes: 1_024 });
  const path = join(rig.logs, 'x-json.log');
  const next = `the next message ${'n'.repeat(200)} ends here`;
  rig.append(path, dockerLine('l'.repeat(3_000), T, 'stdout', false));
  // Another time: no part of the line before.
  rig.append(path, dockerLine(next, T + 1));
  rig.append(path, dockerLine('e'.repeat(3_000), T + 2, 'stderr', false));
  rig.append(path, dockerLine(`stdout ${next}`, T + 120_000_000));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(4));
  const [long, whole, alsoLong, last] = rig.sink.sorted().map(({ message }) => message);
  expect(long).toMatch(/^l{1024} …\[truncated: 3000 bytes, sha1 [0-9a-f]{40}\]$/);
  expect(whole).toBe(next);
  expect(alsoLong).toMatch(/^e{1024} …\[truncated/);
  expect(last).toBe(`stdout ${next}`);
});

test('status: sources in full first, then what changed; behind while unacknowledged', async () => {
  rig = await createRig({ statusMs: 100 });
  const path = join(rig.logs, 'x-json.log');
  rig.append(path, dockerLine('one', T));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.statuses.at(-1)?.sources.length).toBe(0));
  expect(rig.sink.statuses[0].full).toBe(true);
  const known = rig.sink.statuses.flatMap((status) => status.sources).at(-1)!;
  expect(known).toMatchObject({ state: 'idle', lines: 1, lastLineAt: T, inFlight: 0 });
  expect(rig.sink.statuses.at(-1)!.behind).toEqual([]);
  expect(rig.sink.statuses.map((status) => status.seq)).toEqual(rig.sink.statuses.map((_, i) => i));
});

test('copies without a truncation (a backup) are not read twice', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'a.log');
  rig.append(path, 'one\ntwo\n');
  rig.found(fileTarget(path, 'file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(2));
  copyFileSync(path, `${path}.1`);
  rig.append(path, 'three\n');
  await rig.until(() => expect(rig.sink.records.size).toBe(3));
  await rig.idle();
  expect(rig.sink.messages()).toEqual(['one', 'two', 'three']);
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
});

test('a compressed sibling nobody had seen before is finished after a restart in the middle of it', async () => {
  rig = await createRig({ batchBytes: 4_096, inFlightBytes: 1 << 20 });
  const path = join(rig.logs, 'x-json.log');
  const n = 3_000;
  for (let i = 0; i < n; i++) rig.append(`${path}.1`, dockerLine(`line ${i} ${'p'.repeat(600)}`, T + i));
  execFileSync('gzip', [`${path}.1`]);
  rig.append(path, dockerLine('live', T + n));
  rig.found(fileTarget(path, 'json-file'));
  let open: () => void = () => {};
  rig.gate.wait = () => new Promise((resolve) => (open = resolve));
  await rig.start();
  await rig.until(() => expect(rig.collector().counters().in_flight_bytes).toBeGreaterThan(1 << 20));
  // As a kill leaves it: begun, and nothing acknowledged.
  const kept = join(rig.dir, 'kept');
  execFileSync('cp', ['-r', rig.state, kept]);
  rig.gate.wait = null;
  open();
  await rig.stop();
  rmSync(rig.state, { recursive: true });
  renameSync(kept, rig.state);
  rig.sink.records.clear();
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(n + 1));
  expect(rig.sink.statuses.flatMap((status) => status.gaps)).toEqual([]);
});
