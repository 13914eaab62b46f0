import { closeSync } from 'node:fs';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState } from '../checkpoint/file-state.ts';
import type { FileTarget } from '../discovery.ts';
import type { Log } from '../log.ts';
import { type ByteSource, createGzipSource, gzipSize } from './byte-source.ts';
import type { FileIndex } from './file-index.ts';
import { headOf, headOfGzip, matchCompressed } from './fingerprint.ts';
import { type FileIdentity, identityKey, identityOf } from './identity.ts';
import { isOnDisk, openLog, statLog } from './open-file.ts';
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
  wake(file: TailFile): void;
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

  /** A file that is being read up to a place inside, and whose descriptor was given back before it lost its name. */
  function closedTwin(head: number, size: number): TailFile | null {
    const resumed = new Set(reading.values());
    for (const file of deps.files) {
      if (file.source || file.closed || resumed.has(file) || isOnDisk(file.state)) continue;
      if (file.generation?.head === head && (file.readPos <= size || file.readPos >= 2 ** 32)) return file;
    }
    return null;
  }

  /** A file in the spool of which nothing was read yet: only its bytes tell what it begins with. */
  async function spooledTwin(head: number, size: number): Promise<FileState | null> {
    for (const state of index.ofTarget(deps.target().key)) {
      const source = state.spool?.base === 0 && state.gens.length === 0 ? index.reading(state)?.source : null;
      if (source && source.stat().size % 2 ** 32 === size && (await headOf(source)) === head) return state;
    }
    return null;
  }

  /** Opens what goes by that name; null when it is another file by now, which the next look finds under its own. */
  function open(path: string, key: string): number | null {
    const { fd, stat } = openLog(path, deps.target().root);
    if (identityKey(identityOf(stat)) === key) return fd;
    closeSync(fd);
    return null;
  }

  /**
   * The plain file goes only once the compressed one is whole; until then its size and its beginning say nothing, and its lines are in
   * the plain one. The listing may be older than both. Asked of an open file before it is looked into, so that no end of the writing
   * falls in between.
   */
  function isUnfinished(path: string, fd: number): boolean {
    return statLog(path.replace(/\.gz$/, '')) !== null || gzipSize(fd) < 0;
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
    const head = headOfGzip(fd);
    if (head !== null) {
      const opened = await openTwin(head);
      if (opened) {
        index.addTwin(opened.state, id);
        return null;
      }
      const spooled = await spooledTwin(head, size);
      if (spooled) {
        index.addTwin(spooled, id);
        return null;
      }
      const closed = closedTwin(head, size);
      if (closed) {
        index.addTwin(closed.state, id);
        return closed.state;
      }
      // Its plain form was open before a restart, and nothing of it had been read.
      const twin = index.twinOf(id);
      if (twin && twin.gens.length === 0 && twin.phase !== 'done' && index.reading(twin) === null) return twin;
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

  /** Reads `state` from it; a file that is being read already goes on in it. */
  function startFrom(fd: number, state: FileState, path: string, key: string): TailFile {
    let opened: number | null = fd;
    const opener = (): ByteSource => {
      // The first time the descriptor that was looked into is used.
      const again = opened ?? open(file.path, key);
      opened = null;
      if (again === null) throw Object.assign(new Error(`${file.path} is another file by now`), { code: 'ESTALE' });
      return createGzipSource(again);
    };
    const reader = index.reading(state);
    const file = reader ?? deps.start(state, path, opener);
    file.final = true;
    if (reader) {
      reader.path = state.path = path;
      reader.open = opener;
      reader.source = opener();
      deps.wake(reader);
    }
    return file;
  }

  async function look(path: string, id: FileIdentity, key: string): Promise<void> {
    let fd = -1;
    try {
      fd = open(path, key) ?? -1;
      if (fd < 0 || isUnfinished(path, fd)) return;
      const state = await stateFor(path, id, fd);
      if (!state || stopped || index.reading(state)?.source) return;
      state.phase = 'rotated';
      checkpoint.put(state);
      const taken = fd;
      fd = -1;
      reading.set(key, startFrom(taken, state, path, key));
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
