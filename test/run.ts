/**
 * What `npm test` and `npm run soak` run: lint and format, types, the dashboard's build, then every test. With arguments only the
 * tests they name: `npm test -- test/unit/config.test.ts`. Ends with the runner's totals and, alone on a line, `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REPORT = join(ROOT, 'test/.out/vitest.json');

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

const failures: string[] = [];
for (const step of named.length > 0 ? [] : CHECKS) {
  const began = performance.now();
  console.log(`\n── ${step.name}`);
  const code = await node(step.run);
  if (code !== 0) failures.push(`${step.name} (exit code ${code})`);
  console.log(`   ${code === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

console.log(`\n── tests${soak ? ' at full doses' : ''}`);
mkdirSync(join(ROOT, 'test/.out'), { recursive: true });
rmSync(REPORT, { force: true });
const reporters = ['--reporter=json', '--reporter=default', `--outputFile.json=${REPORT}`];
const code = await node(['vitest/vitest.mjs', 'run', ...reporters, ...named]);
const { passed, failed } = totals();
// A red run without a red test: an error outside of tests, or no file at all.
if (code !== 0 && failed === 0) failures.push(`the test runner (exit code ${code})`);

for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(`${passed} passed, ${failed + failures.length} failed`);
process.exitCode = failed + failures.length > 0 || passed === 0 ? 1 : 0;

/** Counts of the runner's own report. A file in which no test ran counts as failed: it proves nothing. */
function totals(): { passed: number; failed: number } {
  interface Report {
    numPassedTests: number;
    numFailedTests: number;
    testResults: { name: string; assertionResults: { status: string }[] }[];
  }
  let report: Report;
  try {
    report = JSON.parse(readFileSync(REPORT, 'utf8')) as Report;
  } catch {
    return { passed: 0, failed: 0 };
  }
  const empty = report.testResults.filter((file) => file.assertionResults.length === 0);
  for (const file of empty) failures.push(`no test ran in ${relative(ROOT, file.name)}`);
  return { passed: report.numPassedTests, failed: report.numFailedTests };
}

/** Runs a script of node_modules with this Node and its output on ours. Gives the exit code. */
function node([script, ...rest]: Step['run']): Promise<number> {
  return new Promise((resolve, reject) => {
    const file = join(ROOT, 'node_modules', script);
    const child = spawn(process.execPath, [file, ...rest], { cwd: ROOT, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (exit) => resolve(exit ?? 1));
  });
}
