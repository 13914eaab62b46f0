/**
 * What `npm test` and `npm run soak` run: lint and format, types, the dashboard's build, then every test. With arguments only the
 * tests they name: `npm test -- test/unit/config.test.ts`. Ends with the test runner's totals.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'test/.out');

interface Step {
  name: string;
  /** Script below node_modules and its arguments. */
  run: [script: string, ...args: string[]];
}

const CHECKS: Step[] = [
  { name: 'lint and format', run: ['@biomejs/biome/bin/biome', 'check', '.'] },
  { name: 'types', run: ['typescript/bin/tsc', '--noEmit'] },
  { name: 'dashboard', run: ['vite/bin/vite.js', 'build', 'dashboard', '--logLevel', 'warn'] },
];

const args = process.argv.slice(2);
const soak = args.includes('--soak');
const named = args.filter((arg) => arg !== '--soak');
const env = { ...process.env, ...(soak && { FLEETLOG_SOAK: '1' }) };

mkdirSync(OUT, { recursive: true });
for (const file of ['vitest.json', 'checks.json']) rmSync(join(OUT, file), { force: true });

const failed: string[] = [];
for (const step of named.length > 0 ? [] : CHECKS) {
  const began = performance.now();
  console.log(`\n── ${step.name}`);
  if ((await node(step.run)) !== 0) failed.push(step.name);
  console.log(
    `   ${failed.at(-1) === step.name ? 'FAILED' : 'ok'}, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
}
writeFileSync(join(OUT, 'checks.json'), `${JSON.stringify({ failed })}\n`);
if (failed.length > 0) console.log(`\nFAILED before the tests: ${failed.join(', ')}`);

console.log(`\n── tests${soak ? ' at full doses' : ''}`);
const json = join(OUT, 'vitest.json');
const tests = await node([
  'vitest/vitest.mjs',
  'run',
  '--reporter=json',
  '--reporter=default',
  `--outputFile.json=${json}`,
  ...named,
]);
process.exitCode = tests !== 0 || failed.length > 0 ? 1 : 0;

/** Runs a script of node_modules with this Node and its output on ours. Gives the exit code. */
function node([script, ...rest]: Step['run']): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...rest], {
      cwd: ROOT,
      env,
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
