import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDir } from '../../store/sqlite/data-dir.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetlog-dir-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const failure = (work: Promise<unknown>): Promise<{ code: string; hint?: string } | null> =>
  work.then(
    () => null,
    (error) => error as { code: string; hint?: string },
  );

test('creates the directory for its owner alone and names the format', async () => {
  const dir = await openDataDir(join(root, 'a', 'data'));
  expect(dir.path).toBe(join(root, 'a', 'data'));
  expect((await stat(dir.path)).mode & 0o777).toBe(0o700);
  expect(await readFile(join(dir.path, 'format'), 'utf8')).toBe('fleetlog data format 1\n');
  dir.close();
});

test('a second opener is told who it is up to, and comes in after close', async () => {
  const dir = await openDataDir(root);
  expect(await failure(openDataDir(root))).toMatchObject({
    code: 'data_locked',
    hint: expect.stringContaining('dataDir'),
  });
  dir.close();
  dir.close();
  (await openDataDir(root)).close();
});

test('holds against another process, and goes with it when it is killed', async () => {
  const module = fileURLToPath(new URL('../../store/sqlite/data-dir.ts', import.meta.url));
  const script = `import { openDataDir } from ${JSON.stringify(module)};
    await openDataDir(${JSON.stringify(root)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    expect(await failure(openDataDir(root))).toMatchObject({ code: 'data_locked' });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  (await openDataDir(root)).close();
});

test('refuses a newer format with a hint, and does not keep the lock', async () => {
  (await openDataDir(root)).close();
  await writeFile(join(root, 'format'), 'fleetlog data format 2\n');
  expect(await failure(openDataDir(root))).toMatchObject({ code: 'format_newer', hint: expect.any(String) });
  await writeFile(join(root, 'format'), 'fleetlog data format 1\n');
  (await openDataDir(root)).close();
});

test('refuses a format file that is none', async () => {
  await writeFile(join(root, 'format'), '\0\0\0\0');
  expect(await failure(openDataDir(root))).toMatchObject({ code: 'corrupt', hint: expect.any(String) });
});

test('says so when the directory cannot be made', async () => {
  await writeFile(join(root, 'file'), '');
  expect(await failure(openDataDir(join(root, 'file', 'data')))).toMatchObject({
    code: 'bad_config',
    hint: expect.stringContaining('dataDir'),
  });
});

test.skipIf(process.getuid?.() === 0)('says so when the directory cannot be written', async () => {
  await chmod(root, 0o500);
  expect(await failure(openDataDir(root))).toMatchObject({ code: 'bad_config', hint: expect.any(String) });
  await chmod(root, 0o700);
});
