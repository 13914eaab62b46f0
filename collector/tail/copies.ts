import { closeSync } from 'node:fs';
import type { FileState } from '../checkpoint/file-state.ts';
import type { FileTarget } from '../discovery.ts';
import { headOfFile, tailMatches } from './fingerprint.ts';
import type { FileIdentity } from './identity.ts';
import { openLog } from './open-file.ts';

/**
 * Whether an unknown sibling is a copy that copytruncate made (or is making) of a file we know: it is younger than the original and
 * begins like it. What it holds beyond what was read is read once the original is seen to be cut, at the original's positions.
 */
export function isCopy(
  id: FileIdentity,
  path: string,
  target: FileTarget,
  known: FileState[],
  live: FileState | null,
): boolean {
  if (target.rotation !== 'logrotate') return false;
  const originals = known.filter(
    (state) =>
      (state === live || state.phase !== 'done') && (id.birth === '0' || BigInt(id.birth) > BigInt(state.birth)),
  );
  if (originals.length === 0) return false;
  try {
    const { fd } = openLog(path, target.root);
    try {
      const head = headOfFile(fd);
      // Without a whole first line yet nobody can say; the next write to it asks again.
      if (head === null) return live !== null;
      return originals.some((state) => copies(fd, head, state, state === live));
    } finally {
      closeSync(fd);
    }
  } catch {
    return true;
  }
}

/** Equal first lines are enough beside a live file, which may be being copied now; else the bytes where we stopped must agree too. */
function copies(fd: number, head: number, state: FileState, isLive: boolean): boolean {
  if (!state.gens.some((generation) => generation.head === head)) return false;
  if (isLive) return true;
  const current = state.gens.at(-1);
  if (current?.head !== head || current.end >= 0) return false;
  if (state.offset === 0) return state.intents.length > 0;
  return tailMatches(fd, state.offset, Buffer.from(state.tail, 'base64'));
}
