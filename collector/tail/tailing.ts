import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState, KnownGap } from '../checkpoint/file-state.ts';
import type { FileTarget, StreamTarget, Target } from '../discovery.ts';
import type { Log } from '../log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Told } from '../status.ts';
import type { DirectoryWatcher } from '../watch.ts';
import type { ByteSource } from './byte-source.ts';
import { createDescriptors } from './descriptors.ts';
import { createDispatch } from './dispatch.ts';
import { createFileIndex } from './file-index.ts';
import { createFollower, type Follower } from './follower.ts';
import { createKeeper } from './keeper.ts';
import { createListings } from './listings.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { createRows, finishedStatus, statusOf } from './source-status.ts';
import { createSpool } from './spool.ts';
import { type StreamFollower, startStreamFollower } from './stream-follower.ts';
import { newTailFile, type TailFile } from './tail-file.ts';

export interface TailingOptions {
  host: string;
  config: CollectorConfig;
  stateDir: string;
  checkpoint: Checkpoint;
  pipeline: Pipeline;
  watcher: DirectoryWatcher;
  clock: Clock;
  log: Log;
  count: (name: string, by?: number) => void;
  oldestUs(): number;
}

/** All targets: starts and stops reading them, sweeps them, and says where each stands. */
export interface Tailing {
  found(target: Target): void;
  gone(key: string): void;
  /** After the first discovery: files of targets that are no more were removed while nobody looked. */
  declareRemoved(): void;
  acknowledged(file: TailFile): void;
  room(): void;
  told(): Iterable<Told>;
  openFiles(): number;
  waiting(): number;
  spoolBytes(): number;
  /** Takes no more turns. */
  stop(): Promise<void>;
  /** Spools what has no name any more and was not acknowledged. */
  rescueAll(): Promise<void>;
  /** Marks as done what is read to its end and can never be found again. */
  settle(): void;
  release(): void;
}

const STOP_MS = 1_000;
/** Finished files kept for the ledger. */
const FINISHED = 10_000;
/** A target quiet for this long is swept every `QUIET_ROUNDS` sweeps only; its directory watch still tells of writes at once. */
const QUIET_MS = 10_000;
const QUIET_ROUNDS = 5;

