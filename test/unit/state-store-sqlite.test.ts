import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isCode } from '../../model/errors.ts';
import { createSqliteStateStore } from '../../store/sqlite/state-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { stateStoreSuite } from '../suites/state-store-suite.ts';

stateStoreSuite('SQLite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fleetlog-state-'));
  const open: StateStore[] = [];
  return {
    async connect(clock) {
      const store = await createSqliteStateStore({ file: join(dir, 'state.db'), clock });
      open.push(store);
      return store;
    },
    async close() {
      for (const store of open) await store.close();
      await rm(dir, { recursive: true });
    },
  };
});

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fleetlog-state-'));
});
afterEach(() => rm(dir, { recursive: true }));

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: { code: string; hint?: string }) => `${error.code} ${error.hint ? 'with hint' : 'without hint'}`,
  );

test('refuses a file of a newer version and leaves it as it is', async () => {
  const file = join(dir, 'state.db');
  await (await createSqliteStateStore({ file })).close();
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version=2');
  newer.close();
  expect(await codeOf(createSqliteStateStore({ file }))).toBe('format_newer with hint');
});

test('refuses a file that is no database', async () => {
  const file = join(dir, 'state.db');
  await writeFile(file, 'this is not a database, it is a text of some length');
  expect(await codeOf(createSqliteStateStore({ file }))).toBe('corrupt with hint');
});

test('a writer that cannot write rejects, and goes on when it can', async () => {
  const file = join(dir, 'state.db');
  const store = await createSqliteStateStore({ file });
  const other = new DatabaseSync(file);
  other.exec("CREATE TRIGGER full BEFORE INSERT ON docs BEGIN SELECT RAISE(ABORT, 'no room'); END");
  await expect(store.put('k', 'x', 1)).rejects.toSatisfy((error) => isCode(error, 'unavailable'));
  other.exec('DROP TRIGGER full');
  other.close();
  await store.put('k', 'x', 1);
  expect((await store.get('k', 'x'))?.doc).toBe(1);
  await store.close();
});
