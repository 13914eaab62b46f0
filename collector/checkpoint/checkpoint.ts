import { join } from 'node:path';
import { FleetlogError } from '../../model/errors.ts';
import { type Log, silentLog } from '../log.ts';
import { type Disk, systemDisk } from './disk.ts';
import type { FileState, Gap, Intent, Progress } from './file-state.ts';
import { CHECKPOINT_VERSION, fileHeader, frame, readFrames } from './frames.ts';
import { applyRecord, type CheckpointState, type JournalRecord, parseRecord } from './records.ts';

export interface CheckpointOptions {
  dir: string;
  disk?: Disk;
  log?: Log;
  /** Journal bytes after which a snapshot is taken. */
  journalBytes?: number;
  /** Least time between attempts on a disk that refuses. */
  retryMs?: number;
}

/**
 * What survives a crash: how far each file is acknowledged, and what was sent and not acknowledged. A snapshot and a journal of
 * CRC-framed records; whatever was cut or torn at the end is as if it had not been written. When the disk refuses, the state goes
 * on in memory only, `broken()` says why, and every `flush` tries again with a fresh snapshot.
 */
export interface Checkpoint {
  readonly files: ReadonlyMap<string, FileState>;
  gaps(): readonly Gap[];
  /** Puts or replaces a file's whole state. */
  put(state: FileState): void;
  remove(fid: string): void;
  /** Journals what is about to be sent, in one write. False when the disk refused. */
  intend(sending: { fid: string; intent: Intent }[]): boolean;
  /** Moves a file's acknowledged progress; journaled at the next `flush`. */
  advance(fid: string, progress: Progress): void;
  addGap(gap: Gap): void;
  /** The first `n` gaps were told. */
  dropGaps(n: number): void;
  /** Writes what changed and makes it durable; snapshots when the journal is large or `snapshot` asks for it. Never throws. */
  flush(snapshot?: boolean): Promise<boolean>;
  /** Why nothing can be written, or null. */
  broken(): string | null;
  journalBytes(): number;
  close(): Promise<void>;
}

const nameOf = (kind: 'snapshot' | 'journal', seq: number): string => `${kind}-${String(seq).padStart(10, '0')}`;
const NAME = /^(snapshot|journal)-(\d{10})$/;

/** Opens or creates the checkpoint in `dir`. Throws `format_newer`, or `unavailable` when the directory cannot be read. */
export async function openCheckpoint(options: CheckpointOptions): Promise<Checkpoint> {
  const disk = options.disk ?? systemDisk;
  const log = options.log ?? silentLog;
  const { dir } = options;
  const limit = options.journalBytes ?? 64 << 20;
  const { state, seq: last } = load(disk, dir);
  const dirty = new Set<string>();
  let seq = last;
  let fd: number | null = null;
  let bytes = 0;
  let failure: string | null = null;
  let unsynced = false;
  let triedAt = -Infinity;
  let queue: Promise<unknown> = Promise.resolve();

  function fail(error: unknown): void {
    if (failure === null)
      log.error(
        { err: error, dir },
        'cannot write checkpoint: reading goes on, nothing is marked as done until it works',
      );
    failure = (error as Error).message;
  }

  function append(records: JournalRecord[]): boolean {
    if (fd === null || failure !== null) return false;
    const block = Buffer.concat(records.map((record) => frame(JSON.stringify(record))));
    try {
      disk.append(fd, block);
      bytes += block.length;
      unsynced = true;
      return true;
    } catch (error) {
      // The frame may be torn: nothing may follow it in this journal.
      fail(error);
      return false;
    }
  }

  /** A new journal first, then the snapshot that makes older files superfluous: a crash in between reads both journals. */
  async function snapshot(): Promise<void> {
    disk.mkdir(dir);
    const next = seq + 1;
    const temporary = join(dir, 'snapshot.tmp');
    const journal = disk.create(join(dir, nameOf('journal', next)));
    try {
      disk.append(journal, fileHeader());
      const old = fd;
      const content = [fileHeader(), ...contents(state).map((record) => frame(JSON.stringify(record)))];
      // From here on records go to the new journal; the snapshot holds all before.
      fd = journal;
      seq = next;
      bytes = 0;
      failure = null;
      dirty.clear();
      if (old !== null) disk.close(old);
      const out = disk.create(temporary);
      try {
        disk.append(out, Buffer.concat(content));
        await disk.sync(out);
      } finally {
        disk.close(out);
      }
      await disk.sync(journal);
    } catch (error) {
      if (fd !== journal) {
        disk.close(journal);
        disk.remove(join(dir, nameOf('journal', next)));
      }
      throw error;
    }
    disk.rename(temporary, join(dir, nameOf('snapshot', next)));
    await disk.syncDirectory(dir);
    for (const name of disk.list(dir)) {
      const parsed = NAME.exec(name);
      if (parsed && Number(parsed[2]) < next) disk.remove(join(dir, name));
    }
  }

  async function flush(wantSnapshot: boolean): Promise<boolean> {
    try {
      if (fd !== null && !disk.linked(fd)) fail(new Error('its directory was removed'));
      if (fd === null || failure !== null || wantSnapshot || bytes > limit) {
        const now = performance.now();
        if (failure !== null && !wantSnapshot && now - triedAt < (options.retryMs ?? 1_000)) return false;
        triedAt = now;
        await snapshot();
      }
      const records: JournalRecord[] = [];
      for (const fid of dirty) {
        const file = state.files.get(fid);
        if (file) records.push(['ack', fid, progressOf(file)]);
      }
      dirty.clear();
      if (records.length > 0) append(records);
      if (failure !== null) return false;
      if (unsynced && fd !== null) {
        unsynced = false;
        await disk.sync(fd);
      }
      return true;
    } catch (error) {
      fail(error);
      return false;
    }
  }

  const checkpoint: Checkpoint = {
    files: state.files,
    gaps: () => state.gaps,
    put(file) {
      state.files.set(file.fid, file);
      append([['file', file]]);
    },
    remove(fid) {
      if (state.files.delete(fid)) append([['gone', fid]]);
    },
    intend(sending) {
      for (const { fid, intent } of sending) state.files.get(fid)?.intents.push(intent);
      return append(sending.map(({ fid, intent }): JournalRecord => ['intent', fid, intent]));
    },
    advance(fid, progress) {
      if (!state.files.has(fid)) return;
      applyRecord(state, ['ack', fid, progress]);
      dirty.add(fid);
    },
    addGap(gap) {
      state.gaps.push(gap);
      append([['gap', gap]]);
    },
    dropGaps(n) {
      if (n === 0) return;
      state.gaps.splice(0, n);
      append([['told', n]]);
    },
    flush(wantSnapshot = false) {
      const done = queue.then(() => flush(wantSnapshot));
      queue = done;
      return done;
    },
    broken: () => failure,
    journalBytes: () => bytes,
    async close() {
      await checkpoint.flush(true);
      if (fd !== null) disk.close(fd);
      fd = null;
    },
  };
  await checkpoint.flush(true);
  return checkpoint;
}

