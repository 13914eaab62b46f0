import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createDeadLetters } from '../ingest/dead-letters.ts';
import { type Ingest, startIngest } from '../ingest/ingest.ts';
import { createLatestSamples } from '../ingest/latest-samples.ts';
import { createLogVolume } from '../ingest/log-volume.ts';
import { exposeLogVolume } from '../ingest/log-volume-metrics.ts';
import { exposeSamples } from '../ingest/sample-metrics.ts';
import { createStatusKeeper } from '../ingest/status-keeper.ts';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import type { DeadLetters } from '../model/dead-letters.ts';
import type { EmbeddedMetricStore } from '../store/embedded-metrics/metric-store.ts';
import type { LogStore } from '../store/log-store.ts';
import type { StateStore } from '../store/state-store.ts';
import type { Bus } from '../transport/bus.ts';
import { startFigures } from './compose-figures.ts';
import { exposeCounters } from './compose-telemetry.ts';

/** Takes what comes over the bus into the store, and shows its figures. */
export async function startIngesting(parts: {
  config: Config;
  dataDir: string;
  bus: Bus;
  store: LogStore;
  state: StateStore;
  samples: EmbeddedMetricStore | null;
  clock: Clock;
  log: Logger;
  telemetry: Registry;
}): Promise<Ingest> {
  const { config, bus, store, state, samples, clock, log, telemetry } = parts;
  const deadLetters = await deadLettersOf(parts);
  const volume = createLogVolume({
    maxSeries: config.ingest.volumeSeries,
    idleMs: config.ingest.volumeIdleMs,
    clock,
  });
  exposeLogVolume(telemetry, volume);
  const latest = createLatestSamples({ clock });
  exposeSamples(telemetry, latest);
  const longestDays = Math.max(config.retention.days, ...config.retention.classes.map((c) => c.days));
  const running = await startIngest({
    bus,
    store,
    statuses: createStatusKeeper({ state, clock, retentionDays: longestDays }),
    deadLetters,
    volume,
    latest,
    ...(samples && { samples }),
    clock,
    log: log.child({ part: 'ingest' }),
  });
  exposeCounters(telemetry, 'ingest', ['lagMs', 'deadLetterBytes'], () => ({
    ...running.counters(),
    deadLetterBytes: deadLetters.counts().bytes,
  }));
  const figures = samples
    ? startFigures({
        ...{ samples, volume, clock, log: log.child({ part: 'metrics' }) },
        everyMs: config.collector.statsMs,
        maintainMs: config.retention.maintainMs,
      })
    : null;
  return {
    counters: () => running.counters(),
    async close() {
      await running.close();
      await figures?.close();
      await deadLetters.close?.();
    },
  };
}

/** Beside the data, or with the brokers, where every ingest process of a fleet leaves them. */
async function deadLettersOf(parts: {
  config: Config;
  dataDir: string;
  clock: Clock;
  log: Logger;
}): Promise<DeadLetters & { close?(): Promise<void> }> {
  const { config, clock, log } = parts;
  const limits = { maxBytes: config.ingest.deadLetterBytes, nowUs: clock.nowUs };
  if (config.kafka.brokers.length === 0)
    return createDeadLetters({ dir: join(parts.dataDir, 'dead-letters'), ...limits });
  const { createKafkaDeadLetters } = await import('../transport/kafka/dead-letters.ts');
  return createKafkaDeadLetters({ kafka: config.kafka, log: log.child({ part: 'ingest' }), ...limits });
}
