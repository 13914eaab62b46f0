import { execFileSync } from 'node:child_process';
import fs, { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../collector/checkpoint/checkpoint.ts';
import type { FileState } from '../../collector/checkpoint/file-state.ts';
import { silentLog } from '../../collector/log.ts';
import { createFileSource } from '../../collector/tail/byte-source.ts';
import { createCompressed } from '../../collector/tail/compressed.ts';
import { createFileIndex } from '../../collector/tail/file-index.ts';
import { type FileIdentity, identityOf, lineHash } from '../../collector/tail/identity.ts';
import { newFileState } from '../../collector/tail/new-state.ts';
import type { TailFile } from '../../collector/tail/tail-file.ts';
import { createRig, dockerLine, fileTarget, type Rig } from './collector-rig.ts';

const T = 1_795_000_000_000_000;
let dir: string;
let rig: Rig | null = null;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-compressed-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig?.cleanup();
  rig = null;
  rmSync(dir, { recursive: true, force: true });
});

const idOf = (path: string): FileIdentity => identityOf(statSync(path, { bigint: true }));

function packed(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  execFileSync('gzip', ['-f', path]);
  return `${path}.gz`;
}

/** What one target's compressed siblings are taken for, without the rest of a collector. */
function alone(states: FileState[]) {
  const target = fileTarget(join(dir, 'x-json.log'), 'json-file');
  const files = new Map(states.map((state) => [state.fid, state]));
  const checkpoint = { files, put: () => {}, remove: () => {} } as unknown as Checkpoint;
  const index = createFileIndex(checkpoint);
  const started: { state: FileState; path: string }[] = [];
  const compressed = createCompressed({
    index,
    checkpoint,
    log: silentLog,
    count: () => {},
    target: () => target,
    files: new Set(),
    newState: (id, path) => newFileState(id, { owner: 'a'.repeat(10), target, path, nowUs: T }),
    start(state, path, open) {
      started.push({ state, path });
      open().close();
      return { state, path } as TailFile;
    },
    wake: () => {},
  });
  return { compressed, index, started, target };
}

test('a name that is another file’s by now says nothing of the one it was seen as', async () => {
  const one = packed('x-json.log.1', dockerLine('one', T));
  const two = packed('x-json.log.2', dockerLine('two', T + 1));
  const wanted = idOf(two);
  const { compressed, index, started } = alone([]);
  compressed.read(one, wanted);
  await compressed.stop();
  expect(started).toEqual([]);
  expect(index.twinOf(wanted)).toBeNull();

  const again = alone([]);
  again.compressed.read(two, wanted);
  while (again.compressed.busy()) await new Promise((resolve) => setImmediate(resolve));
  expect(again.started.map(({ path }) => path)).toEqual([two]);
});

test('the compressed twin of a file that was open and unread before a restart is read as that file', async () => {
  const path = packed('x-json.log.1', dockerLine('one', T));
  const { target } = alone([]);
  const plain: FileIdentity = { ...idOf(path), ino: '1' };
  const state = newFileState(plain, {
    owner: 'a'.repeat(10),
    target,
    path: join(dir, 'x-json.log'),
    nowUs: T,
  });
  state.phase = 'rotated';
  const { compressed, index, started } = alone([state]);
  index.addTwin(state, idOf(path));
  compressed.read(path, idOf(path));
  while (compressed.busy()) await new Promise((resolve) => setImmediate(resolve));
  expect(started).toEqual([{ state, path }]);
});

/** Resolves when nothing is being looked into any more. */
async function looked({ compressed }: ReturnType<typeof alone>): Promise<void> {
  while (compressed.busy()) await new Promise((resolve) => setImmediate(resolve));
}

