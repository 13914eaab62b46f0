import type { RetentionClasses } from '../../model/retention-classes.ts';
import type { StoreStats } from '../log-store.ts';
import type { Catalog } from './catalog.ts';
import { classStats } from './class-stats.ts';

export interface StoreCounters {
  counters: { stored: number; suppressed: number; tooOld: number };
  appender: { syncs: number; logBytes: number; failures: number };
  flusher: { flushes: number; failures: number; seconds: number };
  maintenance: { removed: number; removedBytes: number; merges: number; quarantined: number; damagedBlocks: number };
  full: boolean;
  reads: number;
}

/** Figures of the store; names of `telemetry` are listed in docs/telemetry.md. */
export function storeStats(catalog: Catalog, retention: RetentionClasses, own: StoreCounters): StoreStats {
  const stats = { records: 0, rawBytes: 0, diskBytes: 0, headBytes: 0, oldest: null, newest: null };
  const total: Pick<StoreStats, keyof typeof stats> = stats;
  const span = (first: number, last: number): void => {
    total.oldest = Math.min(total.oldest ?? first, first);
    total.newest = Math.max(total.newest ?? last, last);
  };
  for (const row of catalog.segments.values()) {
    total.records += row.records;
    total.rawBytes += row.rawBytes;
    total.diskBytes += row.bytes;
    if (row.records > 0) span(row.first, row.last);
  }
  let headRecords = 0;
  for (const { visible, chunks } of catalog.heads) {
    // The log holds the same bytes as the head.
    for (const chunk of chunks) total.diskBytes += chunk.visible;
    headRecords += visible.records;
    total.headBytes += visible.bytes;
    if (visible.records > 0) span(visible.first, visible.last);
  }
  total.records += headRecords;
  total.rawBytes += total.headBytes;
  return {
    ...total,
    segments: catalog.segments.size,
    suppressed: own.counters.suppressed,
    classes: classStats(catalog, retention),
    telemetry: {
      fleetlog_store_records: total.records,
      fleetlog_store_raw_bytes: total.rawBytes,
      fleetlog_store_disk_bytes: total.diskBytes,
      fleetlog_store_head_bytes: total.headBytes,
      fleetlog_store_segments: catalog.segments.size,
      fleetlog_store_reads_active: own.reads,
      fleetlog_store_full: own.full ? 1 : 0,
      fleetlog_store_records_stored_total: own.counters.stored,
      fleetlog_store_records_suppressed_total: own.counters.suppressed,
      fleetlog_store_records_too_old_total: own.counters.tooOld,
      fleetlog_store_log_syncs_total: own.appender.syncs,
      fleetlog_store_log_bytes_total: own.appender.logBytes,
      fleetlog_store_log_failures_total: own.appender.failures,
      fleetlog_store_flushes_total: own.flusher.flushes,
      fleetlog_store_flush_failures_total: own.flusher.failures,
      fleetlog_store_flush_seconds_total: own.flusher.seconds,
      fleetlog_store_merges_total: own.maintenance.merges,
      fleetlog_store_segments_removed_total: own.maintenance.removed,
      fleetlog_store_removed_bytes_total: own.maintenance.removedBytes,
      fleetlog_store_segments_quarantined_total: own.maintenance.quarantined,
      fleetlog_store_segments_damaged_total: own.maintenance.damagedBlocks,
    },
  };
}
