import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState } from '../checkpoint/file-state.ts';
import type { Log } from '../log.ts';
import { type ByteSource, createFileSource } from './byte-source.ts';
import type { TailFile } from './tail-file.ts';

const write = promisify(fs.write);
const sync = promisify(fs.fdatasync);

/**
 * Bytes of files that lost their last name before they were acknowledged: while this process holds them open nothing is lost, but
 * a restart would lose them. Only those are kept on disk; for all others the log file itself is the buffer.
 */
export interface Spool {
  /** Copies what is not acknowledged yet. False when there is no room or the disk refuses. */
  save(file: TailFile): Promise<boolean>;
  /** Files of the spool that a restart must read: the state and how to open it. */
  open(state: FileState): ByteSource | null;
  remove(state: FileState): void;
  bytes(): number;
}

const PIECE = 1 << 20;

export function createSpool(dir: string, limit: number, checkpoint: Checkpoint, log: Log): Spool {
  const sizes = new Map<string, number>();
  let total = 0;

  function account(name: string, bytes: number): void {
    total += bytes - (sizes.get(name) ?? 0);
    if (bytes === 0) sizes.delete(name);
    else sizes.set(name, bytes);
  }

  /** Files no state speaks of are of an older life. */
  try {
    const used = new Set([...checkpoint.files.values()].flatMap((state) => state.spool?.name ?? []));
    for (const name of fs.readdirSync(dir)) {
      if (used.has(name)) account(name, fs.statSync(join(dir, name)).size);
      else fs.rmSync(join(dir, name), { force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, dir }, 'cannot look through the spool');
  }

  async function copy(source: ByteSource, from: number, to: number, path: string): Promise<void> {
    const buffer = Buffer.alloc(Math.min(PIECE, to - from));
    const fd = fs.openSync(path, 'w', 0o600);
    try {
      for (let at = from; at < to; ) {
        const n = await source.read(buffer, 0, Math.min(buffer.length, to - at), at);
        if (n === 0) break;
        for (let done = 0; done < n; ) done += (await write(fd, buffer, done, n - done)).bytesWritten;
        at += n;
      }
      await sync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Whether the bytes before the acknowledged offset still stand there: it may have been cut, unseen, before it lost its name. */
  async function isSame(source: ByteSource, state: FileState): Promise<boolean> {
    const tail = Buffer.from(state.tail, 'base64');
    if (tail.length === 0 || state.offset < tail.length) return true;
    const there = Buffer.alloc(tail.length);
    const n = await source.read(there, 0, tail.length, state.offset - tail.length);
    return n === tail.length && there.equals(tail);
  }

  /** What is in it now belongs to a generation nobody has read of. */
  function beginAnew(state: FileState): void {
    const current = state.gens.at(-1);
    if (current && current.end < 0) current.end = state.offset;
  }

  /** Throws when the file cannot be read or copied; it may also be acknowledged to its end meanwhile, and closed. */
  async function saveRest(file: TailFile, source: ByteSource): Promise<boolean> {
    const { state } = file;
    const same = await isSame(source, state);
    if (file.closed || state.spool) return false;
    if (!same) beginAnew(state);
    const current = state.gens.at(-1);
    const base = current && current.end >= 0 ? 0 : state.offset;
    const { size } = source.stat();
    if (size <= base || total + size - base > limit) return false;
    const name = `${state.fid}-${state.gen.toString(16)}-${base}`;
    const path = join(dir, name);
    let kept = false;
    account(name, size - base);
    try {
      fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
      await copy(source, base, size, path);
      kept = !file.closed;
    } finally {
      if (!kept) {
        account(name, 0);
        fs.rmSync(path, { force: true });
      }
    }
    if (!kept) return false;
    state.spool = { name, base };
    checkpoint.put(state);
    return true;
  }

  return {
    async save(file) {
      const { state, source } = file;
      if (!source || source.fixed || state.spool) return false;
      try {
        return await saveRest(file, source);
      } catch (error) {
        const why = 'cannot spool a deleted file: a restart now would lose what is left of it';
        if (!file.closed) log.error({ err: error, path: file.path }, why);
        return false;
      }
    },
    open(state) {
      if (!state.spool) return null;
      try {
        return createFileSource(fs.openSync(join(dir, state.spool.name), 'r'), state.spool.base, true);
      } catch {
        return null;
      }
    },
    remove(state) {
      if (!state.spool) return;
      fs.rmSync(join(dir, state.spool.name), { force: true });
      account(state.spool.name, 0);
      state.spool = null;
    },
    bytes: () => total,
  };
}
