import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readContainerFiles } from '../docker/config-file.ts';
import type { ContainerRecord } from '../docker/record.ts';
import type { DirectoryWatcher } from '../watch.ts';

/** A log whose container is still unknown after this long is read under its id: `--rm` logs live 39–157 ms (reliability case 8). */
const IDENTITY_WAIT_MS = 25;
const ID = /^[0-9a-f]{64}$/;

export interface ContainerDirsOptions {
  /** `collector.containersDir`. */
  dir: string;
  watcher: DirectoryWatcher;
  envNames: readonly string[];
  onRecord(record: ContainerRecord): void;
  /** Its log file is there, and nobody knows yet whose it is. */
  onLog(id: string): void;
  onGone(id: string): void;
  /** Somebody else has told who it is. */
  known(id: string): boolean;
}

export interface ContainerDirs {
  start(): void;
  scan(): void;
  /** Reads one container's files now; true when they told who it is. */
  look(id: string): boolean;
  /** Whether the container's directory can be entered. */
  reachable(id: string): boolean;
  /** Why `dir` cannot be listed, or null. */
  trouble(): string | null;
  /** While on, every change of a `config.v2.json` is read: the state of containers when the API does not tell it. */
  follow(on: boolean): void;
  close(): void;
}

interface Place {
  watch: { close(): void } | null;
  timer: NodeJS.Timeout | null;
}

/** Docker's directory of containers, seen by a watch: a new container is known before its first line is written. */
export function createContainerDirs(options: ContainerDirsOptions): ContainerDirs {
  const { dir, watcher, envNames } = options;
  const places = new Map<string, Place>();
  let following = false;
  let trouble: string | null = null;
  let watch: { close(): void } | null = null;

  function exists(path: string): boolean {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch {
      return false;
    }
  }

  function forget(id: string): void {
    const place = places.get(id);
    if (!place) return;
    places.delete(id);
    release(place);
    options.onGone(id);
  }

  function release(place: Place): void {
    place.watch?.close();
    place.watch = null;
    if (place.timer) clearTimeout(place.timer);
    place.timer = null;
  }

  function look(id: string): boolean {
    if (!exists(join(dir, id))) {
      forget(id);
      return false;
    }
    let place = places.get(id);
    if (!place) {
      place = { watch: null, timer: null };
      places.set(id, place);
    }
    return read(id, place);
  }

  function read(id: string, place: Place): boolean {
    const record = options.known(id) && !following ? null : readContainerFiles(dir, id, envNames);
    if (record) options.onRecord(record);
    if (options.known(id) && !following) {
      release(place);
      return record !== null;
    }
    if (!place.watch) {
      place.watch = watcher.watch(join(dir, id), (name) => changed(id, place, name));
      // What came between the first read and the watch.
      if (!record) return read(id, place);
    }
    if (!options.known(id) && !place.timer && exists(join(dir, id, `${id}-json.log`))) {
      place.timer = setTimeout(() => {
        if (places.get(id) === place && !options.known(id)) options.onLog(id);
      }, IDENTITY_WAIT_MS);
      place.timer.unref();
    }
    return record !== null;
  }

  function changed(id: string, place: Place, name: string | null): void {
    // A log line written is no news, and there are many.
    if (places.get(id) !== place || (name === `${id}-json.log` && options.known(id))) return;
    if (name === null || name === id) look(id);
    else if (name === 'config.v2.json' || name === 'hostconfig.json' || !options.known(id)) read(id, place);
  }

  function scan(): void {
    let names: string[];
    try {
      names = readdirSync(dir);
      trouble = null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      trouble =
        code === 'ENOENT'
          ? `${dir} does not exist`
          : code === 'EACCES' || code === 'EPERM'
            ? `no permission to list ${dir}`
            : `cannot list ${dir}: ${(error as Error).message}`;
      // A directory that went away took its containers with it; one that may not be listed says nothing.
      names = code === 'ENOENT' ? [] : [...places.keys()];
    }
    const there = new Set(names.filter((name) => ID.test(name)));
    for (const id of [...places.keys()]) if (!there.has(id)) forget(id);
    for (const id of there) look(id);
  }

  return {
    start() {
      watch = watcher.watch(dir, (name) => {
        if (name === null) scan();
        else if (ID.test(name)) look(name);
      });
      scan();
    },
    scan,
    look,
    reachable: (id) => exists(join(dir, id)),
    trouble: () => trouble,
    follow(on) {
      if (following === on) return;
      following = on;
      for (const [id, place] of places) read(id, place);
    },
    close() {
      watch?.close();
      for (const place of places.values()) release(place);
      places.clear();
    },
  };
}
