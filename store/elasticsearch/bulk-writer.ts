import { setTimeout as sleep } from 'node:timers/promises';
import type { ElasticsearchConfig } from '../../model/config.ts';
import { FleetlogError, isCode } from '../../model/errors.ts';
import { type BulkItem, type ItemOutcome, itemOutcome, neverFits } from './bulk-outcome.ts';
import type { ElasticsearchClient } from './client.ts';
import { elasticsearchReason } from './client-errors.ts';

const LEAST_BULK_BYTES = 64 << 10;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** One document on its way. */
export interface PendingDocument {
  /** Documents of one file keep their order: they stand in one lane. */
  lane: number;
  index: string;
  id: string;
  json: string;
  /** Of `json` in UTF-8. */
  bytes: number;
  /** Called once: it is stored, was there, or cannot ever be. */
  done(outcome: Exclude<ItemOutcome, { type: 'later' }>): void;
  /** The cluster did not take it in time. */
  failed(error: FleetlogError): void;
}

export interface BulkWriter {
  add(documents: PendingDocument[]): void;
  /** Rejects everything that is not under way; resolves when the requests under way have ended. */
  close(): Promise<void>;
  telemetry: {
    requests: number;
    bytes: number;
    retries: number;
    waiting: number;
    bulkBytes: number;
    concurrency: number;
  };
}

interface BulkAnswer {
  items: { create: BulkItem }[];
}

/**
 * Writes documents in lanes, each of which has one request under way: a document that is refused for now is tried again before
 * anything behind it. How much is sent at once follows what the cluster takes. `prepare` makes indices exist.
 */
export function createBulkWriter(options: {
  client: ElasticsearchClient;
  config: Pick<ElasticsearchConfig, 'bulkBytes' | 'bulkConcurrency' | 'timeoutMs'>;
  prepare(indices: Set<string>): Promise<void>;
  /** An index that was there is gone. */
  missing(index: string): void;
}): BulkWriter {
  const { client, config } = options;
  const lanes: PendingDocument[][] = Array.from({ length: config.bulkConcurrency }, () => []);
  const running: (Promise<void> | null)[] = lanes.map(() => null);
  const stop = new AbortController();
  const telemetry = {
    requests: 0,
    bytes: 0,
    retries: 0,
    waiting: 0,
    bulkBytes: config.bulkBytes,
    concurrency: config.bulkConcurrency,
  };
  let active = 0;
  let calm = 0;
  const turns: (() => void)[] = [];

  async function withTurn<T>(action: () => Promise<T>): Promise<T> {
    while (active >= telemetry.concurrency) await new Promise<void>((resolve) => turns.push(resolve));
    active++;
    try {
      return await action();
    } finally {
      active--;
      turns.shift()?.();
    }
  }

  function eased(): void {
    telemetry.bulkBytes = Math.min(config.bulkBytes, Math.ceil(telemetry.bulkBytes * 1.25));
    if (++calm < 10) return;
    calm = 0;
    telemetry.concurrency = Math.min(config.bulkConcurrency, telemetry.concurrency + 1);
    turns.shift()?.();
  }

  function pressed(): void {
    calm = 0;
    telemetry.bulkBytes = Math.max(LEAST_BULK_BYTES, telemetry.bulkBytes >> 1);
    telemetry.concurrency = Math.max(1, telemetry.concurrency - 1);
  }

  function start(i: number): void {
    if (lanes[i].length === 0 || running[i]) return;
    running[i] = run(lanes[i]).then(() => {
      running[i] = null;
      // What came between the last look at the lane and now would wait for ever.
      start(i);
    });
  }

  async function run(lane: PendingDocument[]): Promise<void> {
    let failingSince: number | null = null;
    let pause = FIRST_PAUSE_MS;
    while (lane.length > 0) {
      const some = lane.slice(0, fitting(lane, telemetry.bulkBytes));
      const later = stop.signal.aborted ? closed() : await withTurn(() => send(lane, some));
      if (later === null) {
        failingSince = null;
        pause = FIRST_PAUSE_MS;
        continue;
      }
      telemetry.retries++;
      failingSince ??= performance.now();
      if (stop.signal.aborted || performance.now() - failingSince > config.timeoutMs) {
        telemetry.waiting -= lane.length;
        for (const document of lane.splice(0)) document.failed(later);
        return;
      }
      // Full jitter over the upper half: processes that failed together come back apart.
      const wait = pause * (0.5 + Math.random() / 2);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
      await sleep(wait, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  /** Sends the documents at the head of the lane and takes off what is settled; gives why the others have to wait. */
  async function send(lane: PendingDocument[], some: PendingDocument[]): Promise<FleetlogError | null> {
    let outcomes: ItemOutcome[];
    try {
      outcomes = await request(some);
    } catch (error) {
      if (!(error instanceof FleetlogError)) throw error;
      const said = elasticsearchReason(error);
      const large = isCode(error, 'body_too_large') || (said !== null && neverFits(said));
      if (some.length === 1 && large) outcomes = [{ type: 'refused', reason: error.message }];
      else {
        if (large || isCode(error, 'store_busy')) pressed();
        if (large) telemetry.bulkBytes = Math.min(telemetry.bulkBytes, Math.max(1, sizeOf(some) >> 1));
        return error;
      }
    }
    const left: PendingDocument[] = [];
    let why: FleetlogError | null = null;
    let pressure = false;
    some.forEach((document, i) => {
      const outcome = outcomes[i];
      if (outcome.type !== 'later') {
        document.done(outcome);
        return;
      }
      left.push(document);
      why = outcome.error;
      pressure ||= outcome.pressure;
      if (outcome.missing) options.missing(document.index);
    });
    telemetry.waiting -= some.length - left.length;
    lane.splice(0, some.length);
    // Not spread into a call: there may be more of them than a call takes arguments.
    if (left.length > 0) for (const document of [left, lane.splice(0)].flat()) lane.push(document);
    if (pressure) pressed();
    else if (left.length === 0) eased();
    return why;
  }

  async function request(some: PendingDocument[]): Promise<ItemOutcome[]> {
    await options.prepare(new Set(some.map(({ index }) => index)));
    const text = some.map(
      ({ index, id, json }) => `{"create":{"_index":${JSON.stringify(index)},"_id":"${id}"}}\n${json}\n`,
    );
    const lines = Buffer.from(text.join(''));
    telemetry.requests++;
    telemetry.bytes += lines.length;
    const { body } = await client.request<BulkAnswer>({
      method: 'POST',
      path: '/_bulk',
      query: { filter_path: 'items.create.status,items.create.error.type,items.create.error.reason' },
      lines,
      repeatable: true,
    });
    return body.items.map(({ create }) => itemOutcome(create));
  }

  return {
    add(documents) {
      telemetry.waiting += documents.length;
      for (const document of documents) lanes[document.lane % lanes.length].push(document);
      for (let i = 0; i < lanes.length; i++) start(i);
    },
    async close() {
      stop.abort();
      await Promise.all(running);
    },
    telemetry,
  };
}

function closed(): FleetlogError {
  return new FleetlogError('closed', 'cannot take lines: the store is closed');
}

const OVERHEAD = 100;

/** How many documents at the head of the lane make up `most` bytes; one at least. */
function fitting(lane: PendingDocument[], most: number): number {
  let sum = 0;
  let n = 0;
  while (n < lane.length && (n === 0 || sum + lane[n].bytes < most)) sum += lane[n++].bytes + OVERHEAD;
  return n;
}

function sizeOf(some: PendingDocument[]): number {
  return some.reduce((sum, { bytes }) => sum + bytes + OVERHEAD, 0);
}
