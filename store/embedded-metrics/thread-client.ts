import { FleetlogError } from '../../model/errors.ts';
import { receiveError, startThread } from '../embedded/thread-calls.ts';
import type { MetricCall, MetricReply, MetricThreadData } from './metric-thread.ts';

type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

export interface MetricThread {
  /** Rejects with what the work threw, `closed`, or `unavailable` when the thread died. */
  call<T>(work: WithoutCall<MetricCall>): Promise<T>;
  /** After what was handed over. */
  close(): Promise<void>;
}

/** Rejects with `format_newer` or `corrupt`, as `openMetricFile` says. */
export async function startMetricThread(data: MetricThreadData): Promise<MetricThread> {
  const worker = startThread('metric-thread', data, '../embedded-metrics');
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let calls = 0;
  let ended: FleetlogError | null = null;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  function end(error: FleetlogError): void {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }

  function call<T>(work: WithoutCall<MetricCall>): Promise<T> {
    if (ended) return Promise.reject(ended);
    const number = calls++;
    return new Promise<T>((resolve, reject) => {
      waiting.set(number, { resolve: resolve as (value: unknown) => void, reject });
      worker.postMessage({ ...work, call: number });
    });
  }

  const opened = new Promise<void>((resolve, reject) => {
    waiting.set(-1, { resolve: () => resolve(), reject });
  });
  worker.on('error', (cause) =>
    end(new FleetlogError('unavailable', 'cannot keep figures: their thread died', { cause })),
  );
  worker.on('exit', () => end(new FleetlogError('closed', 'cannot use the figures: their store is closed')));
  worker.on('message', (reply: MetricReply) => {
    const waiter = waiting.get(reply.call);
    waiting.delete(reply.call);
    if ('error' in reply) waiter?.reject(receiveError(reply.error));
    else waiter?.resolve(reply.value);
  });
  await opened;

  let closing: Promise<void> | null = null;
  return {
    call,
    close() {
      closing ??= call<void>({ op: 'close' })
        .catch(() => {})
        .then(() => exited);
      return closing;
    },
  };
}
