import { promisify } from 'node:util';
import { constants as zlib, zstdCompress } from 'node:zlib';
import { FleetlogError } from '../model/errors.ts';
import { batchKey } from './batch-codec.ts';
import type { Bus } from './bus.ts';
import { createByteGate } from './byte-gate.ts';
import { pauseFor } from './pause.ts';

export interface HttpBusOptions {
  /** Base address of the central process. */
  to: string;
  /** Bearer token of role `collector`. */
  token: string;
  capacityBytes: number;
  /** Batches of one request together; under the receiver's `http.bodyBytes`. */
  requestBytes?: number;
  /** Requests under way at once; one fid always uses the same lane, which keeps its order. */
  lanes?: number;
  retryMs?: { first: number; max: number };
  onRetry?: (why: string, attempt: number) => void;
}

interface Entry {
  batch: Buffer;
  resolve: () => void;
  reject: (error: unknown) => void;
}

const compress = promisify(zstdCompress);
/** The collector has waited for its acknowledgements by then; together they end before an orchestrator's 10 s. */
const CLOSE_MS = 2_000;

/**
 * The publishing half of a bus towards `POST /api/v1/collect` of a central process, which answers when its store has the batches.
 * 429, 503, other failures and a network that is away are back-pressure: the same request is sent again until it is taken.
 */
export function createHttpBus(options: HttpBusOptions): Bus {
  const url = new URL('/api/v1/collect', options.to);
  const requestBytes = options.requestBytes ?? 4 << 20;
  const retry = options.retryMs ?? { first: 200, max: 10_000 };
  const lanes = Array.from({ length: options.lanes ?? 4 }, () => ({
    queue: [] as Entry[],
    running: null as Promise<void> | null,
  }));
  const gate = createByteGate(options.capacityBytes);
  const stop = new AbortController();

  /** Null when taken, else why not and how long the receiver asks to wait. */
  async function post(body: Buffer): Promise<{ why: string; afterMs: number } | null> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: {
          authorization: `Bearer ${options.token}`,
          'content-type': 'application/x-fleetlog-batch',
          'content-encoding': 'zstd',
        },
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]),
        redirect: 'error',
      });
      const text = await answer.text();
      if (answer.ok) return null;
      const after = Number(answer.headers.get('retry-after'));
      return { why: `${answer.status} ${text.slice(0, 200)}`, afterMs: Number.isFinite(after) ? after * 1000 : 0 };
    } catch (error) {
      return {
        why: error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error),
        afterMs: 0,
      };
    }
  }

  async function send(group: Entry[]): Promise<boolean> {
    const plain = group.length === 1 ? group[0].batch : Buffer.concat(group.map((entry) => entry.batch));
    const body = await compress(plain, { params: { [zlib.ZSTD_c_compressionLevel]: 1 } });
    for (let attempt = 1; ; attempt++) {
      const refused = await post(body);
      if (!refused) return true;
      if (stop.signal.aborted) return false;
      options.onRetry?.(refused.why, attempt);
      // Full jitter, so that a fleet does not come back in step.
      const backoff = Math.random() * Math.min(retry.max, retry.first * 2 ** Math.min(attempt, 12));
      await pauseFor(Math.max(refused.afterMs, backoff), stop.signal);
    }
  }

  async function drain(lane: (typeof lanes)[number]): Promise<void> {
    while (lane.queue.length > 0) {
      let bytes = 0;
      let n = 0;
      while (n < lane.queue.length && (n === 0 || bytes + lane.queue[n].batch.length <= requestBytes)) {
        bytes += lane.queue[n++].batch.length;
      }
      const group = lane.queue.splice(0, n);
      const taken = await send(group);
      for (const entry of group) {
        gate.leave(entry.batch.length);
        if (taken) entry.resolve();
        else entry.reject(new FleetlogError('closed', 'cannot publish: the bus is closed'));
      }
    }
  }

  function kick(lane: (typeof lanes)[number]): void {
    if (lane.running || lane.queue.length === 0) return;
    lane.running = Promise.resolve()
      .then(() => drain(lane))
      .finally(() => {
        lane.running = null;
        kick(lane);
      });
  }

  function laneOf(batch: Buffer): (typeof lanes)[number] {
    let hash = 0;
    for (const char of batchKey(batch)) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
    return lanes[hash % lanes.length];
  }

  return {
    publish(batch, signal) {
      return new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          const lane = laneOf(batch);
          lane.queue.push({ batch, resolve, reject });
          kick(lane);
        };
        gate.wait(batch.length, enter, reject, signal);
      });
    },
    consume: () => Promise.reject(new FleetlogError('unavailable', 'cannot consume: an HTTP bus only publishes')),
    tap: () => ({ close: async () => {} }),
    pendingBytes: gate.bytes,
    async close() {
      gate.close();
      // What was accepted gets a bounded time to land; the files still have it after that.
      const timer = setTimeout(() => stop.abort(), CLOSE_MS);
      while (lanes.some((lane) => lane.running)) await Promise.all(lanes.map((lane) => lane.running));
      clearTimeout(timer);
      stop.abort();
    },
  };
}
