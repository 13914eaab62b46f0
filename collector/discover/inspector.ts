import type { ContainerRecord } from '../docker/record.ts';
import type { Log } from '../log.ts';
import type { ContainerTable } from './container-table.ts';

/** Inspects at once: enough to hide the round trip, few enough for a daemon that is busy. */
const AT_ONCE = 8;
/** A call that failed is made again after this, while its container's events wait. */
const AGAIN_MS = 250;
const TRIES = 4;

export interface Inspector {
  /** Asks the engine who a container is and tells the table; several asks for one container are one call. */
  ask(id: string): void;
  /** Asks for all of them; rejects when the engine cannot be asked. One container it fails on does not stop the others. */
  all(ids: string[]): Promise<void>;
}

export function createInspector(options: {
  inspect(id: string): Promise<ContainerRecord | null>;
  table: Pick<ContainerTable, 'learn' | 'unknown' | 'changes'>;
  log: Log;
  closing: AbortSignal;
}): Inspector {
  const { inspect, table, log, closing } = options;
  const asked = new Map<string, Promise<void>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  async function inspectOne(id: string): Promise<void> {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      const changes = table.changes(id);
      const record = await inspect(id);
      if (record) table.learn(record, changes);
      else table.unknown(id, true);
    } finally {
      running--;
      waiting.shift()?.();
    }
  }

  function ask(id: string, attempt = 1): void {
    if (asked.has(id)) return;
    const call = inspectOne(id)
      .finally(() => asked.delete(id))
      .catch(() => {
        // Out of reach for a moment, or for good: then the events must do without.
        if (closing.aborted) return;
        if (attempt < TRIES) setTimeout(() => ask(id, attempt + 1), AGAIN_MS).unref();
        else table.unknown(id, false);
      });
    asked.set(id, call);
  }

  return {
    ask: (id) => ask(id),
    async all(ids) {
      await Promise.all(
        ids.map((id) =>
          inspectOne(id).catch((error: unknown) => {
            if (closing.aborted || concernsAll(error)) throw error;
            log.warn({ err: error, container: id }, 'cannot inspect container: asking again');
            setTimeout(() => ask(id, 2), AGAIN_MS).unref();
          }),
        ),
      );
    },
  };
}

/** A refusal or a lost connection; other failures (500, a hung container that answers nothing) are one container's own. */
function concernsAll(error: unknown): boolean {
  const { statusCode, code } = error as { statusCode?: number; code?: unknown };
  return statusCode === undefined ? typeof code === 'string' && code !== 'ABORT_ERR' : statusCode < 500;
}
