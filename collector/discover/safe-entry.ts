import { type Dirent, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a directory entry really is, once links are followed. */
export type Entry =
  | { kind: 'folder' | 'file'; real: string; linked: boolean }
  /** Not to be read; `why` for the log, null for what is simply not there (a dangling link, removed just now). */
  | { kind: 'skip'; why: string | null };

/**
 * Looks at one entry of a directory that may be hostile (reliability case 24, S25): the real path must stay below `root` (itself
 * real), and only folders and regular files count; FIFOs, devices and sockets are never opened.
 */
export function lookAtEntry(root: string, folder: string, entry: Dirent): Entry {
  const path = join(folder, entry.name);
  try {
    // Folders given here are real already, so only a link can lead elsewhere.
    if (entry.isDirectory()) return { kind: 'folder', real: path, linked: false };
    if (entry.isFile()) return { kind: 'file', real: path, linked: false };
    if (entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice())
      return { kind: 'skip', why: 'it is no regular file' };
    const real = realpathSync.native(path);
    if (real !== root && !real.startsWith(root === '/' ? root : `${root}/`))
      return { kind: 'skip', why: `it leads outside ${root}, to ${real}` };
    const stat = statSync(real);
    if (stat.isDirectory()) return { kind: 'folder', real, linked: true };
    if (stat.isFile()) return { kind: 'file', real, linked: true };
    return { kind: 'skip', why: 'it is no regular file' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      kind: 'skip',
      why: code === 'ENOENT' ? null : code === 'ELOOP' ? 'its link leads in a circle' : `${code}`,
    };
  }
}
