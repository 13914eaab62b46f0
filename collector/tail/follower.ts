import { closeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState, Gap } from '../checkpoint/file-state.ts';
import type { FileTarget } from '../discovery.ts';
import type { Log } from '../log.ts';
import { type ByteSource, createFileSource, createGzipSource, gzipSize } from './byte-source.ts';
import type { Descriptors } from './descriptors.ts';
import type { FileIndex } from './file-index.ts';
import { headOf, headOfFile, matchCompressed, tailMatches } from './fingerprint.ts';
import { deriveFid, type FileIdentity, identityKey, identityOf, mintFid, ownerHash } from './identity.ts';
import { openLog, statLog } from './open-file.ts';
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
  declare(gap: Gap): void;
  /** Names in a directory; asked once per turn of the event loop however many followers it has. */
  list(dir: string): readonly string[];
  /** The file's last byte was read and acknowledged, or it was given up. */
  finished(file: TailFile): void;
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
}

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
  let scanned = false;
  let missingTold = false;
  let scanDue = false;
  const matching = new Set<string>();
  /** Files read from a compressed sibling, by the identity of that. */
  const compressed = new Map<string, TailFile>();
  const refused = new Set<string>();

  function newState(id: FileIdentity, path: string): FileState {
    const nowUs = clock.nowUs();
    const birth = id.birth === '0' ? nowUs : Math.floor(Number(BigInt(id.birth) / 1_000n));
    return {
      fid: id.birth === '0' ? mintFid(owner, nowUs / 1_000) : deriveFid(owner, id),
      target: target.key,
      source: target.source,
      ...id,
      path,
      gens: [],
      gen: 0,
      offset: 0,
      tail: '',
      context: { time: birth, pem: 0 },
      past: 0,
      lines: 0,
      dropped: {},
      lastLineAt: 0,
      phase: 'live',
      twins: [],
      spool: null,
      seenAt: nowUs,
      intents: [],
    };
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

  function start(state: FileState, path: string, open?: () => ByteSource): TailFile {
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
    schedule.wake(file);
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
      if (id.birth === '0') void checkpoint.flush();
    }
    return start(state, path);
  }

  /** A copy made by copytruncate is younger than the original and begins like it; it is read once the original is seen to be cut. */
  function isCopy(id: FileIdentity, path: string): boolean {
    if (target.rotation !== 'logrotate') return false;
    const older = [...files].map((file) => file.state).filter((state) => state !== liveState);
    if (liveState) older.push(liveState);
    for (const state of checkpoint.files.values())
      if (state.target === target.key && state.phase !== 'done' && !older.includes(state)) older.push(state);
    const originals = older.filter((s) => id.birth === '0' || BigInt(id.birth) > BigInt(s.birth));
    if (originals.length === 0) return false;
    try {
      const { fd } = openLog(path, target.root);
      try {
        const head = headOfFile(fd);
        // Without a whole first line yet nobody can say; the next write to it asks again.
        if (head === null) return liveState !== null;
        return originals.some((state) => copies(fd, head, state));
      } finally {
        closeSync(fd);
      }
    } catch {
      return true;
    }
  }

  /** Equal first lines are enough beside a live file, which may be being copied now; else the bytes where we stopped must agree too. */
  function copies(fd: number, head: number, state: FileState): boolean {
    if (!state.gens.some((known) => known.head === head)) return false;
    if (state === liveState) return true;
    const current = state.gens.at(-1);
    if (current?.head !== head || current.end >= 0) return false;
    return state.offset === 0
      ? state.intents.length > 0
      : tailMatches(fd, state.offset, Buffer.from(state.tail, 'base64'));
  }

  async function readCompressed(path: string, id: FileIdentity): Promise<void> {
    const key = identityKey(id);
    if (matching.has(key) || index.known(id)?.phase === 'done') return;
    matching.add(key);
    let fd = -1;
    try {
      fd = openLog(path, target.root).fd;
      const size = gzipSize(fd);
      // A second descriptor for reading: by the time the head is known the name may be another file's.
      const probe = createGzipSource(openLog(path, target.root).fd);
      const head = await headOf(probe).finally(() => probe.close());
      const open = head === null ? null : await openTwin(head);
      if (open) {
        index.addTwin(open.state, id);
        return;
      }
      const candidates = [...checkpoint.files.values()].filter((s) => s.target === target.key);
      const match = head === null ? null : matchCompressed(candidates, head, size, isOnDisk);
      if (match?.how === 'copy') return;
      if (match) {
        index.addTwin(match.state, id);
        if (match.how === 'complete' || index.reading(match.state) !== null) return;
      }
      const state = match?.state ?? index.known(id) ?? newState(id, path);
      state.phase = 'rotated';
      checkpoint.put(state);
      readFrom(fd, state, path, key);
      fd = -1;
    } catch (error) {
      deps.count('compressed_errors');
      log.warn({ err: error, path }, 'cannot read compressed log file yet');
    } finally {
      if (fd >= 0) closeSync(fd);
      matching.delete(key);
      if (scanned && !missingTold) declareMissing();
    }
  }

  /** A file that is open and has lost its name to its compressed twin; it may be read less far than to know what it begins with now. */
  async function openTwin(head: number): Promise<TailFile | null> {
    for (const file of files) {
      if (!file.source || file.source.fixed || isOnDisk(file.state)) continue;
      if ((await headOf(file.source)) === head) return file;
    }
    return null;
  }

  function readFrom(fd: number, state: FileState, path: string, key: string): void {
    let opened: number | null = fd;
    const file = start(state, path, () => {
      const source = createGzipSource(opened ?? openLog(file?.path ?? path, target.root).fd);
      opened = null;
      return source;
    });
    file.final = true;
    compressed.set(key, file);
  }

  function isOnDisk(state: FileState): boolean {
    const stat = statLog(state.path);
    return stat !== null && identityKey(identityOf(stat)) === identityKey(state);
  }

  function see(path: string, isLive: boolean, gz: boolean): void {
    const stat = statLog(path);
    if (!stat) return;
    if (!stat.isFile()) {
      if (!refused.has(path)) log.warn({ path }, 'not a regular file: it is not read');
      refused.add(path);
      return;
    }
    const id = identityOf(stat);
    const known = index.reading(id);
    if (known) {
      if (!files.has(known)) return;
      if (known.path !== path) known.path = known.state.path = path;
      if (isLive) live = known;
      present.add(known);
      return;
    }
    const unpacked = compressed.get(identityKey(id));
    if (unpacked && !unpacked.closed) {
      unpacked.path = path;
      present.add(unpacked);
      return;
    }
    const twin = index.twinOf(id);
    // A compressed twin is taken up again when a restart interrupted it.
    if (twin && (!gz || twin.phase === 'done' || index.reading(twin) !== null)) return;
    if (!isLive && Number(stat.mtimeMs) < deps.oldestUs() / 1_000 && !index.known(id)) {
      tooOld(id, path, Number(stat.size));
      return;
    }
    if (gz) {
      void readCompressed(path, id);
      return;
    }
    if (!isLive && !index.known(id) && isCopy(id, path)) return;
    const file = read(id, path, Number(stat.size), isLive);
    if (!file) return;
    present.add(file);
    if (isLive) live = file;
  }

  const present = new Set<TailFile>();

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
    const before = live;
    present.clear();
    const names = siblingsOf(deps.list(dir), base, target.rotation);
    live = null;
    const now = statLog(target.path);
    // The live file first, so that copies of it are told from rotated files; it is read in its turn all the same.
    if (now?.isFile()) {
      const known = index.reading(identityOf(now));
      if (known && files.has(known)) live = known;
      liveState = index.known(identityOf(now));
    } else liveState = null;
    for (const { name, gz } of names) see(join(dir, name), false, gz);
    see(target.path, true, false);
    if (!scanned) declareMissing();
    scanned = true;
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

  /** Files of this target that were being read before the restart and are nowhere now: what they got since is lost. */
  function declareMissing(): void {
    const missing = [...checkpoint.files.values()].filter(
      (s) => s.target === target.key && s.phase !== 'done' && !s.spool && !index.reading(s) && !isOnDisk(s),
    );
    if (matching.size > 0) return;
    missingTold = true;
    if (missing.length === 0) return;
    const newest = missing.reduce((a, b) => (a.lastLineAt >= b.lastLineAt ? a : b));
    const births = [...files].map((file) => birthUs(file.state));
    deps.declare({
      fid: newest.fid,
      from: newest.lastLineAt || newest.seenAt,
      to: Math.max(newest.lastLineAt, births.length > 0 ? Math.min(...births) : clock.nowUs()),
      bytes: null,
      cause: 'rotated away while the collector was down',
    });
    for (const state of missing) {
      state.phase = 'done';
      state.intents = [];
      checkpoint.put(state);
    }
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
    const stat = statLog(target.path);
    const id = stat?.isFile() ? identityOf(stat) : null;
    if (!stat || !id || !live || identityKey(id) !== identityKey(live.state)) {
      if (live || stat) scan();
      return;
    }
    if (live.trouble) return;
    const size = Number(stat.size);
    if (size !== live.readPos) schedule.notice(live);
    else if (live.drainedAt > 0) {
      live.drainedAt = clock.monotonicMs();
      live.drainedUs = clock.nowUs();
    }
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
      for (const [key, one] of compressed) if (one === file) compressed.delete(key);
      if (live === file) live = null;
    },
  };
}
