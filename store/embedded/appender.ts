import type { LinesBatch } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import { NOTHING } from '../intervals.ts';
import type { AppendResult } from '../log-store.ts';
import type { Disk, DiskFile } from './disk.ts';
import { DAY_US } from './flush.ts';
import { recordsFrameBytes, sourceFrameBytes, writeRecordsFrame, writeSourceFrame } from './frame.ts';
import { type Chunk, type ChunkPool, createHead, type Head, type Mark, roomIn, showRecords } from './head.ts';
import { LOG_HEADER, logFile, logHeader } from './log-file.ts';
import { selectNew } from './select-new.ts';
import type { SourceTable } from './source-table.ts';

/** Staged bytes after which a group is written without waiting for more. */
const GROUP_BYTES = 4 << 20;

interface StagedFrame {
  head: Head;
  chunk: Chunk;
  at: number;
  length: number;
  /** null for a frame that only names a source. */
  mark: { key: string; before: Mark | undefined; after: Mark } | null;
  /** Retention class of its records. */
  class: string;
  records: number;
  bytes: number;
  first: number;
  last: number;
}

interface Entry {
  frames: StagedFrame[];
  result: AppendResult;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

export interface AppenderOptions {
  dir: string;
  disk: Disk;
  flushBytes: number;
  syncMs: number;
  clock: Clock;
  sources: SourceTable;
  pool: ChunkPool;
  marks: Map<string, Mark>;
  /** Heads in order; the last one takes what comes. */
  heads: Head[];
  nextLog: number;
  /** Why nothing can be taken right now, if so. */
  refusal(): FleetlogError | null;
  /** A head is full, sealed and durable: write its segments. */
  onSealed(head: Head): void;
  onFailure(error: unknown): void;
}

export interface Appender {
  append(batches: LinesBatch[]): Promise<AppendResult>;
  /** Seals what is there; resolves when all staged frames have been written (or refused). */
  seal(): Promise<void>;
  /** Wakes appends that wait for room. */
  wake(): void;
  close(): Promise<void>;
  telemetry: { syncs: number; logBytes: number; failures: number };
}

export function markKey(fid: string, gen: number): string {
  return `${fid}${gen}`;
}

/**
 * The write path: stages batches as frames in the newest head, writes the frames of all that gathered to its log with one
 * fdatasync, and only then shows them to readers and acknowledges. A failed write takes back everything staged.
 */
export function createAppender(options: AppenderOptions): Appender {
  const { heads, marks, sources, pool, clock } = options;
  let queue: Entry[] = [];
  let queuedBytes = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let committing: Promise<void> | null = null;
  let lastSync = Number.NEGATIVE_INFINITY;
  let hurry: (() => void) | null = null;
  const waiting: (() => void)[] = [];
  let nextLog = options.nextLog;
  const logs = new Map<Head, { file: DiskFile; length: number }>();
  const telemetry = { syncs: 0, logBytes: 0, failures: 0 };

  const active = (): Head => heads[heads.length - 1];

  function wake(): void {
    for (const go of waiting.splice(0)) go();
  }

  /** Waits while both heads are full; at most one sealed head waits for its segments. */
  async function room(): Promise<void> {
    for (;;) {
      const refusal = options.refusal();
      if (refusal) throw refusal;
      if (active().bytes < options.flushBytes) return;
      if (heads.length === 1) return rotate();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  function rotate(): void {
    const full = active();
    full.sealed = true;
    heads.push(createHead());
    handOver(full);
  }

  function handOver(head: Head): void {
    if (!head.sealed || head.pending > 0) return;
    const log = logs.get(head);
    logs.delete(head);
    void log?.file.close().catch(options.onFailure);
    options.onSealed(head);
  }

  function stage(batches: LinesBatch[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const entry: Entry = { frames: [], result: { stored: 0, suppressed: 0, tooOld: 0 }, resolve, reject };
      try {
        for (const batch of batches) stageBatch(batch, entry);
      } catch (error) {
        takeBack(entry.frames);
        reject(error);
        return;
      }
      queue.push(entry);
      if (queuedBytes >= GROUP_BYTES) hurry?.();
      committing ??= commitAll();
    });
  }

  function stageBatch(batch: LinesBatch, entry: Entry): void {
    const now = clock.nowUs();
    const source = sources.intern(batch.source, clock.monotonicMs());
    const key = markKey(batch.fid, batch.gen);
    const before = marks.get(key);
    const selection = selectNew(batch, before?.done ?? NOTHING, now - source.class.days * DAY_US);
    if (!selection) {
      entry.result.suppressed += batch.count;
      return;
    }
    const head = active();
    const { columns } = selection;
    if (!head.named.has(source.number)) {
      const length = sourceFrameBytes(source.json.length);
      const chunk = roomIn(head, pool, length);
      writeSourceFrame(chunk.memory, chunk.used, source.number, source.json);
      put(entry, {
        head,
        chunk,
        at: chunk.used,
        length,
        mark: null,
        class: '',
        records: 0,
        bytes: 0,
        first: 0,
        last: 0,
      });
      head.named.add(source.number);
      head.sources.add(source.number);
    }
    const length = recordsFrameBytes(columns.count, columns.messages.length);
    const chunk = roomIn(head, pool, length);
    const at = chunk.used;
    const identity = { fid: batch.fid, gen: batch.gen, source: source.number, acceptedAt: now };
    const { first, last } = writeRecordsFrame(chunk.memory, at, { ...identity, ...selection }, columns);
    const seen = Math.max(now, columns.count > 0 ? last : 0, before?.seen ?? 0);
    const after = { fid: batch.fid, gen: batch.gen, done: selection.after, seen };
    put(entry, {
      head,
      chunk,
      at,
      length,
      mark: { key, before, after },
      class: source.class.name,
      records: columns.count,
      bytes: columns.messages.length,
      first,
      last,
    });
    marks.set(key, after);
    entry.result.stored += columns.count;
    entry.result.suppressed += selection.suppressed;
    entry.result.tooOld += selection.tooOld;
  }

  function put(entry: Entry, frame: StagedFrame): void {
    const { head, chunk } = frame;
    chunk.used += frame.length;
    head.pending++;
    head.bytes += frame.bytes;
    head.records += frame.records;
    head.since ??= clock.monotonicMs();
    queuedBytes += frame.length;
    entry.frames.push(frame);
  }

  /** Undoes staging, newest first, as if the frames had never come. */
  function takeBack(frames: StagedFrame[]): void {
    for (const frame of frames.toReversed()) {
      const { head, chunk, mark } = frame;
      if (mark?.before) marks.set(mark.key, mark.before);
      else if (mark) marks.delete(mark.key);
      chunk.used = frame.at;
      head.pending--;
      head.bytes -= frame.bytes;
      head.records -= frame.records;
      queuedBytes = Math.max(0, queuedBytes - frame.length);
      // Sources named by a frame that is gone have to be named again, and the log's new end is not trusted any more.
      head.named.clear();
      if (chunk.used === 0) {
        head.chunks.splice(head.chunks.indexOf(chunk), 1);
        pool.give(chunk);
      }
      if (head.records === 0 && head.pending === 0 && head.marks.size === 0) head.since = null;
    }
  }

  async function commitAll(): Promise<void> {
    while (queue.length > 0) {
      await gathering();
      const group = queue;
      queue = [];
      queuedBytes = 0;
      await commitGroup(group);
    }
    // Not in a `finally` of the caller: an append between the last look at the queue and that callback would wait for ever.
    committing = null;
  }

  /** One write and one fdatasync per head the group touches; almost always one. */
  async function commitGroup(group: Entry[]): Promise<void> {
    for (let from = 0; from < group.length; ) {
      let to = from + 1;
      while (to < group.length && headOf(group[to]) === headOf(group[from])) to++;
      try {
        await commit(group.slice(from, to));
      } catch (error) {
        await fail(group.slice(from), error);
        return;
      }
      from = to;
    }
  }

  const headOf = (entry: Entry): Head | undefined => entry.frames[0]?.head;

  /** Lets a group form: as long as `syncMs` after the last fdatasync, unless enough is there. */
  async function gathering(): Promise<void> {
    const wait = lastSync + options.syncMs - clock.monotonicMs();
    if (wait <= 0 || queuedBytes >= GROUP_BYTES) {
      // Appends of the same tick belong together even when nothing was written for long.
      await Promise.resolve();
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    hurry = null;
  }

  async function commit(entries: Entry[]): Promise<void> {
    const frames = entries.flatMap((entry) => entry.frames);
    if (frames.length > 0) {
      const { head } = frames[0];
      const log = await logOf(head);
      const parts = contiguous(frames);
      await log.file.write(parts);
      await log.file.sync();
      telemetry.syncs++;
      lastSync = clock.monotonicMs();
      for (const part of parts) log.length += part.length;
      telemetry.logBytes += parts.reduce((sum, part) => sum + part.length, 0);
      for (const frame of frames) show(frame);
      handOver(head);
    }
    for (const entry of entries) entry.resolve(entry.result);
  }

  function show(frame: StagedFrame): void {
    const { head, chunk, mark } = frame;
    chunk.visible = frame.at + frame.length;
    head.pending--;
    if (mark) head.marks.set(mark.key, mark.after);
    if (frame.records === 0) return;
    showRecords(head, frame.class, frame, frame.length);
  }

  async function logOf(head: Head): Promise<{ file: DiskFile; length: number }> {
    const open = logs.get(head);
    if (open) return open;
    const path = logFile(options.dir, nextLog++);
    const file = await options.disk.create(path);
    head.logs.push(path);
    const log = { file, length: LOG_HEADER };
    logs.set(head, log);
    await file.write([logHeader()]);
    return log;
  }

  /** Rejects those entries and everything staged behind them, and leaves the log at its last good frame. */
  async function fail(entries: Entry[], cause: unknown): Promise<void> {
    telemetry.failures++;
    const rejected = [...entries, ...queue];
    queue = [];
    const touched = new Set(rejected.flatMap((entry) => entry.frames.map((frame) => frame.head)));
    takeBack(rejected.flatMap((entry) => entry.frames));
    queuedBytes = 0;
    for (const head of touched) {
      const log = logs.get(head);
      logs.delete(head);
      // A tail that cannot be cut holds whole frames at worst: replayed, they are what the sender sends again anyway.
      await log?.file.truncate(log.length).catch(options.onFailure);
      await log?.file.close().catch(options.onFailure);
      handOver(head);
    }
    options.onFailure(cause);
    const error = writeError(cause);
    for (const entry of rejected) entry.reject(error);
  }

  return {
    append(batches) {
      const mine = turn.then(async () => {
        await room();
        return { done: stage(batches) };
      });
      turn = mine.catch(() => undefined);
      return mine.then(({ done }) => done);
    },
    async seal() {
      await turn;
      hurry?.();
      await committing;
      const head = active();
      if (head.marks.size > 0 && !head.sealed) rotate();
    },
    wake,
    async close() {
      await turn;
      hurry?.();
      await committing;
      for (const log of logs.values()) await log.file.close();
      logs.clear();
    },
    telemetry,
  };
}

/** Frames of one head as few byte ranges: neighbours in a chunk are written together. */
function contiguous(frames: StagedFrame[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < frames.length; ) {
    const { chunk, at } = frames[i];
    let end = at;
    while (i < frames.length && frames[i].chunk === chunk && frames[i].at === end) end += frames[i++].length;
    parts.push(chunk.memory.bytes.subarray(at, end));
  }
  return parts;
}

function writeError(cause: unknown): FleetlogError {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FleetlogError('store_full', 'cannot write lines: the disk is full', {
      cause,
      hint: 'free disk space, or lower retention.bytes; collectors wait and lose nothing',
    });
  return new FleetlogError('unavailable', 'cannot write lines to the write-ahead log', {
    cause,
    hint: 'look at the disk that holds dataDir; collectors wait and lose nothing',
  });
}
