import { type Clock, systemClock } from '../../model/clock.ts';
import type { ElasticsearchConfig, RetentionConfig } from '../../model/config.ts';
import { FleetlogError, isCode } from '../../model/errors.ts';
import { createRetentionClasses } from '../../model/retention-classes.ts';
import type { LogStore } from '../log-store.ts';
import { createAppender } from './appender.ts';
import { createBulkWriter } from './bulk-writer.ts';
import { createElasticsearchClient } from './client.ts';
import { readContext } from './context-reads.ts';
import { createCountReads } from './count-reads.ts';
import { createFacetReads } from './facet-reads.ts';
import { createHitReader } from './hits.ts';
import { createIndexMakers } from './index-makers.ts';
import { createIndexNames } from './index-names.ts';
import { ensureLifecycle } from './lifecycle.ts';
import { createMaintenance } from './maintenance.ts';
import { createPatternReads } from './pattern-reads.ts';
import { createRecordReads } from './record-reads.ts';
import { createRefresher } from './refresher.ts';
import { createSourceReads } from './source-reads.ts';
import { ensureTemplate, logsTemplate } from './template.ts';

/** Free disk (percent of a data node) below which the oldest indices go: above the 5 % at which the cluster stops writing. */
const FREE_PERCENT = 7;
const ALL = { type: 'all' } as const;

export interface ElasticsearchLogStoreOptions {
  elasticsearch: ElasticsearchConfig;
  retention: RetentionConfig;
  clock?: Clock;
  log?: StoreLog;
}

export interface StoreLog {
  info(o: object, msg: string): void;
  warn(o: object, msg: string): void;
  error(o: object, msg: string): void;
}

const SILENT: StoreLog = { info() {}, warn() {}, error() {} };

/**
 * The log store on Elasticsearch 9. Rejects with `bad_config` or `format_newer` when the cluster cannot be used as configured; a
 * cluster that is down now is no reason to: it is prepared before the first write.
 */
export async function createElasticsearchLogStore(options: ElasticsearchLogStoreOptions): Promise<LogStore> {
  const { elasticsearch: config, retention, clock = systemClock, log = SILENT } = options;
  const names = createIndexNames(config.prefix);
  const classes = createRetentionClasses(retention);
  const client = createElasticsearchClient(config);
  const reading = { client, names };
  const counters = { stored: 0, suppressed: 0, tooOld: 0, refused: 0, failures: 0 };
  let closed = false;
  let prepared: Promise<void> | null = null;

  /** Once, and again after a failure. */
  function prepare(): Promise<void> {
    prepared ??= putTemplate().catch((error: unknown) => {
      prepared = null;
      throw error;
    });
    return prepared;
  }

  async function putTemplate(): Promise<void> {
    const policy = config.ilm ? names.template : null;
    if (policy !== null) await ensureLifecycle(client, policy, classes.longestDays);
    const done = await ensureTemplate(client, names, logsTemplate(config, names, policy));
    if (done === 'put') log.info({ template: names.template }, 'index template put');
  }

  try {
    await prepare();
  } catch (error) {
    if (!isCode(error, 'unavailable') && !isCode(error, 'store_busy')) {
      await client.close();
      throw error;
    }
    log.warn({ err: error, nodes: client.nodes }, 'Elasticsearch cannot be prepared yet; it is tried again');
  }

  const makers = createIndexMakers(client, prepare);
  const writer = createBulkWriter({ client, config, prepare: makers.ensure, missing: makers.forget });
  const { refreshMs, timeoutMs } = config;
  const refresher = createRefresher({ client, names, refreshMs, timeoutMs });
  const appender = createAppender({ client, names, classes, writer, refresher, clock });
  const hits = createHitReader(reading);
  const records = createRecordReads(reading, hits);
  const counts = createCountReads(reading, records);
  const facets = createFacetReads(reading, records);
  const sources = createSourceReads(reading, records);
  const patterns = createPatternReads(reading, records, hits);
  const maintenance = createMaintenance({
    client,
    names,
    classes,
    retentionBytes: retention.bytes,
    freePercent: FREE_PERCENT,
    ilm: config.ilm,
    clock,
    log,
  });

  function checkOpen(): void {
    if (closed) throw new FleetlogError('closed', 'cannot read: the store is closed');
  }

  return {
    async append(batches) {
      if (closed) throw new FleetlogError('closed', 'cannot take lines: the store is closed');
      try {
        const result = await appender.append(batches);
        counters.stored += result.stored;
        counters.suppressed += result.suppressed;
        counters.tooOld += result.tooOld;
        counters.refused += result.refused?.length ?? 0;
        return result;
      } catch (error) {
        counters.failures++;
        throw error;
      }
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
      return counts.count(request);
    },
    async histogram(request) {
      checkOpen();
      return counts.histogram(request);
    },
    async facets(request) {
      checkOpen();
      return facets(request);
    },
    async patterns(request) {
      checkOpen();
      return patterns(request);
    },
    async sources(request) {
      checkOpen();
      return sources(request);
    },
    async flush() {
      const query = { ignore_unavailable: true };
      await client.request({ method: 'POST', path: `/${names.all}/_flush`, query, repeatable: true });
    },
    async maintain() {
      checkOpen();
      // Somebody may have deleted or changed it since.
      prepared = null;
      await prepare();
      return maintenance.run();
    },
    async stats() {
      checkOpen();
      const held = await maintenance.stats();
      const { telemetry: bulk } = writer;
      return {
        ...held,
        // What messages are long is not kept by the cluster in a form that is cheap to add up.
        rawBytes: 0,
        headBytes: 0,
        suppressed: counters.suppressed,
        telemetry: {
          fleetlog_store_records: held.records,
          fleetlog_store_disk_bytes: held.diskBytes,
          fleetlog_store_indices: held.segments,
          fleetlog_store_records_stored_total: counters.stored,
          fleetlog_store_records_suppressed_total: counters.suppressed,
          fleetlog_store_records_too_old_total: counters.tooOld,
          fleetlog_store_records_refused_total: counters.refused,
          fleetlog_store_append_failures_total: counters.failures,
          fleetlog_store_bulk_requests_total: bulk.requests,
          fleetlog_store_bulk_request_bytes_total: bulk.bytes,
          fleetlog_store_bulk_retries_total: bulk.retries,
          fleetlog_store_bulk_bytes: bulk.bulkBytes,
          fleetlog_store_bulk_concurrency: bulk.concurrency,
          fleetlog_store_documents_waiting: bulk.waiting,
          fleetlog_store_refreshes_total: refresher.telemetry.refreshes,
          fleetlog_store_files_known: appender.files(),
          fleetlog_store_indices_removed_total: maintenance.telemetry.removed,
          fleetlog_store_removed_bytes_total: maintenance.telemetry.removedBytes,
        },
      };
    },
    async close() {
      if (closed) return;
      closed = true;
      await writer.close();
      refresher.close();
      await client.close();
    },
  };
}
