import fs, { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../collector/checkpoint/checkpoint.ts';
import type { FileState } from '../../collector/checkpoint/file-state.ts';
import { silentLog } from '../../collector/log.ts';
import { createFileSource } from '../../collector/tail/byte-source.ts';
import { identityOf } from '../../collector/tail/identity.ts';
import { newFileState } from '../../collector/tail/new-state.ts';
import { createSpool, type Spool } from '../../collector/tail/spool.ts';
import type { TailFile } from '../../collector/tail/tail-file.ts';
import { fileTarget } from './collector-rig.ts';

const BYTES = 300_000;
let dir: string;
let file: TailFile;
let spool: Spool;
let put: FileState[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-spool-'));
  const path = join(dir, 'x.log');
  writeFileSync(path, Buffer.alloc(BYTES, 'line\n'));
  const id = identityOf(statSync(path, { bigint: true }));
  const state = newFileState(id, { owner: 'a'.repeat(10), target: fileTarget(path, 'file'), path, nowUs: 1e15 });
  const source = createFileSource(fs.openSync(path, 'r'));
  // So large that it is read by a thread.
  source.stat();
  file = { state, source, path, closed: false } as TailFile;
  put = [];
  const checkpoint = { files: new Map(), put: (one: FileState) => put.push(one) } as unknown as Checkpoint;
  spool = createSpool(join(dir, 'spool'), 1 << 30, checkpoint, silentLog);
});
afterEach(() => {
  file.source?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Some of it is acknowledged, so that its bytes are compared before it is copied. */
function acknowledge(bytes: number): void {
  file.state.offset = bytes;
  file.state.tail = Buffer.alloc(bytes, 'line\n').subarray(-20).toString('base64');
}

test('what is not acknowledged is kept, once', async () => {
  acknowledge(100_000);
  expect(await spool.save(file)).toBe(true);
  expect(spool.bytes()).toBe(BYTES - 100_000);
  expect(put).toEqual([file.state]);
  expect(await spool.save(file)).toBe(false);
  spool.remove(file.state);
  expect(spool.bytes()).toBe(0);
});

describe('a file acknowledged to its end while it is being kept is let go', () => {
  const letGo = (): void => {
    file.closed = true;
    file.source?.close();
  };
  test('before its bytes were compared', async () => {
    acknowledge(100_000);
    const saving = spool.save(file);
    letGo();
    expect(await saving).toBe(false);
  });
  test('while it is copied', async () => {
    const saving = spool.save(file);
    // After the comparison, which has nothing to wait for.
    await Promise.resolve();
    letGo();
    expect(await saving).toBe(false);
  });
  afterEach(() => {
    expect(spool.bytes()).toBe(0);
    expect(put).toEqual([]);
    expect(fs.existsSync(join(dir, 'spool')) ? fs.readdirSync(join(dir, 'spool')) : []).toEqual([]);
  });
});
