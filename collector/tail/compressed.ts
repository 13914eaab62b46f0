import { closeSync } from 'node:fs';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState } from '../checkpoint/file-state.ts';
import type { FileTarget } from '../discovery.ts';
import type { Log } from '../log.ts';
import { type ByteSource, createGzipSource, gzipSize } from './byte-source.ts';
import type { FileIndex } from './file-index.ts';
import { headOf, matchCompressed } from './fingerprint.ts';
import { type FileIdentity, identityKey } from './identity.ts';
import { isOnDisk, openLog } from './open-file.ts';
import type { TailFile } from './tail-file.ts';

export interface CompressedDeps {
  index: FileIndex;
  checkpoint: Checkpoint;
  log: Log;
  count: (name: string) => void;
  target: () => FileTarget;
  /** Files of the target that are being read. */
  files: ReadonlySet<TailFile>;
  newState(id: FileIdentity, path: string): FileState;
  start(state: FileState, path: string, open: () => ByteSource): TailFile;
}

/** Compressed siblings of one target: most repeat a file that was read, some hold the rest of one, some nobody has seen before. */
export interface Compressed {
  read(path: string, id: FileIdentity): void;
  /** True when the file is being read; it goes by this name now. */
  renamed(id: FileIdentity, path: string): boolean;
  release(file: TailFile): void;
  busy(): boolean;
  /** Begins nothing new; resolves when what is being looked into is left alone. */
  stop(): Promise<void>;
}

export function createCompressed(deps: CompressedDeps): Compressed {
  const { index, checkpoint } = deps;
  const looking = new Map<string, Promise<void>>();
  let stopped = false;
  const reading = new Map<string, TailFile>();
  /** Identities of those that were read to their end under their own. */
  const finished = new Set<string>();

  /** A file that is open and lost its name to its compressed twin; it may be read less far than to know what it begins with now. */
  async function openTwin(head: number): Promise<TailFile | null> {
    for (const file of deps.files) {
      if (!file.source || file.source.fixed || isOnDisk(file.state)) continue;
      if ((await headOf(file.source)) === head) return file;
    }
    return null;
  }

  /** The state under which its lines are to be read, or null when they are read elsewhere. */
  async function stateFor(path: string, id: FileIdentity, fd: number): Promise<FileState | null> {
    // One that was begun under its own identity goes on under it.
    const size = gzipSize(fd);
    const own = index.known(id);
    if (own) {
      if (own.offset % 2 ** 32 !== size || own.intents.length > 0) return own;
      finished.add(identityKey(id));
      return null;
    }
    // A second descriptor: reading begins at the front again.
    const probe = createGzipSource(openLog(path, deps.target().root).fd);
    const head = await headOf(probe).finally(() => probe.close());
    if (head !== null) {
      const open = await openTwin(head);
      if (open) {
        index.addTwin(open.state, id);
        return null;
      }
      const match = matchCompressed(index.ofTarget(deps.target().key), head, size, isOnDisk);
      if (match?.how === 'copy') return null;
      if (match) {
        index.addTwin(match.state, id);
        if (index.reading(match.state) !== null) return null;
        if (match.how === 'current') return match.state;
        match.state.phase = 'done';
        checkpoint.put(match.state);
        return null;
      }
    }
    return deps.newState(id, path);
  }

  function startFrom(fd: number, state: FileState, path: string): TailFile {
    let opened: number | null = fd;
    const file = deps.start(state, path, () => {
      // By now the name may be another file's: the first time the descriptor that was looked into is used.
      const source = createGzipSource(opened ?? openLog(file.path, deps.target().root).fd);
      opened = null;
      return source;
    });
    file.final = true;
    return file;
  }

  async function look(path: string, id: FileIdentity, key: string): Promise<void> {
    let fd = -1;
    try {
      fd = openLog(path, deps.target().root).fd;
      const state = await stateFor(path, id, fd);
      if (!state || stopped) return;
      state.phase = 'rotated';
      checkpoint.put(state);
      const taken = fd;
      fd = -1;
      reading.set(key, startFrom(taken, state, path));
    } catch (error) {
      deps.count('compressed_errors');
      deps.log.warn({ err: error, path }, 'cannot read compressed log file yet');
    } finally {
      if (fd >= 0) closeSync(fd);
      looking.delete(key);
    }
  }

  return {
    read(path, id) {
      const key = identityKey(id);
      if (stopped || looking.has(key) || finished.has(key)) return;
      looking.set(
        key,
        Promise.resolve().then(() => look(path, id, key)),
      );
    },
    renamed(id, path) {
      const file = reading.get(identityKey(id));
      if (!file || file.closed) return false;
      file.path = path;
      return true;
    },
    release(file) {
      for (const [key, one] of reading) if (one === file) reading.delete(key);
    },
    busy: () => looking.size > 0,
    async stop() {
      stopped = true;
      await Promise.all(looking.values());
    },
  };
}