export function progressOf(file: FileState): Progress {
  const { gen, offset, tail, context, past, lines, dropped, lastLineAt } = file;
  return { gen, offset, tail, context, past, lines, dropped, lastLineAt };
}

function contents(state: CheckpointState): JournalRecord[] {
  return [
    ...[...state.files.values()].map((file): JournalRecord => ['file', file]),
    ...state.gaps.map((gap): JournalRecord => ['gap', gap]),
  ];
}

/** The newest whole snapshot, then every journal from its number on, each up to its first torn frame. */
function load(disk: Disk, dir: string): { state: CheckpointState; seq: number } {
  let names: string[];
  try {
    disk.mkdir(dir);
    names = disk.list(dir);
  } catch (cause) {
    throw new FleetlogError('unavailable', `cannot open checkpoint directory ${dir}`, {
      cause,
      hint: 'the collector keeps its positions there: it must exist and be writable',
    });
  }
  const found = names.flatMap((name) => {
    const parsed = NAME.exec(name);
    return parsed ? [{ name, kind: parsed[1], seq: Number(parsed[2]) }] : [];
  });
  const seq = Math.max(0, ...found.map((file) => file.seq));
  const snapshots = found.filter((file) => file.kind === 'snapshot').sort((a, b) => b.seq - a.seq);
  let state: CheckpointState = { files: new Map(), gaps: [] };
  let from = 0;
  for (const { name, seq: at } of snapshots) {
    const content = readOurs(disk, join(dir, name));
    if (!content?.whole) continue;
    state = { files: new Map(), gaps: [] };
    for (const payload of content.payloads) applyPayload(state, payload);
    from = at;
    break;
  }
  const journals = found.filter((file) => file.kind === 'journal' && file.seq >= from).sort((a, b) => a.seq - b.seq);
  for (const { name } of journals) {
    for (const payload of readOurs(disk, join(dir, name))?.payloads ?? []) applyPayload(state, payload);
  }
  return { state, seq };
}

function applyPayload(state: CheckpointState, payload: string): void {
  const record = parseRecord(payload);
  if (record) applyRecord(state, record);
}

function readOurs(disk: Disk, path: string): ReturnType<typeof readFrames> | null {
  const bytes = disk.read(path);
  if (!bytes) return null;
  const content = readFrames(bytes);
  if (content.version !== null && content.version > CHECKPOINT_VERSION) {
    throw new FleetlogError('format_newer', `cannot read checkpoint ${path}: it has version ${content.version}`, {
      hint: `this build reads up to version ${CHECKPOINT_VERSION}; run the newer build, or remove the file to read all logs again`,
    });
  }
  return content;
}
