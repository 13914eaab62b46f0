import { hostname } from 'node:os';
import { join } from 'node:path';
import type { SourceStatus } from '../model/batch.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { CollectorConfig } from '../model/config.ts';
import type { Bus } from '../transport/bus.ts';
import { openCheckpoint } from './checkpoint/checkpoint.ts';
import type { Disk } from './checkpoint/disk.ts';
import type { ContainerEvent, Discovery, Target } from './discovery.ts';
import { type Log, silentLog } from './log.ts';
import { createCounters } from './pipeline/counters.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import { startStatus } from './status.ts';
import { createTailing } from './tail/tailing.ts';
import { createDirectoryWatcher, type DirectoryWatcher } from './watch.ts';

export interface CollectorOptions {
  config: CollectorConfig;
  /** Days after which no class of lines is kept any more: rotated files not written since are not read. */
  retentionDays: number;
  bus: Bus;
  /** The collector's own directory: positions and the spool. */
  stateDir: string;
  discovery: Discovery;
  clock?: Clock;
  log?: Log;
  version: string;
  /** Shared with discovery, so that a directory has one watch; else the collector makes its own. */
  watcher?: DirectoryWatcher;
  /** Lifecycle events of containers, as discovery tells them. */
  onEvent?: (event: ContainerEvent) => void;
  /** How the checkpoint reaches its disk. */
  disk?: Disk;
}

/** Reads every log of this host and publishes it. */
export interface Collector {
  /** Every file being read, and those finished since the start; for each, read = searchable + dropped + inFlight. */
  ledger(): SourceStatus[];
  counters(): Record<string, number>;
  /** Stops reading, lets what is on its way land (at most 5 s) and writes the checkpoint. Whoever made discovery closes it. */
  close(): Promise<void>;
}

/** Longest wait for acknowledgements at the end; what is not acknowledged then is read and sent again, alike, by the next start. */
const DRAIN_MS = 5_000;

/**
 * Starts collecting: resumes from the checkpoint, then follows what discovery finds. Throws `bad_config` for patterns and
 * layouts that cannot be used, `unavailable` or `format_newer` when the state directory cannot be used.
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { config, bus, discovery } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const host = config.host || hostname();
  const counters = createCounters();
  const oldestUs = (): number => clock.nowUs() - options.retentionDays * 86_400_000_000;
  const checkpoint = await openCheckpoint({ dir: join(options.stateDir, 'checkpoint'), disk: options.disk, log });
  const watcher = options.watcher ?? createDirectoryWatcher({ sweepMs: config.sweepMs, log });
  let closing = false;

  const pipeline = createPipeline({
    config,
    bus,
    checkpoint,
    clock,
    log,
    count: counters.count,
    oldestUs,
    acknowledged: (file) => tailing.acknowledged(file),
  });
  const tailing = createTailing({
    host,
    config,
    stateDir: options.stateDir,
    checkpoint,
    pipeline,
    watcher,
    clock,
    log,
    count: counters.count,
    oldestUs,
  });

  let snapshotAt = clock.monotonicMs();
  let flushing: Promise<void> | null = null;
  /** Snapshots when much or long was journaled; an idle collector writes nothing. */
  async function keepCheckpoint(): Promise<void> {
    const now = clock.monotonicMs();
    const due = checkpoint.journalBytes() > 4_096 && now - snapshotAt > 60_000;
    if (due) snapshotAt = now;
    if (await checkpoint.flush(due)) pipeline.sender.journaled();
    tailing.room();
  }
  const checkpointTimer = setInterval(() => {
    flushing ??= keepCheckpoint().finally(() => {
      flushing = null;
    });
  }, config.checkpointMs);

  function allCounters(): Record<string, number> {
    return {
      ...counters.all(),
      in_flight_bytes: pipeline.sender.inFlight(),
      open_files: tailing.openFiles(),
      files_waiting: tailing.waiting(),
      spool_bytes: tailing.spoolBytes(),
      journal_bytes: checkpoint.journalBytes(),
      checkpoint_broken: checkpoint.broken() === null ? 0 : 1,
      directories_unwatched: watcher.unwatched(),
    };
  }

  await discovery.start({
    found: (target: Target) => {
      if (!closing) tailing.found(target);
    },
    gone: (key) => {
      if (!closing) tailing.gone(key);
    },
    event: (event) => options.onEvent?.(event),
  });
  tailing.declareRemoved();

  const status = startStatus({
    host,
    version: options.version,
    bus,
    clock,
    log,
    checkpoint,
    discovery,
    statusMs: config.statusMs,
    sources: tailing.told,
    counters: allCounters,
  });

  return {
    ledger: () => [...tailing.told()].map((one) => one.status),
    counters: allCounters,
    async close() {
      if (closing) return;
      closing = true;
      await tailing.stop();
      await pipeline.sender.drain(DRAIN_MS);
      await tailing.rescueAll();
      tailing.settle();
      await status.close();
      clearInterval(checkpointTimer);
      await flushing;
      await checkpoint.close();
      tailing.release();
      if (!options.watcher) watcher.close();
    },
  };
}
