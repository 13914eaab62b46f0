import { basename, dirname } from 'node:path';
import type { DirectoryWatcher } from '../watch.ts';
import type { Follower } from './follower.ts';
import { liveNames } from './siblings.ts';

/** Brings what a directory watch says to the followers it concerns: thousands of them may share a directory. */
export interface Dispatch {
  add(follower: Follower): void;
  remove(follower: Follower): void;
  close(): void;
}

interface Watched {
  followers: Map<string, Set<Follower>>;
  close(): void;
}

export function createDispatch(watcher: DirectoryWatcher): Dispatch {
  const dirs = new Map<string, Watched>();

  function tell(watched: Watched, name: string | null, renamed: boolean): void {
    if (name === null) {
      for (const all of watched.followers.values()) for (const follower of all) follower.touched(null, true);
      return;
    }
    for (const live of liveNames(name))
      for (const follower of watched.followers.get(live) ?? []) follower.touched(name, renamed);
  }

  return {
    add(follower) {
      const dir = dirname(follower.target.path);
      let watched = dirs.get(dir);
      if (!watched) {
        const made: Watched = { followers: new Map(), close: () => {} };
        dirs.set(dir, (watched = made));
        const watch = watcher.watch(dir, (name, renamed) => tell(made, name, renamed));
        made.close = () => watch.close();
      }
      const name = basename(follower.target.path);
      const all = watched.followers.get(name) ?? new Set();
      watched.followers.set(name, all.add(follower));
    },
    remove(follower) {
      const dir = dirname(follower.target.path);
      const watched = dirs.get(dir);
      const name = basename(follower.target.path);
      const all = watched?.followers.get(name);
      if (!watched || !all?.delete(follower) || all.size > 0) return;
      watched.followers.delete(name);
      if (watched.followers.size > 0) return;
      watched.close();
      dirs.delete(dir);
    },
    close() {
      for (const watched of dirs.values()) watched.close();
      dirs.clear();
    },
  };
}
