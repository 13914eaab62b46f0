import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { startCollector } from '../collector/collector.ts';
import { createDiscovery } from '../collector/discover/discovery.ts';
import { startEventPublisher } from '../collector/events/publisher.ts';
import { type Stats, startStats } from '../collector/stats/stats.ts';
import { createDirectoryWatcher } from '../collector/watch.ts';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import type { Bus } from '../transport/bus.ts';
import { exposeCounters } from './compose-telemetry.ts';
import { VERSION } from './version.ts';

/** Figures of the collector that may fall; the rest only grow. */
const GAUGES = [
  'in_flight_bytes',
  'open_files',
  'files_waiting',
  'spool_bytes',
  'journal_bytes',
  'checkpoint_broken',
  'directories_unwatched',
];

const STATS_GAUGES = ['containers', 'round_ms'];

export interface Collecting {
  docker: { reachable: boolean; reason?: string };
  containers: number;
  files: number;
}

export interface RunningCollector {
  collecting(): Collecting;
  counters(): Record<string, number>;
  close(): Promise<void>;
}

/** Everything that reads on this host, publishing to `bus`, which stays open. */
export async function startCollecting(parts: {
  config: Config;
  /** Already resolved: never empty. */
  host: string;
  dataDir: string;
  bus: Bus;
  clock: Clock;
  log: Logger;
  telemetry: Registry;
}): Promise<RunningCollector> {
  const { config, host, bus, clock, telemetry } = parts;
  const log = parts.log.child({ part: 'collector' });
  const collectorConfig = { ...config.collector, host };
  const watcher = createDirectoryWatcher({ sweepMs: config.collector.sweepMs, log });
  const stateDir = join(parts.dataDir, 'collector');
  const events = await startEventPublisher({ bus, stateDir, host, log, clock });
  const discovery = createDiscovery({
    config: collectorConfig,
    host,
    watcher,
    clock,
    log,
    eventsSinceUs: events.lastEventUs(),
  });
  let stats: Stats | null = null;
  const collector = await startCollector({
    config: collectorConfig,
    retentionDays: Math.max(config.retention.days, ...config.retention.classes.map((c) => c.days)),
    bus,
    stateDir,
    discovery,
    clock,
    log,
    version: VERSION,
    watcher,
    onEvent(event) {
      events.publish(event);
      stats?.event(event);
    },
  });
  stats = startStats({
    config: collectorConfig,
    host,
    bus,
    discovery,
    clock,
    log,
    onEvent: (event) => events.publish(event),
  });
  const measuring = stats;
  exposeCounters(telemetry, 'collector', GAUGES, () => collector.counters());
  exposeCounters(telemetry, 'collector_events', ['waiting'], () => events.counters());
  exposeCounters(telemetry, 'collector_stats', STATS_GAUGES, () => measuring.counters());
  return {
    collecting: () => ({
      docker: discovery.docker(),
      containers: discovery.containers().length,
      files: collector.ledger().length,
    }),
    counters: () => collector.counters(),
    async close() {
      // It takes no new turn from now on; what is on its way may take as long as the lines.
      const measured = measuring.close();
      await discovery.close();
      await collector.close();
      await measured;
      await events.close();
      watcher.close();
    },
  };
}
