import fs from 'node:fs';
import { sep } from 'node:path';
import { type FileIdentity, identityKey, identityOf } from './identity.ts';

/** Why a path is not read, as a reason for a person. */
export class Refused extends Error {}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/**
 * Opens a log file for reading. With `root` the directory is hostile: the file that was really opened must be a regular file
 * below that folder, whatever links stand in the path (checked on the descriptor, so nobody can swap it in between). Opening never
 * blocks on a FIFO. Throws `Refused`, or the system's error.
 */
export function openLog(path: string, root: string | null): { fd: number; stat: fs.BigIntStats } {
  const resolved = root === null ? path : fs.realpathSync(path);
  if (root !== null && !isBelow(resolved, fs.realpathSync(root))) throw new Refused(`${path} leads outside ${root}`);
  const fd = fs.openSync(resolved, O_RDONLY | O_NONBLOCK | (root === null ? 0 : O_NOFOLLOW));
  try {
    const stat = fs.fstatSync(fd, { bigint: true });
    if (!stat.isFile()) throw new Refused(`${path} is no regular file`);
    if (root !== null) {
      const opened = fs.readlinkSync(`/proc/self/fd/${fd}`);
      if (stat.nlink > 0n && !isBelow(opened, fs.realpathSync(root)))
        throw new Refused(`${path} leads outside ${root}`);
    }
    return { fd, stat };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Whether the path leads out of `root` as it is now; `openLog` makes sure again of what was really opened. */
export function leadsOut(path: string, root: string | null): boolean {
  if (root === null) return false;
  try {
    return !isBelow(fs.realpathSync(path), fs.realpathSync(root));
  } catch {
    return false;
  }
}

/** Stat of what the path leads to, or null when there is nothing or nothing we may see. */
export function statLog(path: string): fs.BigIntStats | null {
  try {
    return fs.statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/** What tells at a glance that nothing happened to a file; whether two are one file is for `identityOf` to say. */
export type Glance = Pick<fs.Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'birthtimeMs'>;

/** Cheaper than `statLog`: thousands of quiet files are glanced at all the time. */
export function glanceAt(path: string): Glance | null {
  try {
    return fs.statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

export function sameGlance(a: Glance, b: Glance): boolean {
  return (
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.birthtimeMs === b.birthtimeMs &&
    a.dev === b.dev
  );
}

/** Whether the file is still found under the name it was last seen by. */
export function isOnDisk(file: FileIdentity & { path: string }): boolean {
  const stat = statLog(file.path);
  return stat !== null && identityKey(identityOf(stat)) === identityKey(file);
}
