#!/usr/bin/env node
// The command. Plain JavaScript that Node 18 can parse; re-executes itself on the bundled Node when this one is too old.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { startLean } from './lean.mjs';
import { findNode, run } from './node24.mjs';

const source = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const built = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const main = existsSync(source) ? source : built;

// Commands that stay. Batches live outside the heap: a small young generation is collected often, which frees them early and cheaply; a
// large one waits for collections of the whole heap. Measured in docs/decisions/013-collector-kernel.md.
const SERVICES = ['start', 'demo', 'collector', 'ingest', 'api'];
const YOUNG = '--max-semi-space-size';

/** Begins again as the same process with the young generation that services want, where the system can; a choice of the user's stands. */
function settleHeap() {
  const args = process.argv.slice(2);
  const chosen = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => text.includes('semi-space'));
  if (!SERVICES.includes(args[0]) || chosen || !process.execve || process.channel) return;
  const file = fileURLToPath(import.meta.url);
  process.execve(process.execPath, [process.execPath, `${YOUNG}=4`, ...process.execArgv, file, ...args]);
}

if (findNode() === process.execPath) {
  startLean();
  settleHeap();
  // Keeps what V8 compiled and the types that were stripped, so that the next start is faster.
  module.enableCompileCache?.();
  const { main: start } = await import(main);
  process.exitCode = await start(process.argv.slice(2));
  // A connection somewhere must not keep a command alive that is done.
  setTimeout(() => process.exit(), 500).unref();
} else {
  run(fileURLToPath(import.meta.url), process.argv.slice(2));
}
