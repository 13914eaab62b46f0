import { readFileSync, statfsSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../model/config.ts';
import { isCode } from '../../model/errors.ts';
import { bytesText } from '../terminal/progress.ts';
import { type Finding, fail, ok, warn, why } from './finding.ts';

export function checkNode(version = process.versions.node): Finding {
  const major = Number(version.split('.')[0]);
  return major >= 24
    ? ok('node', version)
    : fail('node', version, 'Node 24 or newer is needed; npm ci brings one along.');
}

/** Linux limits that quiet containers run into by the hundred; elsewhere there is nothing to check. */
export function checkLimits(config: Config, read = readText): Finding[] {
  const findings: Finding[] = [];
  const instances = Number(read('/proc/sys/fs/inotify/max_user_instances'));
  const watches = Number(read('/proc/sys/fs/inotify/max_user_watches'));
  if (instances && watches) {
    const found = `${watches} watches, ${instances} instances`;
    const few = watches < 16_384 || instances < 64;
    const advice =
      'sysctl -w fs.inotify.max_user_watches=262144 fs.inotify.max_user_instances=512 (until then files are swept once a second).';
    findings.push(few ? warn('inotify', found, advice) : ok('inotify', found));
  }
  const nofile = /Max open files\s+(\d+|unlimited)/.exec(read('/proc/self/limits'))?.[1];
  if (nofile) {
    const limit = nofile === 'unlimited' ? Number.POSITIVE_INFINITY : Number(nofile);
    // Sockets, segments and the two SQLite files need some beside the log files.
    const wanted = config.collector.openFiles + 512;
    const advice = `raise it (ulimit -n, LimitNOFILE=, --ulimit nofile=) above ${wanted}, or lower collector.openFiles.`;
    findings.push(limit < wanted ? warn('open files', nofile, advice) : ok('open files', nofile));
  }
  return findings;
}

export async function checkDisk(config: Config): Promise<Finding> {
  const folder = await existingParent(config.dataDir);
  const { bavail, blocks, bsize } = statfsSync(folder);
  const percent = (100 * bavail) / Math.max(1, blocks);
  const found = `${bytesText(bavail * bsize)} free (${percent.toFixed(0)} %) for ${config.dataDir}`;
  const { freePercent } = config.store;
  if (percent < freePercent) {
    return fail(
      'disk',
      found,
      `below store.freePercent ${freePercent}: the oldest lines go first, then nothing is accepted. Make room or move dataDir.`,
    );
  }
  if (percent < freePercent * 2)
    return warn('disk', found, 'nearly full; lower retention.days or set retention.bytes.');
  return ok('disk', found);
}

/** Whether the data directory can be written, is free, and is of a known format. `serverRuns`: being locked is then as it should be. */
export async function checkDataDir(config: Config, serverRuns: boolean): Promise<Finding> {
  const folder = await existingParent(config.dataDir);
  if (!(await stat(folder)).isDirectory())
    return fail('data', `${folder} is no directory`, 'Set dataDir to another place.');
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    return fail('data', `${folder} cannot be written (${why(error)})`, 'Give this user the folder, or set dataDir.');
  }
  if (folder !== config.dataDir) return ok('data', `${config.dataDir} will be made at the first start`);
  const { openDataDir } = await import('../../store/sqlite/data-dir.ts');
  try {
    await (await openDataDir(config.dataDir)).close();
    return ok('data', `${config.dataDir}, not in use`);
  } catch (error) {
    if (isCode(error, 'data_locked')) {
      return serverRuns
        ? ok('data', `${config.dataDir}, held by the running server`)
        : warn(
            'data',
            `${config.dataDir} is held by another process`,
            'That process does not answer at the configured address: see its log, or stop it.',
          );
    }
    if (isCode(error, 'format_newer'))
      return fail('data', error.message, error.hint ?? 'Start the newer version again.');
    return fail(
      'data',
      `${config.dataDir}: ${why(error)}`,
      'See the message; a copy of the folder is the first thing to make.',
    );
  }
}

/** The path itself, or the nearest thing above it that exists. */
async function existingParent(path: string): Promise<string> {
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : existingParent(dirname(path));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
