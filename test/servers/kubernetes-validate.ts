import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCommand, installPackages } from './apt.ts';

/** Has the schemas of many versions of Kubernetes in it, so that no cluster is needed. */
const PACKAGE = 'kubernetes-validate==1.37.0';

/** Checks manifests strictly against the schemas of a version of Kubernetes (`1.33`); null where the checker cannot be had. */
export function validateManifests(files: string[], version: string): { status: number | null; output: string } | null {
  let folder: string;
  try {
    folder = prepare();
  } catch (error) {
    const message = `no Kubernetes schemas for tests: ${(error as Error).message}`;
    if (process.env.CI === 'true') throw new Error(message, { cause: error });
    process.stderr.write(`SKIPPED checking manifests: ${message}\n`);
    return null;
  }
  const { status, stdout, stderr } = spawnSync(
    findCommand('python3') as string,
    ['-m', 'kubernetes_validate', '--strict', '-k', version, ...files],
    { env: { ...process.env, PYTHONPATH: folder }, encoding: 'utf8' },
  );
  return { status, output: `${stdout}${stderr}` };
}

/** The folder that holds the package and what it needs, filled by pip at the first use. */
function prepare(): string {
  const cache =
    process.env.FLEETLOG_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fleetlog-test');
  const folder = join(cache, PACKAGE.replace('==', '-'));
  if (existsSync(folder)) return folder;
  const python = findCommand('python3');
  if (!python || spawnSync(python, ['-m', 'pip', '--version']).status !== 0) installPackages(['python3-pip']);
  mkdirSync(dirname(folder), { recursive: true });
  // Made aside and then named: a folder that is there is whole.
  const aside = mkdtempSync(`${folder}-`);
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', aside, PACKAGE];
  const { status, stderr } = spawnSync(findCommand('python3') as string, args, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(aside, { recursive: true, force: true });
    throw new Error(`pip cannot install ${PACKAGE}: ${stderr.slice(-500)}`);
  }
  renameSync(aside, folder);
  return folder;
}
