import { FleetlogError } from '../../model/errors.ts';
import { receiveError, startThread } from './thread-calls.ts';
import type { WriterAnswer, WriterCall } from './writer-thread.ts';

/** The writer thread as the main thread sees it. */
export interface Writer {
  /** Rejects with what went wrong in the thread; system errors keep their `code`. */
  call(call: WriterCall): Promise<WriterAnswer>;
  close(): Promise<void>;
}

export function startWriter(dir: string): Writer {
  const worker = startThread('writer-thread', { dir });
  const waiting = new Map<number, { resolve(answer: WriterAnswer): void; reject(error: unknown): void }>();
  let nextId = 1;
  let dead: Error | null = null;

  function die(error: Error): void {
    dead ??= error;
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  }
  worker.on('message', (answer: WriterAnswer) => {
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error) waiter?.reject(receiveError(answer.error));
    else waiter?.resolve(answer);
  });
  worker.on('error', die);
  worker.on('exit', () => die(new FleetlogError('closed', 'cannot reach the writer thread: it has ended')));

  const call = (request: WriterCall): Promise<WriterAnswer> =>
    new Promise((resolve, reject) => {
      if (dead) return reject(dead);
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, call: request });
    });

  return {
    call,
    async close() {
      if (!dead) await call({ type: 'close' }).catch(() => undefined);
      await worker.terminate();
    },
  };
}
