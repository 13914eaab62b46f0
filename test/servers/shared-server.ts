import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alive, until } from './docker-guard.ts';

/** A server that several test processes use at once. */
export interface SharedServer {
  pid: number;
  /** What its starter wrote down: how to reach it. */
  about: string;
  leave(): void;
}

/** Removes the names of processes that are gone; ends the server when nobody was left for half a minute. */
const KEEPER = `
dir=$1; pid=$2; files=$3; idle=0
while kill -0 "$pid" 2>/dev/null && [ "$idle" -lt 15 ]; do
  idle=$((idle+1))
  for name in "$dir"/users/*; do
    [ -e "$name" ] || continue
    if kill -0 "\${name##*/}" 2>/dev/null; then idle=0; else rm -f "$name"; fi
  done
  sleep 2
done
rm -rf "$dir"
kill "$pid" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 1; done
kill -9 "$pid" 2>/dev/null
rm -rf "$files"
`;

/**
 * Joins the running server of that name, or starts it. `start` gives the pid of the process to end, the folder to remove then and how
 * to reach it. Everything of it stands in `<tmp>/fleetlog-shared-<name>-<uid>`.
 */
export async function joinShared(
  name: string,
  start: () => Promise<{ pid: number; dir: string; about: string }>,
): Promise<SharedServer> {
  const dir = join(tmpdir(), `fleetlog-shared-${name}-${process.getuid?.() ?? 0}`);
  const lock = `${dir}.lock`;
  const user = join(dir, 'users', String(process.pid));
  for (;;) {
    const running = await enter(dir, user);
    if (running) return { ...running, leave: () => rmSync(user, { force: true }) };
    if (!take(lock)) {
      await until(() => !existsSync(lock) || stale(lock), 300_000, 100);
      if (stale(lock)) rmSync(lock, { recursive: true, force: true });
      continue;
    }
    try {
      if (await enter(dir, user)) continue;
      rmSync(dir, { recursive: true, force: true });
      const server = await start();
      const making = mkdtempSync(`${dir}.making-`);
      mkdirSync(join(making, 'users'));
      writeFileSync(join(making, 'users', String(process.pid)), '');
      writeFileSync(join(making, 'server.json'), JSON.stringify({ pid: server.pid, about: server.about }));
      renameSync(making, dir);
      const args = ['-c', KEEPER, 'keeper', dir, String(server.pid), server.dir];
      spawn('/bin/sh', args, { stdio: 'ignore', detached: true }).unref();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

/** Writes this process down as a user of a server that runs; null when there is none. */
async function enter(dir: string, user: string): Promise<{ pid: number; about: string } | null> {
  const about = join(dir, 'server.json');
  try {
    writeFileSync(user, '');
    const running = JSON.parse(readFileSync(about, 'utf8')) as { pid: number; about: string };
    return alive(running.pid) && existsSync(user) ? running : null;
  } catch {
    return null;
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch {
    return false;
  }
}

/** Its owner died. */
function stale(lock: string): boolean {
  try {
    return !alive(Number(readFileSync(join(lock, 'pid'), 'utf8')));
  } catch {
    return false;
  }
}
