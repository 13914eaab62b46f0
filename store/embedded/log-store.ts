import { mkdir, readdir, unlink } from 'node:fs/promises';
import os from 'node:os';
import { type Clock, systemClock } from '../../model/clock.ts';
import type { RetentionConfig, StoreConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { createRetentionClasses } from '../../model/retention-classes.ts';
import type { LogStore } from '../log-store.ts';
import { createAggregateReads } from './aggregate-reads.ts';
import { createAppender, markKey } from './appender.ts';
import { createCatalog } from './catalog.ts';
import { readContext } from './context-reads.ts';
import { type Disk, realDisk } from './disk.ts';
import { createFlusher } from './flusher.ts';
import { CHUNK_BYTES, createChunkPool, createHead, type Mark } from './head.ts';
import { logFile, logNumber } from './log-file.ts';
import { createMaintenance } from './maintenance.ts';
import { readPatterns } from './pattern-reads.ts';
import { createRecordReads } from './record-reads.ts';
import { replayInto } from './replay.ts';
import { ALL } from './residual.ts';
import { startScanPool } from './scan-pool.ts';
import { segmentFile, segmentId } from './segment-format.ts';
import { createSourceTable } from './source-table.ts';
import { storeStats } from './store-stats.ts';
import { startWriter } from './writer.ts';

export interface EmbeddedLogStoreOptions {
  /** `<dataDir>/store`; created when missing. The caller holds the lock on dataDir. */
  dir: string;
  store: StoreConfig;
  retention: RetentionConfig;
  clock?: Clock;
  log?: StoreLog;
  /** How the write path reaches the disk. */
  disk?: Disk;
}

export interface StoreLog {
  info(o: object, msg: string): void;
  warn(o: object, msg: string): void;
  error(o: object, msg: string): void;
}

const SILENT: StoreLog = { info() {}, warn() {}, error() {} };

/** How often (ms) appending looks at the free space between maintenance runs. */
const SPACE_CHECK_MS = 2_000;

/** Sources unused this long (ms) are forgotten; they come back by themselves. */
const SOURCE_IDLE_MS = 3_600_000;

/**
 * Opens the embedded store: replays the write-ahead log, removes what a crash left behind, starts its threads. Rejects with
 * `format_newer` when something in `dir` was written by a later version, `corrupt` when the manifest cannot be read.
 */
export async function createEmbeddedLogStore(options: EmbeddedLogStoreOptions): Promise<LogStore> {
  const { dir, store, retention, clock = systemClock, log = SILENT, disk = realDisk } = options;
  await mkdir(dir, { recursive: true });
  const writer = startWriter(dir);
  const classes = createRetentionClasses(retention);
  const sources = createSourceTable(classes);
  const catalog = createCatalog();
  const marks = new Map<string, Mark>();
  const pool = createChunkPool(2 * Math.ceil(store.flushBytes / CHUNK_BYTES));
  let closed = false;
  let lastSpaceCheck = clock.monotonicMs();

  let nextLog = 1;
  try {
    const { content } = await writer.call({ type: 'read' });
    for (const row of content!.segments) catalog.segments.set(row.id, row);
    for (const mark of content!.marks) marks.set(markKey(mark.fid, mark.gen), mark);
    const names = await readdir(dir);
    await removeOrphans(names);
    dropMissing(names);
    const logs = names.map(logNumber).filter((number) => number !== null);
    logs.sort((a, b) => a - b);
    nextLog = (logs[logs.length - 1] ?? 0) + 1;
    const head = createHead();
    catalog.heads.push(head);
    replayInto(head, { paths: logs.map((n) => logFile(dir, n)), marks, sources, pool, clock, log });
  } catch (error) {
    await writer.close();
    throw error;
  }

  const threads = store.workers || Math.max(2, os.availableParallelism());
  const scans = startScanPool(dir, threads, (number) => sources.byNumber(number)?.source);
  const onError = (error: unknown): void => log.error({ err: error }, 'the log store cannot write');
  const flusher = createFlusher({
    dir,
    blockBytes: store.blockBytes,
    catalog,
    sources,
    chunks: pool,
    writer,
    scans,
    onChange: () => appender.wake(),
    onError,
  });
  const appender = createAppender({
    dir,
    disk,
    flushBytes: store.flushBytes,
    syncMs: store.syncMs,
    clock,
    sources,
    pool,
    marks,
    heads: catalog.heads,
    nextLog,
    refusal,
    onSealed: flusher.add,
    onFailure: onError,
  });
  const maintenance = createMaintenance({
    dir,
    store,
    retentionBytes: retention.bytes,
    classes,
    catalog,
    marks,
    writer,
    scans,
    disk,
    clock,
    log,
  });
  const tools = { catalog, pool: scans, damageNotes: maintenance.damageNotes };
  const records = createRecordReads(tools);
  const aggregates = createAggregateReads(tools);
  const counters = { stored: 0, suppressed: 0, tooOld: 0 };

  /** Segments of a flush or merge that was not committed. */
  async function removeOrphans(names: string[]): Promise<void> {
    for (const name of names) {
      const id = segmentId(name);
      if (id === null || catalog.segments.has(id)) continue;
      log.warn({ segment: id }, 'removing a segment that was never committed');
      await unlink(segmentFile(dir, id));
    }
  }

  function dropMissing(names: string[]): void {
    const there = new Set(names.map(segmentId));
    for (const id of catalog.segments.keys()) {
      if (there.has(id)) continue;
      log.error({ segment: id }, 'a segment file is missing; its records are lost');
      catalog.segments.delete(id);
    }
  }

  function refusal(): FleetlogError | null {
    if (closed) return new FleetlogError('closed', 'cannot take lines: the store is closed');
    if (maintenance.full())
      return new FleetlogError('store_full', 'cannot take lines: too little of the disk is free', {
        hint: `free disk space, or lower retention.bytes; below ${store.freePercent} % free (store.freePercent) nothing is taken`,
      });
    const heads = catalog.heads;
    return heads.length > 1 && heads[heads.length - 1].bytes >= store.flushBytes ? flusher.failure() : null;
  }

  function checkOpen(): void {
    if (closed) throw new FleetlogError('closed', 'cannot read: the store is closed');
  }

  /** Now and then appending looks at the disk itself: it fills faster than maintenance comes round. */
  function lookAtSpace(): void {
    const now = clock.monotonicMs();
    if (now - lastSpaceCheck < SPACE_CHECK_MS) return;
    lastSpaceCheck = now;
    maintenance.checkSpace().catch(onError);
  }

  async function flush(): Promise<void> {
    await appender.seal();
    await flusher.idle();
  }

  return {
    async append(batches) {
      lookAtSpace();
      const result = await appender.append(batches);
      counters.stored += result.stored;
      counters.suppressed += result.suppressed;
      counters.tooOld += result.tooOld;
      return result;
    },
    async search(request) {
      checkOpen();
      return records.search(request);
    },
    scan(request) {
      checkOpen();
      return records.scan(request);
    },
    async get(key, signal) {
      checkOpen();
      return records.get(key, ALL, { signal });
    },
    async context(request) {
      checkOpen();
      return readContext(records, request);
    },
    async count(request) {
      checkOpen();
      return aggregates.count(request);
    },
    async histogram(request) {
      checkOpen();
      return aggregates.histogram(request);
    },
    async facets(request) {
      checkOpen();
      return aggregates.facets(request);
    },
    async patterns(request) {
      checkOpen();
      return readPatterns({ ...tools, records }, request);
    },
    async sources(request) {
      checkOpen();
      return aggregates.sources(request);
    },
    flush,
    async maintain() {
      checkOpen();
      const since = catalog.heads[catalog.heads.length - 1].since;
      if (since !== null && clock.monotonicMs() - since >= store.flushMinutes * 60_000) await flush();
      flusher.retry();
      pool.trim();
      const report = await maintenance.run();
      const kept = new Set(catalog.heads.flatMap((head) => [...head.sources]));
      const gone = sources.forget(clock.monotonicMs() - SOURCE_IDLE_MS, kept);
      if (gone.length > 0) catalog.afterReads(() => scans.forget({ sources: gone }));
      appender.wake();
      return report;
    },
    async stats() {
      const telemetry = {
        appender: appender.telemetry,
        flusher: flusher.telemetry,
        maintenance: maintenance.telemetry,
      };
      return storeStats(catalog, classes, {
        ...telemetry,
        counters,
        full: maintenance.full(),
        reads: catalog.activeReads(),
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      appender.wake();
      try {
        await flush();
      } catch (error) {
        // What is in the log is replayed at the next start.
        log.warn({ err: error }, 'cannot write the last segment; its lines stay in the write-ahead log');
      }
      flusher.close();
      await appender.close();
      await scans.close();
      await writer.close();
    },
  };
}
