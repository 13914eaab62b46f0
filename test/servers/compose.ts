import { spawnSync } from 'node:child_process';
import { findCommand, installPackages } from './apt.ts';

export interface ComposeAnswer {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs Docker Compose in `cwd`, with nothing of this process' environment but PATH and HOME; null where it cannot be had. */
export function compose(args: string[], cwd: string, env: Record<string, string> = {}): ComposeAnswer | null {
  const command = find();
  if (!command) return null;
  const own = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env };
  const { status, stdout, stderr } = spawnSync(command[0], [...command.slice(1), ...args], {
    cwd,
    env: own,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** The plugin of today's Docker, else the command Debian has. */
function find(): string[] | null {
  const docker = findCommand('docker');
  if (docker && spawnSync(docker, ['compose', 'version']).status === 0) return [docker, 'compose'];
  try {
    if (!findCommand('docker-compose')) installPackages(['docker-compose']);
    return [findCommand('docker-compose') as string];
  } catch (error) {
    const message = `no Docker Compose for tests: ${(error as Error).message}`;
    if (process.env.CI === 'true') throw new Error(message, { cause: error });
    process.stderr.write(`SKIPPED tests with Docker Compose: ${message}\n`);
    return null;
  }
}
