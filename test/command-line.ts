import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from './source-files.ts';

export interface Ended {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
}

export interface Running {
  child: ChildProcess;
  /** Resolves with the first group, or the match, once standard output holds it; rejects when the process ends without. */
  says(pattern: RegExp): Promise<string>;
  said(): { out: string; err: string };
  ended: Promise<Ended>;
}

/** Starts a file of the repository with this Node, with nothing of our environment but PATH and HOME. */
export function startNode(file: string, cwd: string, args: string[], env: Record<string, string> = {}): Running {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [file, ...args], { cwd, env: { PATH, HOME, ...env } });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => (out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk) => (err += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }));
  return {
    child,
    said: () => ({ out, err }),
    ended,
    async says(pattern) {
      for (;;) {
        const match = pattern.exec(out);
        if (match) return match[1] ?? match[0];
        const end = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data').then(() => null), ended]);
        if (end && !pattern.test(out)) throw new Error(`it ended (${end.code}) without saying ${pattern}: ${end.err}`);
      }
    },
  };
}

/** Starts `fleetlog` in a folder. */
export function startFleetlogCommand(cwd: string, args: string[], env: Record<string, string> = {}): Running {
  return startNode(join(ROOT, 'bin/fleetlog.mjs'), cwd, args, env);
}

/** Runs `fleetlog` to its end. */
export function fleetlog(cwd: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return startFleetlogCommand(cwd, args, env).ended;
}
