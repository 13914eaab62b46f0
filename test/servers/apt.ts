import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Why packages cannot be installed here, or null when they can: only as root on a Debian-like system. */
export function cannotInstall(): string | null {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return 'apt-get is missing';
  if (process.getuid?.() !== 0) return 'installing packages needs root';
  return null;
}

/** Installs what is missing of `packages`; throws with apt's last lines. Services of the packages are not started. */
export function installPackages(packages: string[]): void {
  const reason = cannotInstall();
  if (reason) throw new Error(`cannot install ${packages.join(' ')}: ${reason}`);
  // Debian starts a package's service at once; a test machine must not get a second, unasked-for Docker.
  const policy = '/usr/sbin/policy-rc.d';
  const ownPolicy = !existsSync(policy);
  if (ownPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    // The lists of a machine may be old: install first, which is quick when all is there, and update only when that fails.
    const install = ['install', '-y', '-q', '--no-install-recommends', ...packages];
    if (apt(install).status === 0) return;
    apt(['update', '-q']);
    const { status, output } = apt(install);
    if (status !== 0) throw new Error(`cannot install ${packages.join(' ')}: ${output.slice(-1_000)}`);
  } finally {
    if (ownPolicy) rmSync(policy, { force: true });
  }
}

function apt(args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=180', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

/** Full path of the first of `names` found on PATH or in the system directories, or null. */
export function findCommand(...names: string[]): string | null {
  const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'];
  for (const name of names) for (const dir of dirs) if (dir && existsSync(`${dir}/${name}`)) return `${dir}/${name}`;
  return null;
}
