import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState, KnownGap } from '../checkpoint/file-state.ts';
import type { FileTarget } from '../discovery.ts';
import type { Log } from '../log.ts';
import { type ByteSource, createFileSource } from './byte-source.ts';
import { createCompressed } from './compressed.ts';
import { isCopy } from './copies.ts';
import type { Descriptors } from './descriptors.ts';
import type { FileIndex } from './file-index.ts';
import { type FileIdentity, identityKey, identityOf, ownerHash } from './identity.ts';
import { newFileState } from './new-state.ts';
import { type Glance, glanceAt, isOnDisk, leadsOut, openLog, sameGlance, statLog } from './open-file.ts';
import type { Schedule } from './schedule.ts';
import { siblingsOf } from './siblings.ts';
import { birthUs, newTailFile, type Reading, type TailFile } from './tail-file.ts';

export interface FollowerDeps {
  host: string;
  clock: Clock;
  log: Log;
  checkpoint: Checkpoint;
  index: FileIndex;
  schedule: Schedule;
  descriptors: Descriptors;
  count: (name: string, by?: number) => void;
  /** µs before which a file that was not written since is not read. */
  oldestUs(): number;
  /** How a target is to be read; called anew when its source changes. */
  readingOf(target: FileTarget): Reading;
  declare(gap: KnownGap): void;
  /** Names in a directory; asked once per turn of the event loop however many followers it has. */
  list(dir: string): readonly string[];
}

/** One target: its live file and the rotated ones that are still being read. */
export interface Follower {
  readonly target: FileTarget;
  readonly files: ReadonlySet<TailFile>;
  /** The file under the target's name, or null while there is none. */
  live(): TailFile | null;
  /** Something about `name` in the directory changed; null: look at everything. `renamed`: it came or went. */
  touched(name: string | null, renamed: boolean): void;
  /** Looks at all names: opens what is new, oldest first, and sees what was renamed or removed. */
  scan(): void;
  /** Cheap look at the live file: grown, replaced, gone? */
  look(): void;
  update(target: FileTarget): void;
  /** No more is to come: read to the end and let go. */
  gone(): void;
  isGone(): boolean;
  /** A file is done with. */
  release(file: TailFile): void;
  /** Looks at nothing any more. */
  stop(): Promise<void>;
}

/** How long after the start files of before may still turn up. */
const MISSING_MS = 1_000;
const MISSING_LATEST_MS = 30_000;

