import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState } from '../checkpoint/file-state.ts';
import { type FileIdentity, identityKey, rebootKey } from './identity.ts';
import type { TailFile } from './tail-file.ts';

/** Which file on disk is which file of ours: those being read, and all the checkpoint remembers. */
export interface FileIndex {
  /** The file being read that has this identity. */
  reading(id: FileIdentity): TailFile | null;
  /** What the checkpoint knows of it, also under another device number. */
  known(id: FileIdentity): FileState | null;
  /** The file whose lines it repeats, when it is a copy or a compressed twin. */
  twinOf(id: FileIdentity): FileState | null;
  addTwin(state: FileState, id: FileIdentity): void;
  /** All that is known of a target's files. */
  ofTarget(key: string): FileState[];
  add(file: TailFile): void;
  remove(file: TailFile): void;
  forget(state: FileState): void;
  files(): IterableIterator<TailFile>;
}

export function createFileIndex(checkpoint: Checkpoint): FileIndex {
  const reading = new Map<string, TailFile>();
  const known = new Map<string, FileState>();
  const rebooted = new Map<string, FileState>();
  const twins = new Map<string, FileState>();
  const targets = new Map<string, Set<FileState>>();

  function learn(state: FileState): void {
    known.set(identityKey(state), state);
    const mine = targets.get(state.target) ?? new Set();
    targets.set(state.target, mine.add(state));
    if (state.birth !== '0') rebooted.set(rebootKey(state), state);
    for (const twin of state.twins) twins.set(twin, state);
  }
  for (const state of checkpoint.files.values()) learn(state);

  return {
    reading: (id) => reading.get(identityKey(id)) ?? null,
    known(id) {
      const state = known.get(identityKey(id));
      if (state) return state;
      const other = id.birth === '0' ? undefined : rebooted.get(rebootKey(id));
      // Another filesystem may hold the same inode and birth at the same time.
      if (!other || reading.has(identityKey(other))) return null;
      known.delete(identityKey(other));
      other.dev = id.dev;
      learn(other);
      return other;
    },
    twinOf: (id) => twins.get(identityKey(id)) ?? null,
    addTwin(state, id) {
      const key = identityKey(id);
      if (twins.has(key)) return;
      state.twins = [...state.twins.slice(-7), key];
      twins.set(key, state);
      checkpoint.put(state);
    },
    ofTarget: (key) => [...(targets.get(key) ?? [])].filter((state) => state.target === key),
    add(file) {
      reading.set(identityKey(file.state), file);
      learn(file.state);
    },
    remove(file) {
      if (reading.get(identityKey(file.state)) === file) reading.delete(identityKey(file.state));
    },
    forget(state) {
      known.delete(identityKey(state));
      rebooted.delete(rebootKey(state));
      for (const twin of state.twins) twins.delete(twin);
      for (const [key, states] of targets) if (states.delete(state) && states.size === 0) targets.delete(key);
      checkpoint.remove(state.fid);
    },
    files: () => reading.values(),
  };
}
