import { closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import type { GapCause } from '../../model/gap-cause.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { KnownGap } from '../checkpoint/file-state.ts';
import type { Log } from '../log.ts';
import { newAssembly } from '../pipeline/assembly.ts';
import type { Outcome } from '../pipeline/turn.ts';
import { type ByteSource, createFileSource, createGzipSource, gzipSize } from './byte-source.ts';
import type { Descriptors } from './descriptors.ts';
import type { FileIndex } from './file-index.ts';
import { headOf, tailMatches } from './fingerprint.ts';
import type { Follower } from './follower.ts';
import { type FileIdentity, identityOf } from './identity.ts';
import { openLog, Refused } from './open-file.ts';
import type { Schedule } from './schedule.ts';
import { siblingsOf } from './siblings.ts';
import type { Spool } from './spool.ts';
import { birthUs, TAIL_BYTES, type TailFile } from './tail-file.ts';

export interface KeeperDeps {
  clock: Clock;
  log: Log;
  checkpoint: Checkpoint;
  index: FileIndex;
  schedule: () => Schedule;
  descriptors: Descriptors;
  spool: Spool;
  count: (name: string, by?: number) => void;
  followerOf(file: TailFile): Follower | null;
  list(dir: string): readonly string[];
  declare(gap: KnownGap): void;
  /** The file is read and acknowledged to its end, or given up. */
  finished(file: TailFile): void;
}

/** What happens to a file after its turn: it waits, is cut and begun anew, is let go, or cannot be read. */
export interface Keeper {
  after(file: TailFile, outcome: Outcome): Promise<void>;
  failed(file: TailFile, error: unknown): void;
  /** Something of it was acknowledged. */
  acknowledged(file: TailFile): void;
  /** Spools what lost its last name and is not acknowledged. */
  rescue(file: TailFile): Promise<void>;
}

/** How long a file that lost its name is watched for late writes: runtimes close theirs first, programs write on until they reopen. */
const LINGER_MS = { docker: 2_000, cri: 10_000, logrotate: 600_000 } as const;
const LINGER_UNLINKED_MS = { docker: 1_000, cri: 2_000, logrotate: 60_000 } as const;
const LINGER_GONE_MS = 500;
const RETRY_MS = { first: 250, max: 30_000 };
/** A damaged compressed file is tried this often while it may still be being written. */
const COMPRESSED_TRIES = 20;

export function createKeeper(deps: KeeperDeps): Keeper {
  const { clock, log, checkpoint, count } = deps;
  const tries = new WeakMap<TailFile, number>();

  function lingerMs(file: TailFile): number | null {
    const follower = deps.followerOf(file);
    if (!follower || file.source?.fixed) return 0;
    if (follower.isGone()) return LINGER_GONE_MS;
    const { rotation } = follower.target;
    if (file.unlinked) return LINGER_UNLINKED_MS[rotation];
    return file.phase === 'live' ? null : LINGER_MS[rotation];
  }

  function drained(file: TailFile): void {
    const now = clock.monotonicMs();
    file.drainedAt = now;
    file.drainedUs = clock.nowUs();
    if (file.unlinked && file.retiredAt === 0) {
      file.retiredAt = now;
      deps.followerOf(file)?.scan();
    }
    if (file.final) {
      complete(file);
      return;
    }
    const linger = lingerMs(file);
    if (linger === null) return;
    const until = Math.max(file.retiredAt, file.lastReadAt) + linger;
    if (until <= now) {
      file.final = true;
      deps.schedule().wake(file);
    } else file.dueAt = Math.min(file.dueAt, until);
  }

  /** Lets a file go once everything of it was acknowledged. */
  function complete(file: TailFile): void {
    if (!file.final || !file.atEnd || file.closed || file.copying || file.flights.length > 0 || file.queued) return;
    if (file.readPos > file.assembly.start || file.readPos > file.state.offset) return;
    if (!file.source || (!file.source.fixed && file.source.stat().size > file.readPos)) return;
    giveUp(file);
  }

  function giveUp(file: TailFile): void {
    file.closed = true;
    deps.descriptors.forget(file);
    deps.index.remove(file);
    file.source?.close();
    file.source = null;
    deps.spool.remove(file.state);
    file.phase = file.state.phase = 'done';
    checkpoint.put(file.state);
    deps.followerOf(file)?.release(file);
    deps.finished(file);
  }

  function newGeneration(file: TailFile): void {
    const { state } = file;
    if (file.generation) file.generation.end = file.readPos;
    checkpoint.put(state);
    file.pastRead += file.readPos;
    file.generation = null;
    file.headChecked = false;
    file.readPos = 0;
    file.tailLength = 0;
    file.long = null;
    file.resend = [];
    file.assembly = newAssembly(0, { time: birthUs(state), pem: 0 });
    deps.schedule().wake(file);
  }

  /** The copy copytruncate made of what was just cut: it begins alike, and has the same bytes where we stopped. */
  async function findCopy(file: TailFile): Promise<ByteSource | null> {
    const follower = deps.followerOf(file);
    if (follower?.target.rotation !== 'logrotate' || !file.generation) return null;
    const dir = dirname(follower.target.path);
    const base = follower.target.path.slice(dir.length + 1);
    // All are opened before any is looked into: the next rotation may rename them meanwhile.
    const candidates: { fd: number; id: FileIdentity; gz: boolean }[] = [];
    for (const { name, gz } of siblingsOf(deps.list(dir), base, 'logrotate').reverse()) {
      try {
        const { fd, stat } = openLog(join(dir, name), follower.target.root);
        candidates.push({ fd, id: identityOf(stat), gz });
      } catch (error) {
        log.debug({ err: error, name }, 'cannot look at a possible copy');
      }
    }
    let found: ByteSource | null = null;
    for (const { fd, id, gz } of candidates) {
      const twin = deps.index.twinOf(id);
      const other = deps.index.reading(id) || deps.index.known(id) || (twin !== null && twin !== file.state);
      if (found || other) {
        closeSync(fd);
        continue;
      }
      found = await asCopy(file, fd, gz);
      if (found) deps.index.addTwin(file.state, id);
    }
    return found;
  }

  /** Takes the descriptor over; null when it is no copy. */
  async function asCopy(file: TailFile, fd: number, gz: boolean): Promise<ByteSource | null> {
    const { readPos } = file;
    const source = gz ? createGzipSource(fd) : createFileSource(fd, 0, true);
    try {
      // Whether a compressed one has the same bytes before `readPos` is seen when it is read on from there.
      const tail = file.tail.subarray(TAIL_BYTES - file.tailLength);
      const long = gz ? gzipSize(fd) >= readPos : readPos === 0 || tailMatches(fd, readPos, tail);
      if (long && (await headOf(source)) === file.generation?.head) return source;
    } catch (error) {
      log.debug({ err: error }, 'cannot look at a possible copy');
    }
    source.close();
    return null;
  }

  async function truncated(file: TailFile): Promise<void> {
    if (file.source?.fixed) {
      // A compressed file that does not hold what was read: it is another file after all.
      count('compressed_errors');
      lost(file, 'damaged');
      return;
    }
    count('truncations');
    if (file.copying) {
      endCopy(file);
      return;
    }
    // Reading is exact up to the last look; what was written between it and the truncation may be gone.
    deps.declare({
      fid: file.state.fid,
      from: Math.max(file.lastLineAt, file.drainedUs),
      to: clock.nowUs(),
      bytes: null,
      cause: 'truncated',
    });
    const copy = await findCopy(file);
    if (copy === null) {
      newGeneration(file);
      return;
    }
    count('copies_read');
    file.copying = file.source;
    file.source = copy;
    file.final = true;
    deps.schedule().wake(file);
  }

  /** The copy is read to its end: on with the live file. */
  function endCopy(file: TailFile): void {
    file.source?.close();
    file.source = file.copying;
    file.copying = null;
    file.final = deps.followerOf(file)?.isGone() ?? false;
    newGeneration(file);
  }

  function retry(file: TailFile, state: 'denied' | 'failed', error: unknown): void {
    const pauseMs = Math.min(RETRY_MS.max, (file.trouble?.pauseMs ?? RETRY_MS.first / 2) * 2);
    const now = clock.monotonicMs();
    if (!file.trouble) log.warn({ err: error, path: file.path }, 'cannot read log file: trying again');
    file.trouble = { state, reason: (error as Error).message, retryAt: now + pauseMs, pauseMs };
    file.dueAt = now + pauseMs;
  }

  function lost(file: TailFile, cause: GapCause): void {
    deps.declare({
      fid: file.state.fid,
      from: Math.max(file.lastLineAt, file.drainedUs, file.state.context.time),
      to: clock.nowUs(),
      bytes: file.size > file.readPos ? file.size - file.readPos : null,
      cause,
    });
    giveUp(file);
  }

  return {
    async after(file, outcome) {
      file.trouble = null;
      if (file.closed) return;
      deps.descriptors.touch(file);
      if (outcome === 'truncated') await truncated(file);
      else if (outcome === 'drained') {
        if (file.copying) endCopy(file);
        else drained(file);
      }
    },
    failed(file, error) {
      count('read_errors');
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (error instanceof Refused) {
        log.warn({ err: error, path: file.path }, 'a log file is refused');
        count('refused_files');
        giveUp(file);
        return;
      }
      if (code === 'EMFILE' || code === 'ENFILE') {
        deps.descriptors.shrink();
        retry(file, 'failed', error);
        return;
      }
      if (code === 'ENOENT' || code === 'ESTALE') {
        const before = file.path;
        deps.followerOf(file)?.scan();
        if (file.path !== before) deps.schedule().wake(file);
        else if ((tries.get(file) ?? 0) > 2) {
          // What it became is read as another.
          if (file.state.phase === 'done') giveUp(file);
          else lost(file, 'deleted');
        } else {
          tries.set(file, (tries.get(file) ?? 0) + 1);
          retry(file, 'failed', error);
        }
        return;
      }
      if (file.source?.fixed) {
        const tried = (tries.get(file) ?? 0) + 1;
        tries.set(file, tried);
        file.source.close();
        file.source = null;
        if (tried > COMPRESSED_TRIES) {
          lost(file, 'damaged');
          return;
        }
      }
      retry(file, code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed', error);
    },
    acknowledged: complete,
    async rescue(file) {
      if (!file.unlinked || file.closed || file.state.spool || file.source?.fixed) return;
      if (file.retiredAt === 0 || clock.monotonicMs() - file.retiredAt < 250) return;
      if (!file.source || file.state.offset >= file.source.stat().size) return;
      if (await deps.spool.save(file)) count('spooled_files');
      else count('spool_refused');
    },
  };
}
