import { Worker } from 'node:worker_threads';
import { FleetlogError } from '../../model/errors.ts';
import type { Write, WriteAnswer } from './state-writes.ts';

export interface StateWriterThread {
  /** Resolves when the write is on disk or refused. Rejects with `closed`, or `unavailable` when the thread died. */
  write(write: Write): Promise<WriteAnswer>;
  /** Waits for what was handed over. */
  close(): Promise<void>;
}

/** The package holds compiled files, a checkout has sources. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

interface Waiting {
  resolve: (answer: WriteAnswer) => void;
  reject: (error: unknown) => void;
}

export async function startStateWriterThread(file: string): Promise<StateWriterThread> {
  const worker = new Worker(new URL(`./state-writer.${EXTENSION}`, import.meta.url), { workerData: { file } });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let ended: FleetlogError | null = null;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  function end(error: FleetlogError): void {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }

  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', () => resolve());
  });
  worker.on('error', (cause) =>
    end(new FleetlogError('unavailable', 'cannot write state: its thread died', { cause })),
  );
  worker.on('exit', () => end(new FleetlogError('closed', 'cannot write state: the store is closed')));
  worker.on('message', (answers: WriteAnswer[] | 'closed') => {
    if (answers === 'closed') return;
    for (const answer of answers) {
      waiting.get(answer.call)?.resolve(answer);
      waiting.delete(answer.call);
    }
  });

  return {
    write(write) {
      if (ended) return Promise.reject(ended);
      const call = calls++;
      return new Promise((resolve, reject) => {
        waiting.set(call, { resolve, reject });
        worker.postMessage({ ...write, call });
      });
    },
    async close() {
      if (!ended) worker.postMessage('close');
      await exited;
    },
  };
}
