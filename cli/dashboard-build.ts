import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What a change in makes the built dashboard old; model/query is bundled into it. */
const SOURCES = ['dashboard', 'model', 'api/contract.ts', 'package.json'];

/**
 * Builds the dashboard where it is missing or older than its sources, in a process of its own. A published package carries it
 * built and has no sources, so nothing happens there. Gives an error's text, or null when the page is there.
 */
export async function ensureDashboard(signal: AbortSignal): Promise<string | null> {
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  if (!existsSync(join(ROOT, 'dashboard/vite.config.ts')) || isFresh()) return null;
  if (!existsSync(vite)) return 'cannot build the dashboard: vite is not installed; run npm ci';
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vite, 'build', 'dashboard', '--logLevel', 'warn'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Whatever is set here (a test runner sets NODE_ENV), people get React's production build and no path of this machine.
      env: { ...process.env, NODE_ENV: 'production' },
      signal,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (said = (said + chunk).slice(-2_000)));
    child.on('error', (error) => resolve(`cannot build the dashboard: ${error.message}`));
    child.on('close', (code) => resolve(code === 0 ? null : `cannot build the dashboard:\n${said.trim()}`));
  });
}

function isFresh(): boolean {
  const built = join(ROOT, 'dashboard/dist/index.html');
  if (!existsSync(built)) return false;
  const builtAt = statSync(built).mtimeMs;
  return SOURCES.every((source) => newest(join(ROOT, source)) <= builtAt);
}

function newest(path: string): number {
  if (!existsSync(path)) return 0;
  const about = statSync(path);
  if (!about.isDirectory()) return about.mtimeMs;
  const children = readdirSync(path).filter((name) => name !== 'dist' && name !== 'node_modules');
  return Math.max(0, ...children.map((name) => newest(join(path, name))));
}
