import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openStateFile } from './state-schema.ts';
import { applyWrite, prepareWrites, type WriteAnswer, type WriteRequest } from './state-writes.ts';

/**
 * The writing side of state.db, on a thread of its own because each commit waits for the disk. Writes that arrive while one
 * commit is under way share the next, so a burst costs one sync and not one each.
 */
function serve(port: MessagePort, file: string): void {
  const db = openStateFile(file);
  const statements = prepareWrites(db);
  let queue: WriteRequest[] = [];
  let scheduled = false;

  function commit(): void {
    scheduled = false;
    const group = queue;
    queue = [];
    let answers: WriteAnswer[];
    try {
      db.exec('BEGIN IMMEDIATE');
      answers = group.map((request) => applyWrite(statements, request));
      db.exec('COMMIT');
    } catch (error) {
      try {
        db.exec('ROLLBACK');
      } catch {
        // Nothing was begun; the first error is the one to tell.
      }
      const message = error instanceof Error ? error.message : String(error);
      answers = group.map(({ call }) => ({ call, failed: message }));
    }
    port.postMessage(answers);
  }

  port.on('message', (request: WriteRequest | 'close') => {
    if (request === 'close') {
      if (scheduled) commit();
      db.close();
      port.postMessage('closed');
      port.close();
      return;
    }
    queue.push(request);
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => scheduled && commit());
  });
  port.postMessage('open');
}

if (parentPort) serve(parentPort, (workerData as { file: string }).file);
