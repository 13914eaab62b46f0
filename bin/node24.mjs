// Runs a file with a Node that is new enough: this one, or the one npm brought along. Plain JavaScript that Node 18 can parse.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;

/** Path of a Node ≥ 24, or null. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const modules = join(folder, 'node_modules');
    for (const pkg of [
      `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
      `node-bin-${process.platform}-${process.arch}`,
    ]) {
      const path = join(modules, pkg, 'bin', name);
      if (existsSync(path)) return path;
    }
    const up = dirname(folder);
    if (up === folder) return null;
    folder = up;
  }
}

/** Runs `file` with `args`, passing signals on and ending with its exit code. */
export function run(file, args) {
  const node = findNode();
  if (!node) {
    console.error(`fleetlog needs Node ${NEEDED} or newer; this is ${process.versions.node}.`);
    console.error('Run "npm ci" (it brings one along on Linux, macOS and Windows), or install a newer Node.');
    process.exit(1);
  }
  const child = spawn(node, [file, ...args], { stdio: 'inherit' });
  const pass = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
  child.on('error', (error) => {
    console.error(`cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(s, pass);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  if (!file) {
    console.error('usage: node bin/node24.mjs FILE [ARGUMENT ...]');
    process.exit(2);
  }
  run(file, args);
}
