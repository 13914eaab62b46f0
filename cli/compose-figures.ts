import type { Logger } from 'pino';
import type { LogVolume } from '../ingest/log-volume.ts';
import type { Clock } from '../model/clock.ts';
import type { EmbeddedMetricStore } from '../store/embedded-metrics/metric-store.ts';

/** Writes how many bytes were stored since, and looks after the store of figures; one run at a time of each. `close` waits for what is under way. */
export function startFigures(parts: {
  samples: EmbeddedMetricStore;
  volume: LogVolume;
  everyMs: number;
  maintainMs: number;
  clock: Clock;
  log: Logger;
}): { close(): Promise<void> } {
  const { samples, volume, clock, log } = parts;

  function every(ms: number, what: string, work: () => Promise<void>): { close(): Promise<void> } {
    let running: Promise<void> | null = null;
    const timer = setInterval(() => {
      running ??= work()
        .catch((error: unknown) => log.warn({ err: error }, `cannot ${what}`))
        .finally(() => {
          running = null;
        });
    }, ms);
    timer.unref();
    return {
      async close() {
        clearInterval(timer);
        await running;
      },
    };
  }

  const counting = every(parts.everyMs, 'keep figures of lines', () =>
    samples.appendVolume(clock.nowUs(), volume.series()),
  );
  const maintaining = every(parts.maintainMs, 'maintain the store of figures', () => samples.maintain());
  return {
    async close() {
      await counting.close();
      await maintaining.close();
    },
  };
}
