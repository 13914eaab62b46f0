import type { Logger } from 'pino';
import type { LogStore } from '../store/log-store.ts';

/** Runs the store's maintenance now and then, one run at a time; `close` waits for the run under way. */
export function startMaintenance(options: { store: LogStore; everyMs: number; log: Logger }): {
  close(): Promise<void>;
} {
  let running: Promise<void> | null = null;

  async function maintain(): Promise<void> {
    try {
      const report = await options.store.maintain();
      if (report.segmentsRemoved > 0 || report.merged > 0 || report.notes.length > 0)
        options.log.info({ report }, 'maintained the store');
    } catch (error) {
      options.log.error({ err: error }, 'cannot maintain the store');
    }
  }

  const timer = setInterval(() => {
    running ??= maintain().finally(() => {
      running = null;
    });
  }, options.everyMs);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
