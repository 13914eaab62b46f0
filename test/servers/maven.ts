import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCommand, installPackages } from './apt.ts';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/** Where servers of the tests are kept between runs: `FLEETLOG_TEST_CACHE`, else `fleetlog-test` of the user's cache. */
export function testCache(): string {
  const user = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return process.env.FLEETLOG_TEST_CACHE || join(user, 'fleetlog-test');
}

/**
 * The folder `name` of the test cache, made by `fill` when it is not there yet. It appears whole or not at all, also when two fill it
 * at once or one is killed half-way.
 */
export async function cached(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const target = join(testCache(), name);
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const making = mkdtempSync(`${target}.making-`);
  try {
    await fill(making);
    if (!existsSync(target)) renameSync(making, target);
  } catch (error) {
    // Somebody else may have finished first; a rename onto a filled folder fails.
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return target;
}

/** Copies artifacts (`group:artifact:version`) with everything they need at run time into `dir`. */
export async function copyLibraries(dir: string, artifacts: string[]): Promise<void> {
  const dependencies = artifacts.map((name) => {
    const [group, artifact, version] = name.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  const pom = join(dir, 'pom.xml');
  const project = '<modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>libraries</artifactId>';
  const text = `${project}<version>1</version><dependencies>${dependencies.join('')}</dependencies>`;
  writeFileSync(pom, `<project xmlns="http://maven.apache.org/POM/4.0.0">${text}</project>\n`);
  await maven(['-f', pom, `${PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', `-DoutputDirectory=${dir}/libs`]);
}

/**
 * Copies one artifact (`group:artifact:version:type`), without what it depends on, into `dir` under its own file name. A large one
 * is not left a second time in the user's Maven repository.
 */
export async function copyArtifact(dir: string, artifact: string): Promise<void> {
  const repository = mkdtempSync(join(dir, 'repository-'));
  try {
    await maven([
      `-Dmaven.repo.local=${repository}`,
      `${PLUGIN}:copy`,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${dir}`,
    ]);
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
}

/** Runs Maven in batch mode, installing it where that may be done; throws with its last lines. */
async function maven(args: string[]): Promise<void> {
  if (!findCommand('mvn')) installPackages(['maven']);
  const command = findCommand('mvn');
  if (!command) throw new Error('mvn is missing');
  // Fixed place of work: a pom.xml or .mvn folder of whoever starts the tests must not matter.
  const child = spawn(command, ['-q', '-B', ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', (exit) => resolve(exit)),
  );
  if (code !== 0) throw new Error(`mvn ended with ${code}: ${output.trim().slice(-1_000)}`);
}
