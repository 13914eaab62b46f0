import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { alive, until } from './docker-guard.ts';

/** A server of the tests that ends with the process that started it, however that ends. */
export interface GuardedProcess {
  pid: number;
  /** True once it ended, by itself or not. */
  ended(): boolean;
  /** SIGTERM, and SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** User and system CPU seconds so far (Linux). */
  cpuSeconds(): number;
  /** Resident bytes now (Linux). */
  residentBytes(): number;
}

export interface GuardedOptions {
  command: string;
  args: string[];
  /** File that both outputs are appended to. */
  log: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
}

/** Kills the process when its standard input ends before a line came: the starter is gone. */
const GUARD = 'read -r line || kill -9 "$1" 2>/dev/null';

export function startGuarded(options: GuardedOptions): GuardedProcess {
  const output = openSync(options.log, 'a');
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', output, output],
    // A group of its own: Ctrl-C on the tests reaches the tests, which stop their servers in order.
    detached: true,
    cwd: options.cwd,
    env: options.env ?? process.env,
    uid: options.uid,
    gid: options.gid,
  });
  closeSync(output);
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  const pid = child.pid ?? -1;
  const guard = pid < 0 ? null : startGuard(pid);
  const gone = async (ms: number): Promise<boolean> => until(() => ended || !alive(pid), ms);
  async function end(signal: 'SIGTERM' | 'SIGKILL', graceMs: number): Promise<void> {
    if (!ended) child.kill(signal);
    if (!(await gone(graceMs))) child.kill('SIGKILL');
    await gone(10_000);
    guard?.stdin?.end('done\n');
  }
  return {
    pid,
    ended: () => ended,
    stop: (graceMs = 10_000) => end('SIGTERM', graceMs),
    kill: () => end('SIGKILL', 10_000),
    cpuSeconds() {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    residentBytes: () => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096,
  };
}

function startGuard(pid: number): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  guard.once('error', () => {});
  guard.stdin?.once('error', () => {});
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}
