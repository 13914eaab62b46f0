import type { Logger } from 'pino';
import type { LogStore } from '../store/log-store.ts';
import type { StateStore } from '../store/state-store.ts';

/** A process that maintains a shared store goes on doing so until it has missed this many turns. */
const MISSED_TURNS = 3;

/**
 * Runs the store's maintenance now and then, one run at a time; `close` waits for the run under way. Where several processes share the store,
 * the one that holds the lease does it.
 */
export function startMaintenance(options: {
  store: LogStore;
  everyMs: number;
  log: Logger;
  shared?: { state: StateStore; holder: string };
}): {
  close(): Promise<void>;
} {
  const { store, everyMs, log, shared } = options;
  let running: Promise<void> | null = null;

  async function mine(): Promise<boolean> {
    if (!shared) return true;
    return (await shared.state.lease('maintenance', everyMs * MISSED_TURNS, shared.holder)) !== null;
  }

  async function maintain(): Promise<void> {
    try {
      if (!(await mine())) return;
      const report = await store.maintain();
      if (report.segmentsRemoved > 0 || report.merged > 0 || report.notes.length > 0)
        log.info({ report }, 'maintained the store');
    } catch (error) {
      log.error({ err: error }, 'cannot maintain the store');
    }
  }

  const timer = setInterval(() => {
    running ??= maintain().finally(() => {
      running = null;
    });
  }, everyMs);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
