import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';

/** Pids of a private Docker engine's processes (dockerd, containerd, shims): whatever names its directory on its command line. */
export function enginePids(dir: string): number[] {
  const pids: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (!/(dockerd|containerd|containerd-shim.*|runc)$/.test(command[0])) continue;
      if (command.some((part) => part.includes(`${dir}/`))) pids.push(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return pids;
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function readPid(dir: string): number | null {
  const text = existsSync(`${dir}/dockerd.pid`) ? readFileSync(`${dir}/dockerd.pid`, 'utf8').trim() : '';
  return text !== '' && alive(Number(text)) ? Number(text) : null;
}

export async function until(condition: () => boolean | Promise<boolean>, ms: number, stepMs = 25): Promise<boolean> {
  for (const end = performance.now() + ms; ; ) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}

/** Asks for a graceful end, then kills; containers go with their engine. Leaves the directory in place. */
export async function stopEngine(dir: string, graceMs = 10_000): Promise<void> {
  const pid = readPid(dir);
  if (pid !== null) {
    process.kill(pid, 'SIGTERM');
    await until(() => !alive(pid), graceMs);
  }
  for (const other of enginePids(dir)) {
    try {
      process.kill(other, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await until(() => enginePids(dir).length === 0, 5_000);
}

/** Stops the engine, kills what runs in its containers, unmounts and removes everything below `dir`. */
export async function wipeEngine(dir: string): Promise<void> {
  await killContainers(dir);
  await stopEngine(dir);
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();
  for (const mount of mounts) spawnSync('umount', ['-l', mount]);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** The first process of each container dies with its shim's SIGKILL only when asked; ask while the engine still answers. */
async function killContainers(dir: string): Promise<void> {
  const pids: number[] = [];
  const containers = `${dir}/data/containers`;
  if (!existsSync(containers)) return;
  for (const id of readdirSync(containers)) {
    try {
      const { State } = JSON.parse(readFileSync(`${containers}/${id}/config.v2.json`, 'utf8')) as {
        State: { Running: boolean; Pid: number };
      };
      if (!State.Running || State.Pid < 2) continue;
      if (!readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8').includes(id)) continue;
      process.kill(State.Pid, 'SIGKILL');
      pids.push(State.Pid);
    } catch {
      // Half-written or gone by itself.
    }
  }
  await until(() => pids.every((pid) => !alive(pid)), 5_000);
}

/** True when something accepts connections on the unix socket. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
      .once('connect', () => done(true))
      .once('error', () => done(false));
    function done(value: boolean): void {
      connection.destroy();
      resolve(value);
    }
  });
}

// Run as a process of its own: when the test that holds its standard input ends, however it ends, the engine goes with it.
if (process.argv[2] === 'guard') {
  const dir = process.argv[3];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  let wiping = false;
  const wipe = (): void => {
    if (wiping) return;
    wiping = true;
    void wipeEngine(dir).finally(() => process.exit(0));
  };
  process.stdin.on('end', wipe).on('close', wipe).on('error', wipe);
  process.stdin.resume();
}
