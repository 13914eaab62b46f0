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

if (findNode() === process.execPath) {
  startLean();
  // Keeps what V8 compiled and the types that were stripped, so that the next start is faster.
  module.enableCompileCache?.();
  const { main: start } = await import(main);
  process.exitCode = await start(process.argv.slice(2));
  // A connection somewhere must not keep a command alive that is done.
  setTimeout(() => process.exit(), 500).unref();
} else {
  run(fileURLToPath(import.meta.url), process.argv.slice(2));
}
