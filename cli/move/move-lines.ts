import type { LinesBatch } from '../../model/batch.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { LogRecord } from '../../model/record.ts';
import { recordBatch } from '../../model/record-batch.ts';
import type { LogStore } from '../../store/log-store.ts';

const HOUR_US = 3600e6;
/** Histograms are asked in spans of this, so that a store of years is not one answer. */
const SPAN_US = 30 * 24 * HOUR_US;
/** Message bytes handed over at once: a few bulk requests' worth. */
const CHUNK_BYTES = 8 << 20;
const EVERYTHING = { type: 'all' } as const;

/** Records of one hour: its start (µs since the epoch) and how many there are. */
export interface Hour {
  start: number;
  records: number;
}

export interface MovedHour {
  /** Records read, and of those what the other store had already, or keeps no longer. */
  read: number;
  had: number;
  tooOld: number;
}

/** The hours that hold records, oldest first, with exact counts. */
export async function hoursOf(store: LogStore, signal: AbortSignal): Promise<Hour[]> {
  const { oldest, newest } = await store.stats();
  if (oldest === null || newest === null) return [];
  const hours: Hour[] = [];
  const first = Math.floor(oldest / HOUR_US) * HOUR_US;
  for (let from = first; from <= newest; from += SPAN_US) {
    const to = Math.min(from + SPAN_US, Math.floor(newest / HOUR_US) * HOUR_US + HOUR_US);
    const answer = await store.histogram({ query: EVERYTHING, from, to, interval: HOUR_US, by: 'none', signal });
    for (const { time, counts } of answer.buckets) {
      const records = Object.values(counts).reduce((sum, n) => sum + n, 0);
      if (records > 0) hours.push({ start: time, records });
    }
  }
  return hours;
}

/**
 * Copies the records of one hour, in order, under the positions they have. A record the other store has is not stored again, so an hour may be
 * moved any number of times. Rejects with what the other store rejects with, and with `internal` when it does not account for every record.
 */
export async function moveHour(from: LogStore, to: LogStore, hour: Hour, signal: AbortSignal): Promise<MovedHour> {
  const moved: MovedHour = { read: 0, had: 0, tooOld: 0 };
  const range = { query: EVERYTHING, from: hour.start, to: hour.start + HOUR_US, order: 'asc', signal } as const;
  let chunk: LogRecord[] = [];
  let bytes = 0;
  // One chunk is being stored while the next is read.
  let storing: Promise<void> = Promise.resolve();
  const hand = async (): Promise<void> => {
    await storing;
    if (chunk.length === 0) return;
    const batches = batchesOf(chunk);
    const records = chunk.length;
    storing = store(batches, records);
    // Awaited above or below; until then a failure must not count as unhandled.
    storing.catch(() => undefined);
    chunk = [];
    bytes = 0;
  };
  async function store(batches: LinesBatch[], records: number): Promise<void> {
    const { stored, suppressed, tooOld } = await to.append(batches);
    if (stored + suppressed + tooOld !== records)
      throw new FleetlogError(
        'internal',
        `cannot move lines: of ${records} the other store accounts for ${stored + suppressed + tooOld}`,
      );
    moved.read += records;
    moved.had += suppressed;
    moved.tooOld += tooOld;
  }
  for await (const records of from.scan(range)) {
    for (const record of records) {
      chunk.push(record);
      bytes += record.message.length;
      if (bytes >= CHUNK_BYTES) await hand();
    }
  }
  await hand();
  await storing;
  return moved;
}

/** One batch a file and identity: a file whose app was renamed by the configuration has two. */
function batchesOf(records: LogRecord[]): LinesBatch[] {
  const files = new Map<string, LogRecord[]>();
  for (const record of records) {
    const { fid, gen, source } = record;
    const key = [fid, gen, source.app, source.env, source.instance, source.version, source.image].join('\0');
    const file = files.get(key);
    if (file) file.push(record);
    else files.set(key, [record]);
  }
  return [...files.values()].map((file) => {
    file.sort((a, b) => a.offset - b.offset);
    // An hour of a file need not be all of a stretch of it: the batch speaks of its records alone, not of what lies between them.
    return { ...recordBatch(file, file[0].offset, file[file.length - 1].offset + 1), kind: 'events' };
  });
}