export function createTailing(options: TailingOptions): Tailing {
  const { config, checkpoint, pipeline, clock, log, count } = options;
  const followers = new Map<string, Follower>();
  const streams = new Map<string, StreamFollower>();
  const owners = new WeakMap<TailFile, Follower>();
  // What ended before this start is told again: the status that closed its row may never have arrived.
  const finished = [...checkpoint.files.values()]
    .filter((state) => state.phase === 'done')
    .map(finishedStatus)
    .slice(-FINISHED);
  const index = createFileIndex(checkpoint);
  const spool = createSpool(join(options.stateDir, 'spool'), config.spoolBytes, checkpoint, log);
  const descriptors = createDescriptors({ limit: config.openFiles, count });
  const dispatch = createDispatch(options.watcher);
  const listings = createListings();
  const spooled = new Set<TailFile>();
  const rowOf = createRows();
  let round = 0;
  let rescuing = false;

  const followerOf = (file: TailFile): Follower | null => {
    const known = owners.get(file);
    if (known?.files.has(file)) return known;
    const follower = followers.get(file.state.target) ?? null;
    if (follower) owners.set(file, follower);
    return follower;
  };

  function finish(file: TailFile): void {
    finished.push({ ...statusOf(file), state: 'gone' });
    if (finished.length > FINISHED) finished.splice(0, FINISHED / 10);
    spooled.delete(file);
    const follower = followers.get(file.state.target);
    if (follower?.isGone() && follower.files.size === 0) {
      dispatch.remove(follower);
      followers.delete(follower.target.key);
    }
  }

  const declare = (span: KnownGap): void => {
    // Lines of a clock that is ahead are younger than now.
    const gap = { ...span, to: Math.max(span.from, span.to) };
    count('gaps');
    log.warn(gap, 'lines were lost');
    checkpoint.addGap(gap);
  };

  const keeper = createKeeper({
    clock,
    log,
    checkpoint,
    index,
    schedule: () => schedule,
    descriptors,
    spool,
    count,
    followerOf,
    list: listings.fresh,
    declare,
    finished: finish,
  });
  const schedule: Schedule = createSchedule({
    turn: pipeline.turn,
    clock,
    flushMs: config.flushMs,
    hasRoom: pipeline.sender.hasRoom,
    after: keeper.after,
    failed: keeper.failed,
  });

  function foundFile(target: FileTarget): void {
    const known = followers.get(target.key);
    if (known && known.target.path === target.path) {
      known.update(target);
      return;
    }
    if (known) dispatch.remove(known);
    const follower = createFollower(target, {
      host: options.host,
      clock,
      log,
      checkpoint,
      index,
      schedule,
      descriptors,
      count,
      oldestUs: options.oldestUs,
      readingOf: pipeline.files.readings.ofFile,
      declare,
      list: listings.recent,
    });
    followers.set(target.key, follower);
    // The watch first: what is written after the look is told.
    dispatch.add(follower);
    follower.scan();
  }

  function foundStream(target: StreamTarget): void {
    const station = pipeline.streams();
    const reading = station.readings.ofStream(target.source);
    const known = streams.get(target.key);
    if (known) {
      known.update(target, reading);
      return;
    }
    const follower = startStreamFollower(target, {
      ...station,
      host: options.host,
      clock,
      log,
      checkpoint,
      flushMs: config.flushMs,
      multilineMs: config.multilineMs,
      count,
      hasRoom: pipeline.sender.hasRoom,
      reading,
      finished: (file) => {
        streams.delete(target.key);
        finish(file);
      },
    });
    streams.set(target.key, follower);
  }

  function reopen(state: FileState): ByteSource {
    const source = spool.open(state);
    if (!source) throw Object.assign(new Error('its spool file is gone'), { code: 'ENOENT' });
    return source;
  }

  /** What a restart finds in the spool has no name and no target's files: it is read to its end by itself. */
  function readSpool(): void {
    for (const state of [...checkpoint.files.values()]) {
      if (!state.spool || state.phase === 'done') continue;
      const source = spool.open(state);
      if (!source) {
        state.spool = null;
        continue;
      }
      const reader =
        state.source.reader === 'json-file' || state.source.reader === 'cri' ? state.source.reader : 'file';
      const target: FileTarget = {
        key: state.target,
        source: state.source,
        kind: 'file',
        reader,
        path: state.path,
        rotation: 'docker',
        root: null,
      };
      const file = newTailFile(state, pipeline.files.readings.ofFile(target), () => reopen(state));
      file.source = source;
      file.final = true;
      index.add(file);
      spooled.add(file);
      schedule.wake(file);
    }
  }
  readSpool();

  /** While nothing is accepted no file gets a turn that would tell it has lost its name. */
  function hasNoName(file: TailFile): boolean {
    if (file.unlinked || !file.source || file.source.fixed) return file.unlinked;
    if (file.flights.length === 0 && !file.queued) return false;
    file.unlinked = file.source.stat().nlink === 0;
    if (file.unlinked) file.retiredAt ||= clock.monotonicMs();
    return file.unlinked;
  }

  async function rescue(all: boolean): Promise<void> {
    for (const file of [...index.files()]) {
      if (!hasNoName(file) && !(all && file.source && !file.source.fixed && file.source.stat().nlink === 0)) continue;
      file.unlinked = true;
      if (all) file.retiredAt = Number.EPSILON;
      await keeper.rescue(file);
    }
  }

  function sweep(): void {
    round = (round + 1) % QUIET_ROUNDS;
    const now = clock.monotonicMs();
    let i = 0;
    for (const follower of followers.values()) {
      const live = follower.live();
      const quiet = live !== null && now - live.lastReadAt > QUIET_MS && !live.trouble;
      if (quiet && i++ % QUIET_ROUNDS !== round) continue;
      follower.look();
      for (const file of follower.files)
        if (
          file !== live &&
          !file.queued &&
          file.source &&
          !file.source.fixed &&
          file.source.stat().size > file.readPos
        )
          schedule.notice(file);
    }
    prune();
    if (rescuing) return;
    rescuing = true;
    void rescue(false).finally(() => {
      rescuing = false;
    });
  }
  const sweeper = setInterval(sweep, config.sweepMs);

  /** Files done for longer than any line is kept are forgotten. */
  let prunedAt = clock.monotonicMs();
  function prune(): void {
    if (clock.monotonicMs() - prunedAt < 600_000) return;
    prunedAt = clock.monotonicMs();
    const oldest = options.oldestUs();
    for (const state of [...checkpoint.files.values()])
      if (state.phase === 'done' && Math.max(state.seenAt, state.lastLineAt) < oldest) index.forget(state);
  }

  function* told(): Iterable<Told> {
    const live = new Set<string>();
    for (const file of index.files()) {
      live.add(file.state.fid);
      yield rowOf(file);
    }
    for (const { file } of streams.values()) yield rowOf(file);
    for (const status of finished) if (!live.has(status.fid)) yield { status, behind: null };
  }

  return {
    found(target) {
      if (target.kind === 'file') foundFile(target);
      else foundStream(target);
    },
    gone(key) {
      followers.get(key)?.gone();
      streams.get(key)?.gone();
      const follower = followers.get(key);
      if (!follower || follower.files.size > 0) return;
      dispatch.remove(follower);
      followers.delete(key);
    },
    declareRemoved() {
      for (const state of checkpoint.files.values()) {
        if (state.phase === 'done' || state.spool || state.dev === 'api' || followers.has(state.target)) continue;
        if (index.reading(state)) continue;
        declare({
          fid: state.fid,
          from: state.lastLineAt || state.seenAt,
          to: clock.nowUs(),
          bytes: null,
          cause: 'removed',
        });
        state.phase = 'done';
        checkpoint.put(state);
      }
    },
    acknowledged(file) {
      keeper.acknowledged(file);
      schedule.room();
      for (const stream of streams.values()) stream.room();
    },
    room() {
      schedule.room();
      for (const stream of streams.values()) stream.room();
    },
    told,
    openFiles: descriptors.open,
    waiting: schedule.waiting,
    spoolBytes: spool.bytes,
    async stop() {
      clearInterval(sweeper);
      dispatch.close();
      const stopping = [
        schedule.close(),
        ...[...followers.values()].map((follower) => follower.stop()),
        ...[...streams.values()].map((stream) => stream.close()),
      ];
      // A read that hangs (a network filesystem) must not hold up the stop: what it would give is read again.
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise((resolve) => {
        timer = setTimeout(resolve, STOP_MS);
      });
      await Promise.race([Promise.all(stopping), limit]);
      clearTimeout(timer);
    },
    rescueAll: () => rescue(true),
    settle() {
      for (const file of index.files()) {
        // It has no name any more and nothing is left of it: a restart has nothing to miss.
        if (!file.source || file.source.fixed || file.source.stat().nlink > 0) continue;
        if (file.state.intents.length > 0 || file.source.stat().size !== file.state.offset) continue;
        file.state.phase = 'done';
        checkpoint.put(file.state);
      }
    },
    release() {
      for (const file of index.files()) {
        file.closed = true;
        file.source?.close();
        file.copying?.close();
        file.source = file.copying = null;
      }
    },
  };
}
