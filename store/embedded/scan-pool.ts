import type { Worker } from 'node:worker_threads';
import { FleetlogError } from '../../model/errors.ts';
import type { Source } from '../../model/source.ts';
import type { Chunk } from './head.ts';
import {
  newScanControl,
  type ScanAnswer,
  type ScanCall,
  type ScanReply,
  type ScanRequest,
  type ScanStats,
  STATE,
  scanControl,
} from './scan-request.ts';
import { receiveError, startThread } from './thread-calls.ts';

/** What a scan looks through; nothing of it may go before the scan is over. */
export interface ScanScope {
  units: SharedArrayBuffer;
  chunks: Chunk[];
  /** Numbers of the sources of those chunks. */
  sources: Iterable<number>;
}

export interface ScanOutcome {
  answers: ScanAnswer[];
  stats: ScanStats;
  damaged: ScanReply['damaged'];
  timedOut: boolean;
  /** Best scalar that was not looked at, when time ran out. */
  unseen: number | undefined;
}

export interface ScanPool {
  /** Rejects with `cancelled` when the signal fires and with the first error of a thread. */
  scan(
    request: ScanRequest,
    scope: ScanScope,
    limits: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<ScanOutcome>;
  forget(what: { segments?: number[]; chunks?: number[]; sources?: number[] }): void;
  close(): Promise<void>;
}

interface Thread {
  worker: Worker;
  waiting: Map<number, { resolve(reply: ScanReply): void; reject(error: unknown): void }>;
  /** Source numbers it has been told. */
  told: Set<number>;
}

export function startScanPool(dir: string, size: number, sourceOf: (number: number) => Source | undefined): ScanPool {
  const threads = Array.from({ length: size }, () => startOne());
  let nextId = 1;
  let closing = false;

  function startOne(): Thread {
    const thread: Thread = { worker: startThread('scan-thread', { dir }), waiting: new Map(), told: new Set() };
    thread.worker.on('message', (reply: ScanReply) => {
      const waiter = thread.waiting.get(reply.id);
      thread.waiting.delete(reply.id);
      if (reply.error) waiter?.reject(receiveError(reply.error));
      else waiter?.resolve(reply);
    });
    const die = (error: Error): void => {
      for (const { reject } of thread.waiting.values()) reject(error);
      thread.waiting.clear();
      // A thread that dies (out of memory) fails its scans; the next ones get a new thread.
      const at = threads.indexOf(thread);
      if (!closing && at >= 0) threads[at] = startOne();
    };
    thread.worker.on('error', die);
    thread.worker.on('exit', () => {
      if (thread.waiting.size > 0) die(new FleetlogError('unavailable', 'cannot scan: a scan thread has ended'));
    });
    return thread;
  }

  function send(thread: Thread, call: Extract<ScanCall, { type: 'scan' }>, scope: ScanScope): Promise<ScanReply> {
    for (const number of scope.sources) {
      if (thread.told.has(number)) continue;
      const source = sourceOf(number);
      if (!source) continue;
      thread.told.add(number);
      call.sources.push([number, source]);
    }
    return new Promise((resolve, reject) => {
      thread.waiting.set(call.id, { resolve, reject });
      thread.worker.postMessage(call);
    });
  }

  async function scan(
    request: ScanRequest,
    scope: ScanScope,
    limits: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<ScanOutcome> {
    const { signal, timeoutMs } = limits;
    if (closing) throw new FleetlogError('closed', 'cannot scan: the store is closed');
    if (signal?.aborted) throw new FleetlogError('cancelled', 'cannot go on: the caller went away');
    const control = newScanControl();
    const { words } = scanControl(control);
    const stop = (state: number): void => {
      Atomics.compareExchange(words, 0, STATE.RUN, state);
    };
    const cancel = (): void => stop(STATE.CANCEL);
    signal?.addEventListener('abort', cancel, { once: true });
    if (timeoutMs !== undefined && timeoutMs <= 0) stop(STATE.TIME_OUT);
    const timer = timeoutMs === undefined ? null : setTimeout(() => stop(STATE.TIME_OUT), timeoutMs);
    const chunks = scope.chunks.map(({ id, shared, visible }) => ({ id, shared, bytes: visible }));
    try {
      // All threads must have let go before the scope may be released, whatever one of them ran into.
      const settled = await Promise.allSettled(
        threads.map((thread) =>
          send(
            thread,
            { type: 'scan', id: nextId++, request, control, units: scope.units, chunks, sources: [] },
            scope,
          ).catch((error: unknown) => {
            cancel();
            throw error;
          }),
        ),
      );
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      const replies = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (Atomics.load(words, 0) === STATE.CANCEL)
        throw new FleetlogError('cancelled', 'cannot go on: the caller went away');
      return merge(replies);
    } finally {
      if (timer) clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  return {
    scan,
    forget({ segments = [], chunks = [], sources = [] }) {
      for (const thread of threads) {
        for (const number of sources) thread.told.delete(number);
        thread.worker.postMessage({ type: 'forget', segments, chunks, sources } satisfies ScanCall);
      }
    },
    async close() {
      closing = true;
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
      for (const { waiting } of threads)
        for (const { reject } of waiting.values())
          reject(new FleetlogError('closed', 'cannot scan: the store is closed'));
    },
  };
}

function merge(replies: ScanReply[]): ScanOutcome {
  const stats = { blocksRead: 0, blocksTotal: 0, bytesRead: 0 };
  let unseen: number | undefined;
  for (const reply of replies) {
    stats.blocksRead += reply.stats.blocksRead;
    stats.blocksTotal += reply.stats.blocksTotal;
    stats.bytesRead += reply.stats.bytesRead;
    if (reply.unseen !== undefined) unseen = Math.max(unseen ?? Number.NEGATIVE_INFINITY, reply.unseen);
  }
  return {
    answers: replies.flatMap(({ answer }) => (answer ? [answer] : [])),
    stats,
    damaged: replies.flatMap(({ damaged }) => damaged),
    timedOut: unseen !== undefined,
    unseen,
  };
}
