import { type FSWatcher, statSync, watch as watchDirectory } from 'node:fs';
import { basename } from 'node:path';
import { type Log, silentLog } from './log.ts';

export interface DirectoryWatcherOptions {
  /** Interval of the check that finds directories that came, went, or changed without an event. */
  sweepMs: number;
  log?: Log;
}

/** `renamed`: the entry came, went or was renamed; false when only its content or attributes changed. */
export type DirectoryListener = (name: string | null, renamed: boolean) => void;

/**
 * One inotify watch a directory, shared by everyone who listens to it. A listener gets the name of the entry that changed
 * (created, written, renamed, deleted), or null for "look at everything again": the directory came, went or was replaced, or
 * events were lost. It need not exist yet. Listeners must not throw.
 */
export interface DirectoryWatcher {
  watch(dir: string, listener: DirectoryListener): { close(): void };
  /** Directories whose watch could not be placed (inotify limits); they are looked at each sweep instead. */
  unwatched(): number;
  close(): void;
}

interface Watched {
  dir: string;
  listeners: Set<DirectoryListener>;
  watcher: FSWatcher | null;
  /** Device, inode and birth of the directory the watch sits on; empty when there is none. */
  identity: string;
  mtime: bigint;
  /** Entries came or went by event since `mtime` was taken. */
  heard: boolean;
  /** An mtime nobody told us of; lost events when it is still so at the next look. */
  suspect: bigint | null;
}

/** A healthy directory is looked at every this many sweeps: 2,000 directories cost 200 stats a sweep. */
const ROUNDS = 10;

export function createDirectoryWatcher(options: DirectoryWatcherOptions): DirectoryWatcher {
  const log = options.log ?? silentLog;
  const entries = new Map<string, Watched>();
  let round = 0;
  let warned = false;
  const timer = setInterval(sweep, options.sweepMs);
  timer.unref();

  function tell(entry: Watched, name: string | null, renamed = true): void {
    for (const listener of [...entry.listeners]) listener(name, renamed);
  }

  function place(entry: Watched): void {
    entry.watcher?.close();
    entry.watcher = null;
    try {
      const watcher = watchDirectory(entry.dir, { persistent: false }, (event, name) => {
        if (entry.watcher !== watcher) return;
        if (event === 'rename') entry.heard = true;
        // inotify names the directory itself when it is moved or deleted; an entry may be called the same.
        if (name !== null && name === basename(entry.dir)) look(entry);
        tell(entry, name, event === 'rename');
      });
      watcher.on('error', () => {
        if (entry.watcher === watcher) look(entry);
      });
      entry.watcher = watcher;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'ENOTDIR' || warned) return;
      warned = true;
      log.warn({ err: error, dir: entry.dir }, 'cannot watch directory: polling it; raise fs.inotify.max_user_watches');
    }
  }

  /** Compares the directory with what the watch sits on; tells listeners when it is another one or events were lost. */
  function look(entry: Watched): boolean {
    const stat = statSync(entry.dir, { bigint: true, throwIfNoEntry: false });
    const identity = stat?.isDirectory() ? `${stat.dev}:${stat.ino}:${stat.birthtimeNs}` : '';
    if (identity !== entry.identity) {
      entry.identity = identity;
      entry.suspect = null;
      entry.heard = false;
      entry.mtime = stat?.mtimeNs ?? 0n;
      if (identity) place(entry);
      else {
        entry.watcher?.close();
        entry.watcher = null;
      }
      tell(entry, null);
      return false;
    }
    if (!stat || !identity) return false;
    if (!entry.watcher) place(entry);
    if (stat.mtimeNs === entry.mtime) return false;
    const polled = entry.watcher === null;
    if (entry.heard || entry.suspect === stat.mtimeNs || polled) {
      const lost = !entry.heard;
      entry.mtime = stat.mtimeNs;
      entry.heard = false;
      entry.suspect = null;
      if (lost) tell(entry, null);
      return lost && !polled;
    }
    // The event may be on its way; the next sweep decides.
    entry.suspect = stat.mtimeNs;
    return false;
  }

  function safeLook(entry: Watched): boolean {
    try {
      return look(entry);
    } catch (error) {
      log.debug({ err: error, dir: entry.dir }, 'cannot look at directory');
      return false;
    }
  }

  function sweep(): void {
    round = (round + 1) % ROUNDS;
    let index = 0;
    let lost = false;
    for (const entry of [...entries.values()]) {
      const due = index++ % ROUNDS === round;
      if (due || !entry.watcher || entry.suspect !== null) lost = safeLook(entry) || lost;
    }
    if (!lost) return;
    log.warn({}, 'lost directory events (inotify queue overflow): looking at everything again');
    for (const entry of entries.values()) tell(entry, null);
  }

  return {
    watch(dir, listener) {
      let entry = entries.get(dir);
      if (!entry) {
        entry = {
          dir,
          listeners: new Set(),
          watcher: null,
          identity: '',
          mtime: 0n,
          heard: false,
          suspect: null,
        };
        entries.set(dir, entry);
        // Nobody listens yet: what is there now is for the caller to read after this returns.
        safeLook(entry);
      }
      const own = entry;
      const call: DirectoryListener = (name, renamed) => listener(name, renamed);
      own.listeners.add(call);
      return {
        close() {
          if (!own.listeners.delete(call) || own.listeners.size > 0) return;
          own.watcher?.close();
          own.watcher = null;
          if (entries.get(dir) === own) entries.delete(dir);
        },
      };
    },
    unwatched: () => [...entries.values()].filter((entry) => entry.identity && !entry.watcher).length,
    close() {
      clearInterval(timer);
      for (const entry of entries.values()) {
        entry.listeners.clear();
        entry.watcher?.close();
        entry.watcher = null;
      }
      entries.clear();
    },
  };
}
