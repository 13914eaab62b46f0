import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createDirectoryWatcher, type DirectoryWatcher } from '../../collector/watch.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function start(): { root: string; watcher: DirectoryWatcher } {
  const root = mkdtempSync(join(tmpdir(), 'fleetlog-watch-'));
  const watcher = createDirectoryWatcher({ sweepMs: 20 });
  open.push(watcher, { close: () => rmSync(root, { recursive: true, force: true }) });
  return { root, watcher };
}

test('two listeners share a directory; closing one leaves the other', async () => {
  const { root, watcher } = start();
  const a: (string | null)[] = [];
  const b: (string | null)[] = [];
  const first = watcher.watch(root, (name) => a.push(name));
  watcher.watch(root, (name) => b.push(name));
  writeFileSync(join(root, 'one'), '1');
  await vi.waitFor(() => {
    expect(a).toContain('one');
    expect(b).toContain('one');
  });
  first.close();
  writeFileSync(join(root, 'two'), '2');
  await vi.waitFor(() => expect(b).toContain('two'));
  expect(a).not.toContain('two');
});

test('a directory may come late, vanish, come back and be swapped: each time a null, then events again', async () => {
  const { root, watcher } = start();
  const dir = join(root, 'late');
  let seen: (string | null)[] = [];
  watcher.watch(dir, (name) => seen.push(name));
  for (const round of ['first', 'second', 'third']) {
    mkdirSync(dir);
    await vi.waitFor(() => expect(seen).toContain(null));
    seen = [];
    writeFileSync(join(dir, round), 'x');
    await vi.waitFor(() => expect(seen).toContain(round));
    seen = [];
    if (round === 'second') renameSync(dir, join(root, 'aside'));
    else rmSync(dir, { recursive: true });
    await vi.waitFor(() => expect(seen).toContain(null));
    seen = [];
  }
});
