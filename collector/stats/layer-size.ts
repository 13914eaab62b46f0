import { lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A layer of more files is not measured: 5,000 cost 0.2 s of CPU. */
const MOST_FILES = 5_000;

/**
 * Bytes a container wrote into its own layer, as Docker counts them: lengths of files, each inode once. Null where the folder is out of reach or no
 * overlay2, `'large'` when it holds too many files to walk. `containersDir` is Docker's; the layers are beside it.
 */
export async function layerSize(containersDir: string, id: string): Promise<number | 'large' | null> {
  const root = dirname(containersDir);
  try {
    const mount = await readFile(join(root, 'image/overlay2/layerdb/mounts', id, 'mount-id'), 'utf8');
    if (!/^[0-9a-z-]{1,128}$/.test(mount.trim())) return null;
    return await sizeBelow(join(root, 'overlay2', mount.trim(), 'diff'));
  } catch {
    return null;
  }
}

/** Files come and go meanwhile; what is gone does not count. Throws when the folder itself cannot be listed. */
async function sizeBelow(root: string): Promise<number | 'large'> {
  const folders = [root];
  const inodes = new Set<number>();
  let bytes = 0;
  let files = 0;
  await readdir(root);
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    files += entries.length;
    if (files > MOST_FILES) return 'large';
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      const stat = await lstat(path).catch(() => null);
      if (!stat || stat.isDirectory()) continue;
      if (stat.nlink > 1 && inodes.has(stat.ino)) continue;
      inodes.add(stat.ino);
      bytes += stat.size;
    }
  }
  return bytes;
}
