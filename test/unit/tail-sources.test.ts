import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileSource, createGzipSource } from '../../collector/tail/byte-source.ts';

let dir: string;
const BYTES = Buffer.alloc(300_000, 'line\n');

beforeAll(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'fleetlog-sources-'));
  fs.writeFileSync(join(dir, 'plain'), BYTES);
  fs.writeFileSync(join(dir, 'packed'), gzipSync(BYTES));
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

const KINDS = [
  ['a plain file', () => createFileSource(fs.openSync(join(dir, 'plain'), 'r'))],
  ['a compressed file', () => createGzipSource(fs.openSync(join(dir, 'packed'), 'r'))],
] as const;

describe.each(KINDS)('%s', (_, open) => {
  test('is closed once, however often it is asked', async () => {
    const source = open();
    source.close();
    // The system gives the number to the next who opens anything.
    await new Promise((resolve) => setImmediate(resolve));
    const other = fs.openSync(join(dir, 'plain'), 'r');
    source.close();
    expect(fs.fstatSync(other).size).toBe(BYTES.length);
    fs.closeSync(other);
  });

  test('gives nothing once it is closed, not even an end', async () => {
    const source = open();
    source.stat();
    const into = Buffer.alloc(100);
    expect(await source.read(into, 0, 100, 0)).toBe(100);
    source.close();
    await expect((async () => source.read(into, 0, 100, 100))()).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('a read that was under way when it was closed ends before the descriptor is anybody else’s', async () => {
    const source = open();
    source.stat();
    const into = Buffer.alloc(BYTES.length);
    const read = (async () => source.read(into, 0, into.length, 0))();
    source.close();
    const others = [1, 2, 3].map(() => fs.openSync(join(dir, 'packed'), 'r'));
    const n = await read.catch(() => 0);
    expect(into.subarray(0, n).equals(BYTES.subarray(0, n))).toBe(true);
    for (const fd of others) fs.closeSync(fd);
  });
});
