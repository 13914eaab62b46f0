import type { Batch, LinesBatch, SamplesBatch, StatusBatch } from '../model/batch.ts';
import type { Clock } from '../model/clock.ts';
import { detectLevel } from '../model/detect-level.ts';
import { isCode } from '../model/errors.ts';
import { UNDETECTED_LEVEL } from '../model/level.ts';
import type { LogStore } from '../store/log-store.ts';
import { decodeBatch, encodeBatch, sealBatch } from '../transport/batch-codec.ts';
import type { Bus, Delivery } from '../transport/bus.ts';
import { checkSamples } from './check-samples.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { LatestSamples } from './latest-samples.ts';
import type { LogVolume } from './log-volume.ts';
import type { StatusKeeper } from './status-keeper.ts';

export interface IngestOptions {
  bus: Bus;
  store: LogStore;
  statuses: StatusKeeper;
  deadLetters: DeadLetters;
  /** Counts lines by source and level for `/metrics`. */
  volume?: LogVolume;
  /** Shows the newest figures of hosts and containers at `/metrics`. */
  latest?: LatestSamples;
  /** Keeps them. Absent where Prometheus does. */
  samples?: SampleWriter;
  clock: Clock;
  log: { warn(about: object, message: string): void };
}

/** Whatever keeps figures; resolves when these survive a crash. What it had before is not counted again. */
export interface SampleWriter {
  append(batches: readonly SamplesBatch[]): Promise<void>;
}

export interface Ingest {
  counters(): IngestCounters;
  /** Stops taking batches; what the handler is at is finished. */
  close(): Promise<void>;
}

export interface IngestCounters {
  batches: number;
  bytes: number;
  lines: number;
  suppressed: number;
  tooOld: number;
  deadLetters: number;
  retries: number;
  /** Lines that no series at `/metrics` counts, for there were `ingest.volumeSeries` of them. */
  volumeOverflowLines: number;
  /** Rows of figures taken: a container at a moment. */
  sampleRows: number;
  /** Batches of figures that could not be kept. */
  sampleFailures: number;
  /** Milliseconds from reading a batch to its acknowledgement, of the last delivery. */
  lagMs: number;
}

/**
 * Consumes the bus: decode, level where nobody has looked yet, append, acknowledge. A batch that cannot be read is a dead letter and
 * acknowledged; an outage of the store rejects the delivery, so that the bus offers it again and back-pressure reaches the file.
 */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const counters: IngestCounters = {
    batches: 0,
    bytes: 0,
    lines: 0,
    suppressed: 0,
    tooOld: 0,
    deadLetters: 0,
    retries: 0,
    volumeOverflowLines: 0,
    sampleRows: 0,
    sampleFailures: 0,
    lagMs: 0,
  };

  async function bury(batch: Buffer, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    options.log.warn({ reason, bytes: batch.length }, 'batch kept as dead letter');
    await options.deadLetters.bury(batch, reason);
    counters.deadLetters++;
  }

  async function append(items: { delivery: Delivery; batch: LinesBatch }[]): Promise<void> {
    if (items.length === 0) return;
    let results: Awaited<ReturnType<LogStore['append']>>[];
    try {
      const batches = items.map((item) => item.batch);
      results = [await options.store.append(batches)];
      options.volume?.stored(batches, results[0]);
    } catch (error) {
      if (!isCode(error, 'bad_batch')) throw error;
      // The store takes all or none: find the poisonous one by appending them one by one, in order.
      results = [];
      for (const item of items) {
        try {
          const result = await options.store.append([item.batch]);
          results.push(result);
          options.volume?.stored([item.batch], result);
        } catch (each) {
          if (!isCode(each, 'bad_batch')) throw each;
          await bury(item.delivery.batch, each);
        }
      }
    }
    for (const result of results) {
      counters.lines += result.stored;
      counters.suppressed += result.suppressed;
      counters.tooOld += result.tooOld;
      for (const { batch, reason } of result.refused ?? []) await bury(encodeBatch(batch), reason);
    }
    counters.lagMs = (options.clock.nowUs() - Math.min(...items.map((item) => item.batch.collectedAt))) / 1000;
  }

  /** Figures never hold lines up: a store that cannot take them loses them, counted, and the lines of the delivery go on. */
  async function keepSamples(batches: SamplesBatch[]): Promise<void> {
    for (const batch of batches) {
      if (options.latest?.keep(batch) !== false) counters.sampleRows += batch.rows.length;
    }
    try {
      await options.samples?.append(batches);
    } catch (error) {
      counters.sampleFailures += batches.length;
      options.log.warn({ err: error, batches: batches.length }, 'cannot keep figures');
    }
  }

  async function handle(deliveries: Delivery[]): Promise<void> {
    const lines: { delivery: Delivery; batch: LinesBatch }[] = [];
    const statuses: StatusBatch[] = [];
    const samples: SamplesBatch[] = [];
    for (const delivery of deliveries) {
      let batch: Batch;
      try {
        batch = decodeBatch(delivery.batch);
        if (batch.kind === 'samples') samples.push(checkSamples(batch));
      } catch (error) {
        await bury(delivery.batch, error);
        continue;
      }
      if (batch.kind === 'status') statuses.push(batch);
      else if (batch.kind === 'lines' || batch.kind === 'events') {
        if (fillLevels(batch)) sealBatch(delivery.batch);
        lines.push({ delivery, batch });
      }
    }
    await append(lines);
    if (samples.length > 0) await keepSamples(samples);
    if (statuses.length > 0) await options.statuses.keep(statuses);
    counters.batches += deliveries.length;
    for (const delivery of deliveries) counters.bytes += delivery.batch.length;
  }

  const subscription = await options.bus.consume(async (deliveries) => {
    try {
      await handle(deliveries);
    } catch (error) {
      counters.retries++;
      options.log.warn({ err: error }, 'cannot store a delivery; it is kept and offered again');
      throw error;
    }
  });
  return {
    counters: () => ({ ...counters, volumeOverflowLines: options.volume?.overflow() ?? 0 }),
    close: () => subscription.close(),
  };
}

/** Detects levels nobody has looked for, in place; true when it changed any. */
function fillLevels(batch: LinesBatch): boolean {
  let changed = false;
  for (let i = 0; i < batch.count; i++) {
    if (batch.levels[i] !== UNDETECTED_LEVEL) continue;
    batch.levels[i] = detectLevel(batch.messages, i === 0 ? 0 : batch.ends[i - 1], batch.ends[i]);
    changed = true;
  }
  return changed;
}