describe('found in a run of 400 kills: a compressed file seen while it was being written', () => {
  const lines = Array.from({ length: 900 }, (_, i) => dockerLine(`line ${i} ${(i * 2654435761) % 997}`, T + i));
  const text = lines.join('');
  const whole = gzipSync(text);

  /** Its plain file under the name it has while it is compressed; the collector knows that one by its name of before. */
  function scene(begun: Buffer, read: number) {
    const plain = join(dir, 'x-json.log.1');
    writeFileSync(plain, text);
    const path = `${plain}.gz`;
    writeFileSync(path, begun);
    const { target } = alone([]);
    const head = lineHash(Buffer.from(text), 0, text.indexOf('\n'));
    const state: FileState = {
      ...newFileState(idOf(plain), { owner: 'a'.repeat(10), target, path: join(dir, 'x-json.log'), nowUs: T }),
      phase: 'rotated',
      gens: [{ gen: head, head, end: -1 }],
      gen: head,
      offset: read,
    };
    return { plain, path, state };
  }

  /** The writer goes on in the same file. */
  function finish(path: string, plain: string): void {
    writeFileSync(path, whole, { flag: 'r+' });
    rmSync(plain);
  }

  test.each([
    ['empty', 0],
    ['begun', 9],
    ['half there', whole.length >> 1],
  ])('%s, it is no new file: it is known as its plain file once it is whole', async (_, bytes) => {
    const { plain, path, state } = scene(whole.subarray(0, bytes), text.length);
    const one = alone([state]);
    one.compressed.read(path, idOf(path));
    await looked(one);
    expect(one.started).toEqual([]);
    finish(path, plain);
    one.compressed.read(path, idOf(path));
    await looked(one);
    expect(one.started).toEqual([]);
    expect(one.index.twinOf(idOf(path))).toBe(state);
    expect(state.phase).toBe('done');
  });

  test('the rest of a plain file that was not read to its end is read from it once it is whole', async () => {
    const { plain, path, state } = scene(whole.subarray(0, whole.length >> 1), lines[0].length);
    const one = alone([state]);
    one.compressed.read(path, idOf(path));
    await looked(one);
    finish(path, plain);
    one.compressed.read(path, idOf(path));
    await looked(one);
    expect(one.started).toEqual([{ state, path }]);
  });

  test('a file nobody knows is begun once it is whole', async () => {
    const { plain, path } = scene(whole.subarray(0, 0), 0);
    const one = alone([]);
    one.compressed.read(path, idOf(path));
    await looked(one);
    expect(one.started).toEqual([]);
    finish(path, plain);
    one.compressed.read(path, idOf(path));
    await looked(one);
    expect(one.started.map((file) => file.path)).toEqual([path]);
  });

  test('an empty one whose plain file is gone gives nobody up', async () => {
    const { plain, path, state } = scene(whole.subarray(0, 0), 0);
    rmSync(plain);
    const one = alone([state]);
    one.compressed.read(path, idOf(path));
    await looked(one);
    expect(one.started).toEqual([]);
    expect(readFileSync(path)).toHaveLength(0);
    expect(state.phase).toBe('rotated');
  });
});

test('a file seen and not begun, compressed while the collector was down, is no gap, however many restarts follow', async () => {
  rig = await createRig();
  const { logs, sink } = rig;
  const path = join(logs, 'x-json.log');
  rig.append(path, '');
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig?.collector().ledger()).toHaveLength(1));
  await rig.stop();
  rig.append(path, dockerLine('one', T));
  renameSync(path, `${path}.1`);
  execFileSync('gzip', [`${path}.1`]);
  rig.append(path, dockerLine('two', T + 1));
  // It is gone again before it could judge what is missing.
  await rig.start();
  await rig.until(() => expect(sink.messages().sort()).toEqual(['one', 'two']));
  await rig.stop();
  const from = sink.statuses.length;
  await rig.start();
  rig.append(path, dockerLine('three', T + 2));
  await rig.until(() => expect(sink.messages()).toContain('three'));
  await rig.until(() => expect(sink.statuses.length).toBeGreaterThan(from + 15));
  expect(sink.statuses.flatMap((status) => status.gaps)).toEqual([]);
  expect(rig.collector().counters().gaps ?? 0).toBe(0);
});