export function createFollower(first: FileTarget, deps: FollowerDeps): Follower {
  const { index, checkpoint, schedule, clock, log } = deps;
  let target = first;
  let reading = deps.readingOf(target);
  const dir = dirname(target.path);
  const base = basename(target.path);
  const owner = ownerHash(deps.host, target.source.container, dir);
  const files = new Set<TailFile>();
  let live: TailFile | null = null;
  let liveState: FileState | null = null;
  let isGone = false;
  let missingTold = false;
  const startedAt = clock.monotonicMs();
  /** Identities of all that stood under this target's names at the last look. */
  const seen = new Set<string>();
  let stopped = false;
  /** What the live file looked like when it was last seen to be the one that is read, drained. */
  let lastGlance: Glance | null = null;
  let scanDue = false;
  /** Identities of what stands under a name and is not to be read; said once. */
  const refused = new Map<string, string>();

  function newState(id: FileIdentity, path: string): FileState {
    return newFileState(id, { owner, target, path, nowUs: clock.nowUs() });
  }

  /** Opens by name and makes sure that it is still the same file. */
  function opener(file: { path: string; state: FileState }): () => ByteSource {
    return () => {
      const { fd, stat } = openLog(file.path, target.root);
      const source = createFileSource(fd);
      if (identityKey(identityOf(stat)) === identityKey(file.state)) return source;
      source.close();
      scanSoon();
      throw Object.assign(new Error(`${file.path} is another file by now`), { code: 'ESTALE' });
    };
  }

  function start(state: FileState, path: string, open?: () => ByteSource, ready?: Promise<unknown>): TailFile {
    const file = newTailFile(state, reading, () => file.source!);
    file.path = path;
    state.path = path;
    state.target = target.key;
    file.open = open ?? opener(file);
    files.add(file);
    index.add(file);
    try {
      // Held open from now on: it may lose its name before its turn comes.
      file.source = file.open();
      deps.descriptors.touch(file);
    } catch (error) {
      deps.log.debug({ err: error, path }, 'cannot open log file yet');
    }
    if (ready) {
      // As if it waited for its turn already, so that nothing else gives it one.
      file.queued = true;
      void ready.then(() => {
        file.queued = false;
        schedule.wake(file);
      });
    } else schedule.wake(file);
    return file;
  }

  /** Begins or resumes reading a file seen under `path`. */
  function read(id: FileIdentity, path: string, size: number, isLive: boolean): TailFile | null {
    let state = index.known(id);
    if (state) {
      if (state.phase === 'done' && size === state.offset && !isLive) return null;
      const moved = state.phase === 'done' || state.path !== path || state.target !== target.key;
      state.phase = isLive ? 'live' : 'rotated';
      state.source = target.source;
      if (moved) checkpoint.put(state);
    } else {
      state = newState(id, path);
      state.phase = isLive ? 'live' : 'rotated';
      checkpoint.put(state);
      // A minted identity must survive a crash before anything is sent under it.
      if (id.birth === '0') return start(state, path, undefined, checkpoint.flush());
    }
    return start(state, path);
  }

  const compressed = createCompressed({
    index,
    checkpoint,
    log,
    count: deps.count,
    target: () => target,
    files,
    newState(id, path) {
      giveUpUnread();
      return newState(id, path);
    },
    start,
    wake: schedule.wake,
  });

  /** False for what is no regular file or, in a hostile directory, leads out of it. */
  function mayRead(path: string, isFile: boolean): boolean {
    const why = !isFile
      ? 'it is no regular file'
      : leadsOut(path, target.root)
        ? `it leads out of ${target.root}`
        : null;
    if (why === null) return true;
    deps.count('refused_files');
    log.warn({ path, why }, 'a log file is refused');
    return false;
  }

  function see(path: string, isLive: boolean, gz: boolean): void {
    const stat = statLog(path);
    if (!stat) return;
    const id = identityOf(stat);
    if (refused.get(path) === identityKey(id)) return;
    if (!mayRead(path, stat.isFile())) {
      refused.set(path, identityKey(id));
      return;
    }
    seen.add(identityKey(id));
    const known = index.reading(id);
    if (known) {
      if (!files.has(known)) return;
      if (known.path !== path) known.path = known.state.path = path;
      if (isLive) live = known;
      return;
    }
    if (compressed.renamed(id, path)) return;
    const before = index.known(id);
    if (before) before.path = path;
    const twin = index.twinOf(id);
    // A compressed twin is taken up again when a restart interrupted it, and what was begun under its own identity goes on under it.
    const interrupted = gz && (before ? before.phase !== 'done' : twin !== null && !isSettled(twin));
    if (twin && !interrupted) return;
    if (!isLive && Number(stat.mtimeMs) < deps.oldestUs() / 1_000 && (!before || before.phase === 'done')) {
      if (!before) tooOld(id, path, Number(stat.size));
      return;
    }
    if (gz) {
      compressed.read(path, id);
      return;
    }
    if (!isLive && !index.known(id) && isCopy(id, path, target, index.ofTarget(target.key), liveState)) return;
    const file = read(id, path, Number(stat.size), isLive);
    if (isLive) live = file;
  }

  /** Its lines are read, or being read. One that ended before anything of it was acknowledged was given up, not read. */
  function isSettled(state: FileState): boolean {
    if (index.reading(state) !== null) return true;
    return state.phase === 'done' && (state.offset > 0 || state.past > 0);
  }

  /** Nothing in it is younger than retention: counted, not read. */
  function tooOld(id: FileIdentity, path: string, size: number): void {
    const state = newState(id, path);
    state.phase = 'done';
    state.offset = size;
    state.dropped = { too_old: size };
    checkpoint.put(state);
    const skipped = newTailFile(state, reading, () => createFileSource(openLog(path, target.root).fd));
    index.add(skipped);
    index.remove(skipped);
    deps.count('dropped_bytes:too_old', size);
  }

  function scan(): void {
    scanDue = false;
    if (stopped) return;
    lastGlance = null;
    const before = live;
    const names = siblingsOf(deps.list(dir), base, target.rotation);
    live = null;
    seen.clear();
    const now = statLog(target.path);
    // The live file first, so that copies of it are told from rotated files; it is read in its turn all the same.
    if (now?.isFile()) {
      const known = index.reading(identityOf(now));
      if (known && files.has(known)) live = known;
      liveState = index.known(identityOf(now));
    } else liveState = null;
    for (const { name, gz } of names) see(join(dir, name), false, gz);
    see(target.path, true, false);
    for (const file of files) {
      if (file === live || file.phase !== 'live') continue;
      file.phase = file.state.phase = 'rotated';
      file.retiredAt = clock.monotonicMs();
      checkpoint.put(file.state);
      if (file === before) deps.count('rotations');
      schedule.wake(file);
    }
    if (isGone) for (const file of files) finish(file);
  }

  /** Files that were being read before the restart and are under none of the names. */
  function missing(): FileState[] {
    return index
      .ofTarget(target.key)
      .filter((s) => s.phase !== 'done' && !s.spool && !index.reading(s) && !seen.has(identityKey(s)));
  }

  /**
   * A compressed sibling nobody knows is read from its beginning: it is what a file became that was seen and not begun before the
   * restart, or that could not be opened any more, the oldest of those. Said now, for the next restart would find that file missing.
   */
  function giveUpUnread(): void {
    const unopened = [...files].filter((file) => !file.source && !file.generation).map((file) => file.state);
    const unread = [...missing(), ...unopened.filter((s) => s.phase !== 'done')].filter(
      (s) => s.offset + s.past + s.intents.length + s.twins.length === 0 && !s.path.endsWith('.gz') && !isOnDisk(s),
    );
    const oldest = unread.sort((a, b) => birthUs(a) - birthUs(b))[0];
    if (!oldest) return;
    oldest.phase = 'done';
    checkpoint.put(oldest);
  }

  /**
   * Files of this target that were being read before the restart and are nowhere now: what they got since is lost. Not asked at once,
   * for a file may be between two names when it is looked for.
   */
  function declareMissing(): void {
    const age = clock.monotonicMs() - startedAt;
    if (age < MISSING_MS || compressed.busy()) return;
    scan();
    const lost = missing();
    // What the scan found has to be looked into first; a compressed one that cannot be read is not waited for for ever.
    const isNamed = (state: FileState): boolean => state.twins.some((twin) => seen.has(twin));
    if (age < MISSING_LATEST_MS && (compressed.busy() || lost.some(isNamed))) return;
    missingTold = true;
    for (const state of lost) {
      state.phase = 'done';
      state.intents = [];
      checkpoint.put(state);
    }
    if (lost.length === 0) return;
    const newest = lost.reduce((a, b) => (a.lastLineAt >= b.lastLineAt ? a : b));
    const from = newest.lastLineAt || newest.seenAt;
    const births = [...files].map((file) => birthUs(file.state)).filter((birth) => birth > from);
    deps.declare({
      fid: newest.fid,
      from,
      to: births.length > 0 ? Math.min(...births) : clock.nowUs(),
      bytes: null,
      cause: 'rotated_away',
    });
  }

  function scanSoon(): void {
    if (scanDue) return;
    scanDue = true;
    setImmediate(() => {
      if (scanDue) scan();
    });
  }

  function finish(file: TailFile): void {
    file.final = true;
    schedule.wake(file);
  }

  function look(): void {
    if (!missingTold) declareMissing();
    const glance = glanceAt(target.path);
    if (
      live &&
      glance &&
      lastGlance &&
      sameGlance(glance, lastGlance) &&
      !live.trouble &&
      glance.size === live.readPos
    ) {
      stillDrained(live);
      return;
    }
    const stat = statLog(target.path);
    const id = stat?.isFile() ? identityOf(stat) : null;
    if (!stat || !id || !live || identityKey(id) !== identityKey(live.state)) {
      if (live || stat) scan();
      return;
    }
    if (live.trouble) return;
    const size = Number(stat.size);
    if (size !== live.readPos) schedule.notice(live);
    else {
      lastGlance = glance;
      stillDrained(live);
    }
  }

  function stillDrained(file: TailFile): void {
    if (file.drainedAt <= 0) return;
    file.drainedAt = clock.monotonicMs();
    file.drainedUs = clock.nowUs();
  }

  return {
    get target() {
      return target;
    },
    files,
    live: () => live,
    touched(name, renamed) {
      if (name === base && live) schedule.notice(live);
      if (renamed || name === null || !live) scanSoon();
      else if (name !== base) for (const file of files) if (basename(file.path) === name) schedule.notice(file);
    },
    scan,
    look,
    update(next) {
      target = next;
      reading = deps.readingOf(next);
      isGone = false;
      for (const file of files) {
        file.reading = reading;
        file.state.source = next.source;
        checkpoint.put(file.state);
      }
      scan();
    },
    gone() {
      isGone = true;
      scan();
    },
    isGone: () => isGone,
    release(file) {
      files.delete(file);
      compressed.release(file);
      if (live === file) live = null;
    },
    stop() {
      stopped = true;
      return compressed.stop();
    },
  };
}
