import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseQuery } from '../../model/query/parse.ts';
import type { LogStore } from '../../store/log-store.ts';
import { dose } from '../doses.ts';
import { linesBatch } from '../suites/batches.ts';
import { openStore } from '../suites/embedded-fixture.ts';
import { createRandom } from '../suites/random.ts';

/** A soak takes its time (ms). */
const LONG = dose(120_000, 7_200_000);

const ALL = { query: { type: 'all' }, from: 0, to: Number.MAX_SAFE_INTEGER } as const;
const WRITER = fileURLToPath(new URL('../suites/store-writer-process.ts', import.meta.url));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fleetlog-crash-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function texts(store: LogStore): Promise<string[]> {
  const out: string[] = [];
  for await (const chunk of store.scan({ ...ALL, order: 'asc' })) out.push(...chunk.map(({ message }) => message));
  return out;
}

/** Opens what is in `dir`, gives what it holds and closes it. */
async function opened(dir: string, change: Parameters<typeof openStore>[1] = {}): Promise<string[]> {
  const store = await openStore(dir, change);
  try {
    return await texts(store);
  } finally {
    await store.close();
  }
}

const filesOf = (dir: string, ending: string): string[] => readdirSync(dir).filter((name) => name.endsWith(ending));
const batch = (n: number) =>
  linesBatch({
    messages: [`one ${n}`, `two ${n}`],
    start: n * 12,
    times: [n * 2, n * 2 + 1].map((t) => 1_795_219_200_000_000 + t),
  });
const linesUpTo = (n: number): string[] => Array.from({ length: n }, (_, i) => [`one ${i}`, `two ${i}`]).flat();

describe('killed at random under load', () => {
  test(
    'what was acknowledged is there once, whatever was going on',
    async () => {
      const dir = join(root, 'store');
      const seed = Date.now() % 1_000_003;
      const random = createRandom(seed);
      const acknowledged = [-1, -1, -1, -1];
      let next = [0, 0, 0, 0];
      for (let round = 0; round < dose(4, 300); round++) {
        const child = spawn(process.execPath, [WRITER, dir, next.join()], { stdio: ['ignore', 'pipe', 'inherit'] });
        const lines = createInterface({ input: child.stdout });
        const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        let seen = 0;
        const most = 3 + random.below(700);
        for await (const line of lines) {
          if (line !== 'open') {
            const [file, n] = line.split(' ').map(Number);
            acknowledged[file] = n;
          }
          if (++seen === most) child.kill('SIGKILL');
        }
        await gone;
        const all = await opened(dir);
        const found = [0, 1, 2, 3].map(() => [] as number[]);
        for (const text of all) {
          const [, file, n] = /^f(\d) n(\d+) /.exec(text)!;
          found[Number(file)].push(Number(n));
        }
        next = found.map((numbers, file) => {
          numbers.sort((a, b) => a - b);
          expect(
            numbers.every((n, i) => n === i),
            `seed ${seed} round ${round}: file ${file} is contiguous and has no line twice`,
          ).toBe(true);
          expect(numbers.length, `seed ${seed} round ${round}: file ${file}`).toBeGreaterThan(acknowledged[file]);
          // A reader that lost its checkpoint a little way back sends again what the store has.
          return Math.max(0, numbers.length - random.below(50));
        });
      }
    },
    LONG,
  );
});

