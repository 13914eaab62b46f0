import { randomBytes } from 'node:crypto';
import type { LinesBatch } from '../../model/batch.ts';
import { detectLevel } from '../../model/detect-level.ts';
import { levelName, UNDETECTED_LEVEL } from '../../model/level.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import { STREAMS } from '../../model/source.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import { apiRecord } from '../records.ts';

/** Encoded batches kept so that a reader that is behind, or comes back, goes on where it was: ten seconds at 20,000 lines/s. */
const KEPT_BYTES = 32 << 20;
/** How long they are kept on after the last reader left: it may come back. */
const LINGER_MS = 120_000;

/** One stored batch as tails see it. Texts are made once, for all tails. */
export interface Arrival {
  batch: LinesBatch;
  bytes: number;
  /** The record's view; one object a batch, whose contents change with each call. */
  view(i: number): LogRecord;
  /** The ApiRecord as JSON. */
  json(i: number): string;
  /** Lets go of the texts; they are made again when somebody asks. */
  forget(): void;
}

/** What has been stored, in the order it was, each batch with the next number. */
export interface Arrivals {
  /** Of this process: numbers of another mean nothing here. */
  epoch: string;
  /** Number the next batch will get. */
  head(): number;
  /** Oldest number still kept; `head` when none is. */
  oldest(): number;
  get(seq: number): Arrival;
  /** `evicted` is called before a batch is let go. Nothing is kept while nobody reads. */
  read(reader: { arrived(): void; evicted(seq: number, arrival: Arrival): void }): () => void;
  /** Resolves when everything published from then on is seen. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function createArrivals(options: { bus: Bus; nowMs: () => number; keptBytes?: number }): Arrivals {
  const keptBytes = options.keptBytes ?? KEPT_BYTES;
  const readers = new Set<Parameters<Arrivals['read']>[0]>();
  const kept: Arrival[] = [];
  let bytes = 0;
  let head = 0;
  let leftAt = Number.NEGATIVE_INFINITY;

  function evict(): void {
    const arrival = kept.shift()!;
    bytes -= arrival.bytes;
    for (const reader of readers) reader.evicted(head - kept.length - 1, arrival);
  }

  const tap = options.bus.tap(({ batch: encoded }) => {
    if (readers.size === 0 && options.nowMs() - leftAt > LINGER_MS) {
      head++;
      kept.length = 0;
      bytes = 0;
      return;
    }
    const batch = decodeBatch(encoded, true);
    if (batch.kind !== 'lines' && batch.kind !== 'events') return;
    kept.push(createArrival(batch, encoded.length));
    head++;
    bytes += encoded.length;
    while (bytes > keptBytes && kept.length > 1) evict();
    for (const reader of readers) reader.arrived();
  });

  return {
    epoch: randomBytes(6).toString('hex'),
    head: () => head,
    oldest: () => head - kept.length,
    get: (seq) => kept[seq - (head - kept.length)],
    read(reader) {
      readers.add(reader);
      return () => {
        readers.delete(reader);
        leftAt = options.nowMs();
      };
    },
    ready: () => tap.ready ?? Promise.resolve(),
    close: () => tap.close(),
  };
}

function createArrival(batch: LinesBatch, bytes: number): Arrival {
  const messages = Buffer.from(batch.messages.buffer, batch.messages.byteOffset, batch.messages.byteLength);
  let texts: (string | undefined)[] = [];
  let jsons: (string | undefined)[] = [];
  const at = (i: number): number => (i === 0 ? 0 : batch.ends[i - 1]);
  const view: LogRecord = {
    fid: batch.fid,
    gen: batch.gen,
    offset: 0,
    time: 0,
    source: batch.source,
    stream: 'stdout',
    level: null,
    message: '',
    flags: 0,
  };

  function show(i: number): LogRecord {
    const level = batch.levels[i];
    view.offset = batch.offsets[i];
    view.time = batch.times[i];
    view.flags = batch.flags[i];
    view.stream = STREAMS[view.flags & FLAG.STREAM_MASK];
    view.level = levelName(level === UNDETECTED_LEVEL ? detectLevel(batch.messages, at(i), batch.ends[i]) : level);
    view.message = texts[i] ??= messages.toString('utf8', at(i), batch.ends[i]);
    view.raw = view.flags & FLAG.LOSSY ? messages.toString('base64', at(i), batch.ends[i]) : undefined;
    return view;
  }

  return {
    batch,
    bytes,
    view: show,
    json(i) {
      return (jsons[i] ??= JSON.stringify(apiRecord(show(i))));
    },
    forget() {
      texts = [];
      jsons = [];
    },
  };
}
