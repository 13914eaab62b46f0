import type { DiscoveryHandlers, FileTarget } from '../discovery.ts';
import type { Log } from '../log.ts';

/** A live file may be missing for a moment while it is rotated; after this it is gone. */
const GONE_MS = 3_000;

/** The files a finder has told of, by key, and when they go. */
export interface LiveFiles {
  /** A file is there. The same key from another place keeps its first target. */
  add(place: string, target: FileTarget): void;
  /** What `place` holds now; a file it told of before and that is missing gets a grace, unless the place is gone too. */
  keep(place: string, keys: ReadonlySet<string>): void;
  /** The place is gone with everything in it. */
  drop(place: string): void;
  has(key: string): boolean;
  targets(): FileTarget[];
  close(): void;
}

export function createLiveFiles(handlers: DiscoveryHandlers, log: Log): LiveFiles {
  const targets = new Map<string, FileTarget>();
  const owners = new Map<string, Set<string>>();
  const missing = new Map<string, NodeJS.Timeout>();

  function lose(place: string, key: string): void {
    missing.delete(`${place}\0${key}`);
    owners.get(place)?.delete(key);
    for (const keys of owners.values()) if (keys.has(key)) return;
    if (!targets.delete(key)) return;
    log.debug({ key }, 'a log file is gone');
    handlers.gone(key);
  }

  return {
    add(place, target) {
      const keys = owners.get(place) ?? new Set();
      owners.set(place, keys.add(target.key));
      clearTimeout(missing.get(`${place}\0${target.key}`));
      missing.delete(`${place}\0${target.key}`);
      if (targets.has(target.key)) return;
      targets.set(target.key, target);
      handlers.found(target);
    },
    keep(place, keys) {
      for (const key of owners.get(place) ?? []) {
        const id = `${place}\0${key}`;
        if (keys.has(key) || missing.has(id)) continue;
        const timer = setTimeout(() => lose(place, key), GONE_MS);
        timer.unref();
        missing.set(id, timer);
      }
    },
    drop(place) {
      for (const key of [...(owners.get(place) ?? [])]) {
        clearTimeout(missing.get(`${place}\0${key}`));
        lose(place, key);
      }
      owners.delete(place);
    },
    has: (key) => targets.has(key),
    targets: () => [...targets.values()],
    close() {
      for (const timer of missing.values()) clearTimeout(timer);
      missing.clear();
    },
  };
}
