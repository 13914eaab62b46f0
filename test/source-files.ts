import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What .gitignore names, and git's own folder: no part of the repository. */
const NOT_OURS = new Set(['node_modules', '.git', 'dist', '.out']);
const NOT_OURS_AT_TOP = new Set(['data']);

/** Paths of the repository's files from its root, with `/`, sorted; optionally only those with one of the endings. */
export function repositoryFiles(...endings: string[]): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (NOT_OURS.has(entry.name) || (folder === '' && NOT_OURS_AT_TOP.has(entry.name)) || entry.name.endsWith('.log'))
        continue;
      if (entry.isDirectory()) walk(path);
      else if (endings.length === 0 || endings.some((ending) => path.endsWith(ending))) found.push(path);
    }
  };
  walk('');
  return found.sort();
}

export function readRepositoryFile(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