/** A checkpoint as a killed collector left it. */
async function leaveBehind(one: Rig, states: FileState[]): Promise<void> {
  const checkpoint = await openCheckpoint({ dir: join(one.state, 'checkpoint') });
  for (const state of states) checkpoint.put(state);
  await checkpoint.close();
}

describe('found in a run of 400 kills: a whole compressed file, never read', () => {
  /** A compressed sibling and its target; what is known of the plain file it was made of. */
  async function scene(changes: Partial<FileState>): Promise<{ one: Rig; packedId: FileIdentity; plain: FileState }> {
    const one = await createRig();
    rig = one;
    const path = join(one.logs, 'x-json.log');
    const text = [0, 1, 2].map((i) => dockerLine(`line ${i}`, T + i)).join('');
    one.append(`${path}.1`, text);
    execFileSync('gzip', [`${path}.1`]);
    one.append(path, dockerLine('live', T + 9));
    const target = fileTarget(path, 'json-file');
    one.found(target);
    const packedId = idOf(`${path}.1.gz`);
    const id = { ...packedId, ino: '1', birth: String(BigInt(packedId.birth) - 1_000_000_000n) };
    const plain = newFileState(id, { owner: 'a'.repeat(10), target, path, nowUs: T });
    const head = lineHash(Buffer.from(text), 0, text.indexOf('\n'));
    const twins = [`${packedId.dev}:${packedId.ino}:${packedId.birth}`];
    const gens = changes.gens ? [{ gen: head, head, end: -1 }] : [];
    return { one, packedId, plain: { ...plain, phase: 'rotated', ...changes, twins, gens } };
  }

  async function readsAll(one: Rig): Promise<void> {
    await one.start();
    await one.until(() => expect(one.sink.messages().sort()).toEqual(['line 0', 'line 1', 'line 2', 'live']));
    const from = one.sink.statuses.length;
    await one.until(() => expect(one.sink.statuses.length).toBeGreaterThan(from + 13));
    expect(one.sink.statuses.flatMap((status) => status.gaps)).toEqual([]);
    expect(one.sink.repeated).toBe(0);
  }

  test('its plain file was open and unread when killed', async () => {
    const { one, plain } = await scene({});
    await leaveBehind(one, [plain]);
    await readsAll(one);
  });

  test('the start after that began it under its own identity, gave the plain file up, and was killed', async () => {
    const { one, plain, packedId } = await scene({ phase: 'done' });
    const path = `${plain.path}.1.gz`;
    const own = newFileState(packedId, {
      owner: 'a'.repeat(10),
      target: fileTarget(plain.path, 'json-file'),
      path,
      nowUs: T,
    });
    await leaveBehind(one, [plain, { ...own, phase: 'rotated' }]);
    await readsAll(one);
    expect(new Set(one.sink.sorted().map((record) => record.fid))).toContain(own.fid);
  });

  test.each(['rotated', 'done'] as const)(
    'it was begun as the plain file, which is %s without a byte read',
    async (phase) => {
      const { one, plain } = await scene({ gens: [], phase });
      await leaveBehind(one, [plain]);
      await readsAll(one);
      expect(new Set(one.sink.sorted().map((record) => record.fid))).toContain(plain.fid);
    },
  );
});

test('a file whose descriptor was given back, written, rotated and compressed at once is read on from its compressed twin', async () => {
  rig = await createRig({ openFiles: 16, sweepMs: 50 });
  const { logs, sink } = rig;
  const paths = Array.from({ length: 40 }, (_, i) => join(logs, `f${i}-json.log`));
  for (const path of paths) rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  for (const [i, path] of paths.entries()) rig.append(path, dockerLine(`a${i}`, T + i));
  await rig.until(() => expect(sink.records.size).toBe(40));
  await rig.idle();
  for (const [i, path] of paths.entries()) {
    rig.append(path, dockerLine(`b${i}`, T + 100 + i));
    renameSync(path, `${path}.1`);
    rig.append(path, dockerLine(`c${i}`, T + 200 + i));
    writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)));
    rmSync(`${path}.1`);
  }
  await rig.until(() => expect(sink.records.size).toBeGreaterThanOrEqual(120), 5_000);
  const from = sink.statuses.length;
  await rig.until(() => expect(sink.statuses.length).toBeGreaterThan(from + 15));
  const wanted = ['a', 'b', 'c'].flatMap((letter) => paths.map((_, i) => `${letter}${i}`));
  expect(sink.messages().sort()).toEqual(wanted.sort());
  expect(sink.statuses.flatMap((status) => status.gaps)).toEqual([]);
});