describe('killed between steps', () => {
  test('before a segment is committed: the segment goes, the log is replayed', async () => {
    const dir = join(root, 'a');
    const store = await openStore(dir);
    for (let n = 0; n < 5; n++) await store.append([batch(n)]);
    cpSync(dir, join(root, 'before'), { recursive: true });
    await store.flush();
    const [segment] = filesOf(dir, '.fls');
    copyFileSync(join(dir, segment), join(root, 'before', segment));
    await store.close();
    expect(await opened(join(root, 'before'))).toEqual(linesUpTo(5));
    expect(await opened(join(root, 'before'))).toEqual(linesUpTo(5));
  });

  test('after the commit and before the log is gone: nothing is there twice', async () => {
    const dir = join(root, 'a');
    const store = await openStore(dir);
    for (let n = 0; n < 5; n++) await store.append([batch(n)]);
    const [log] = filesOf(dir, '.flw');
    copyFileSync(join(dir, log), join(root, log));
    await store.close();
    expect(filesOf(dir, '.flw')).toEqual([]);
    copyFileSync(join(root, log), join(dir, log));
    expect(await opened(dir)).toEqual(linesUpTo(5));
    const again = await openStore(dir);
    expect((await again.append([batch(4), batch(5)])).suppressed).toBe(2);
    await again.close();
    expect(await opened(dir)).toEqual(linesUpTo(6));
  });

  test('after a merge is committed and before its inputs are gone', async () => {
    const dir = join(root, 'a');
    const store = await openStore(dir);
    for (let n = 0; n < 4; n++) {
      await store.append([batch(n)]);
      await store.flush();
    }
    cpSync(dir, join(root, 'inputs'), { recursive: true });
    expect((await store.maintain()).merged).toBe(4);
    expect((await store.stats()).segments).toBe(1);
    await store.close();
    for (const name of filesOf(join(root, 'inputs'), '.fls')) copyFileSync(join(root, 'inputs', name), join(dir, name));
    expect(await opened(dir)).toEqual(linesUpTo(4));
    expect(filesOf(dir, '.fls').length).toBe(1);
  });

  test('with the log cut in its last frames: whole frames stay, and the rest can be sent again', async () => {
    const dir = join(root, 'a');
    const store = await openStore(dir);
    for (let n = 0; n < 3; n++) await store.append([batch(n)]);
    cpSync(dir, join(root, 'cut'), { recursive: true });
    await store.close();
    const [log] = filesOf(join(root, 'cut'), '.flw');
    for (const cut of [1, 90, 170]) {
      const copy = join(root, `cut-${cut}`);
      cpSync(join(root, 'cut'), copy, { recursive: true });
      truncateSync(join(copy, log), (await import('node:fs')).statSync(join(copy, log)).size - cut);
      const again = await openStore(copy);
      const held = await texts(again);
      expect(held).toEqual(linesUpTo(held.length / 2));
      expect(held.length).toBeLessThan(6);
      for (let n = 0; n < 3; n++) await again.append([batch(n)]);
      expect(await texts(again)).toEqual(linesUpTo(3));
      await again.close();
    }
  });

  test('replayed lines survive the next kill too', async () => {
    const dir = join(root, 'a');
    const store = await openStore(dir);
    await store.append([batch(0)]);
    cpSync(dir, join(root, 'b'), { recursive: true });
    await store.close();
    const second = await openStore(join(root, 'b'));
    await second.append([batch(1)]);
    cpSync(join(root, 'b'), join(root, 'c'), { recursive: true });
    await second.close();
    expect(await opened(join(root, 'c'))).toEqual(linesUpTo(2));
  });
});

describe('damage and versions', () => {
  const filled = async (): Promise<string> => {
    const dir = join(root, 'a');
    const store = await openStore(dir);
    for (let n = 0; n < 3; n++) {
      await store.append([batch(n)]);
      await store.flush();
    }
    await store.close();
    return dir;
  };

  test('a segment that cannot be opened is set aside with a note; the others answer', async () => {
    const dir = await filled();
    const [first] = filesOf(dir, '.fls').sort();
    writeFileSync(join(dir, first), 'this is no segment, and long enough to look like one at first sight');
    const store = await openStore(dir);
    const result = await store.search({ ...ALL, order: 'asc', limit: 10 });
    expect(result.records.map(({ message }) => message)).toEqual(linesUpTo(3).slice(2));
    expect(result.notes).toMatchObject([{ code: 'segment_damaged' }]);
    await expect.poll(() => existsSync(join(dir, `${first}.damaged`))).toBe(true);
    expect((await store.search({ ...ALL, order: 'asc', limit: 10 })).notes).toEqual([]);
    await store.close();
    expect(await opened(dir)).toEqual(linesUpTo(3).slice(2));
  });

  test('a segment file that is gone does not keep the store from opening', async () => {
    const dir = await filled();
    const [first] = filesOf(dir, '.fls').sort();
    rmSync(join(dir, first));
    expect(await opened(dir)).toEqual(linesUpTo(3).slice(2));
  });

  test('a manifest of a newer version is refused with a hint', async () => {
    const dir = await filled();
    const db = new DatabaseSync(join(dir, 'manifest.db'));
    db.exec('pragma user_version = 99');
    db.close();
    await expect(openStore(dir)).rejects.toMatchObject({
      code: 'format_newer',
      hint: expect.stringContaining('newer'),
    });
  });

  test('a segment format of a newer version is refused at the start', async () => {
    const dir = await filled();
    const db = new DatabaseSync(join(dir, 'manifest.db'));
    db.exec('update segment set format = 2 where id = 1');
    db.close();
    await expect(openStore(dir)).rejects.toMatchObject({ code: 'format_newer' });
  });

  test('a manifest that is no database says what to do', async () => {
    const dir = await filled();
    writeFileSync(join(dir, 'manifest.db'), 'x'.repeat(5_000));
    await expect(openStore(dir)).rejects.toMatchObject({ code: 'corrupt', hint: expect.stringContaining('backup') });
  });
});

describe('time', () => {
  test('a search out of time gives what it has and says how far it came; a count is refused', async () => {
    const store = await openStore(join(root, 'a'));
    await store.append([batch(0)]);
    const result = await store.search({ ...ALL, order: 'desc', limit: 5, timeoutMs: 0 });
    expect(result).toMatchObject({ more: true, notes: [{ code: 'time_limit_reached' }] });
    await expect(store.count({ ...ALL, timeoutMs: 0 })).rejects.toMatchObject({ code: 'query_timeout' });
    await expect(
      store.facets({ ...ALL, query: parseQuery('one').query, fields: ['app'], size: 3, timeoutMs: 0 }),
    ).rejects.toMatchObject({ code: 'query_timeout' });
    expect((await store.count(ALL)).count).toBe(2);
    await store.close();
  });
});
