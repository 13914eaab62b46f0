import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../source-files.ts';

/** A copy of what `docker compose` reads, with a socket that stands for Docker's; nothing is written into the checkout. */
export interface FleetFolder {
  dir: string;
  makeSecrets(): { status: number | null; stderr: string };
  close(): Promise<void>;
}

export async function openFleetFolder(): Promise<FleetFolder> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetlog-compose-'));
  for (const name of ['docker-compose.yml', 'Dockerfile', 'deploy'])
    cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  rmSync(join(dir, 'deploy/secrets'), { recursive: true, force: true });
  mkdirSync(join(dir, 'run'));
  const socket = join(dir, 'run/docker.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    dir,
    makeSecrets() {
      const { status, stderr } = spawnSync('sh', ['deploy/make-secrets'], {
        cwd: dir,
        env: { PATH: process.env.PATH, DOCKER_SOCKET: socket },
        encoding: 'utf8',
      });
      return { status, stderr };
    },
    async close() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