test('a file that is compressed between being seen and being opened is no gap', async () => {
  rig = await createRig();
  const { logs, sink } = rig;
  const path = join(logs, 'x-json.log');
  const plain = `${path}.1`;
  const one = dockerLine('one', T);
  rig.append(plain, one);
  rig.append(path, dockerLine('two', T + 1));
  rig.found(fileTarget(path, 'json-file'));
  const openSync = fs.openSync;
  vi.spyOn(fs, 'openSync').mockImplementation((name, ...rest) => {
    if (name === plain && fs.existsSync(plain)) {
      writeFileSync(`${plain}.gz`, gzipSync(one));
      rmSync(plain);
    }
    return openSync(name, ...rest);
  });
  await rig.start();
  await rig.until(() => expect(sink.messages().sort()).toEqual(['one', 'two']));
  // It is tried for a while, then given up.
  await rig.until(() => expect(rig?.collector().counters().read_errors).toBeGreaterThan(3));
  await rig.until(() =>
    expect(
      rig
        ?.collector()
        .ledger()
        .filter((row) => row.state === 'failed'),
    ).toEqual([]),
  );
  expect(rig.collector().counters().gaps ?? 0).toBe(0);
  expect(sink.messages()).toHaveLength(2);
});

test.each([
  ['is its compressed twin', '', true],
  ['is another file that begins alike', dockerLine('more', T + 9), false],
])('beside a file that is in the spool and unread, what begins like it %s', async (_, more, same) => {
  const text = [0, 1, 2].map((i) => dockerLine(`line ${i}`, T + i)).join('');
  const path = packed('x-json.log.1', text + more);
  const spool = join(dir, 'spooled');
  writeFileSync(spool, text);
  const { target } = alone([]);
  const made = { owner: 'a'.repeat(10), target, path: join(dir, 'x-json.log'), nowUs: T };
  const state: FileState = { ...newFileState(idOf(spool), made), spool: { name: 'spooled', base: 0 } };
  const one = alone([state]);
  // Its turn has not come yet.
  const source = createFileSource(fs.openSync(spool, 'r'), 0, true);
  one.index.add({ state, source } as TailFile);
  one.compressed.read(path, idOf(path));
  await looked(one);
  source.close();
  expect(one.started).toHaveLength(same ? 0 : 1);
  expect(one.index.twinOf(idOf(path))).toBe(same ? state : null);
});

test('a compressed file that fell off the end unread is a gap, whatever others turn up', async () => {
  rig = await createRig();
  const { logs, sink } = rig;
  const path = join(logs, 'x-json.log');
  rig.append(`${path}.1`, dockerLine('one', T));
  execFileSync('gzip', [`${path}.1`]);
  rig.append(path, dockerLine('live', T + 9));
  const target = fileTarget(path, 'json-file');
  rig.found(target);
  const id = { ...idOf(`${path}.1.gz`), ino: '1' };
  const gone = newFileState(id, { owner: 'a'.repeat(10), target, path: `${path}.2.gz`, nowUs: T });
  await leaveBehind(rig, [{ ...gone, phase: 'rotated' }]);
  await rig.start();
  await rig.until(() => expect(sink.messages().sort()).toEqual(['live', 'one']));
  await rig.until(() => expect(sink.statuses.flatMap((status) => status.gaps)).toHaveLength(1));
});
