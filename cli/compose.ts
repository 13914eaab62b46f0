import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { ensureCliToken } from '../api/auth/cli-token.ts';
import { type Api, createApi } from '../api/server.ts';
import { startCollector } from '../collector/collector.ts';
import { createDiscovery } from '../collector/discover/discovery.ts';
import { startEventPublisher } from '../collector/events/publisher.ts';
import { createDirectoryWatcher } from '../collector/watch.ts';
import { createDeadLetters } from '../ingest/dead-letters.ts';
import { startIngest } from '../ingest/ingest.ts';
import { createStatusKeeper } from '../ingest/status-keeper.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { FleetlogError, isCode } from '../model/errors.ts';
import { createEmbeddedLogStore } from '../store/embedded/log-store.ts';
import type { LogStore } from '../store/log-store.ts';
import { openDataDir } from '../store/sqlite/data-dir.ts';
import { createSqliteStateStore } from '../store/sqlite/state-store.ts';
import type { StateStore } from '../store/state-store.ts';
import type { Bus } from '../transport/bus.ts';
import { createHttpBus } from '../transport/http-bus.ts';
import { createMemoryBus } from '../transport/memory-bus.ts';
import { startMaintenance } from './compose-maintenance.ts';
import { startRoleServer } from './compose-role-server.ts';
import { exposeCounters } from './compose-telemetry.ts';
import { VERSION } from './version.ts';

export interface Roles {
  collector: boolean;
  ingest: boolean;
  api: boolean;
}

export interface Fleetlog {
  /** Where the API (or a collector's own health and metrics) listens. */
  url: string;
  /** The link that creates the first user, while there is none. */
  setupUrl: string | null;
  /** What is being collected right now, for the banner. */
  collecting(): { docker: { reachable: boolean; reason?: string }; containers: number; files: number } | null;
  close(): Promise<void>;
}

const DASHBOARD = fileURLToPath(new URL('../dashboard/dist', import.meta.url));
/** How long a central process lets a collector's batch wait for room before it answers 503. */
const COLLECT_WAIT_MS = 5_000;

/** Figures of the collector that may fall; the rest only grow. */
const COLLECTOR_GAUGES = [
  'in_flight_bytes',
  'open_files',
  'files_waiting',
  'spool_bytes',
  'journal_bytes',
  'checkpoint_broken',
  'directories_unwatched',
];

/** Parts are closed in the order data flows: what a stage still holds lands in the next one before that closes. */
type Closer = () => Promise<void> | void;

/** The only place that chooses implementations and wires them. Two of these can run in one process. */
export async function startFleetlog(options: {
  config: Config;
  roles: Roles;
  log: Logger;
  clock?: Clock;
}): Promise<Fleetlog> {
  const { config, roles, log } = options;
  const clock = options.clock ?? systemClock;
  const closers: Closer[] = [];
  const telemetry = new Registry();
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= closeAll(closers, log));

  try {
    const dataDir = await openDataDir(config.dataDir);
    closers.unshift(() => dataDir.close());
    let api: Api | null = null;
    let inner: Bus | null = null;
    if (roles.ingest || roles.api) {
      const state = await createSqliteStateStore({ file: join(dataDir.path, 'state.db'), clock });
      closers.unshift(() => state.close());
      await ensureCliToken({ dataDir: dataDir.path, state });
      const store = await createEmbeddedLogStore({
        dir: join(dataDir.path, 'store'),
        store: config.store,
        retention: config.retention,
        clock,
        log: log.child({ part: 'store' }),
      });
      closers.unshift(() => store.close());
      const maintenance = startMaintenance({
        store,
        everyMs: config.retention.maintainMs,
        log: log.child({ part: 'store' }),
      });
      closers.unshift(() => maintenance.close());
      inner = createMemoryBus({ capacityBytes: config.bus.capacityBytes });
      if (roles.ingest)
        closers.unshift(
          ...(await ingest({ config, dataDir: dataDir.path, bus: inner, store, state, clock, log, telemetry })),
        );
      api = await serve({ config, store, state, bus: inner, roles, clock, log, telemetry });
    }
    const collector = roles.collector
      ? await collect({ config, dataDir: dataDir.path, inner, clock, log, telemetry })
      : null;
    if (collector) closers.unshift(collector.close);
    // The listener opens last, and closes first: nobody is let in before everything behind it works.
    const door = api ?? (await startRoleServer({ config, telemetry }));
    closers.unshift(() => door.close());
    const { url } = await door.listen();
    return {
      url,
      setupUrl: api ? await api.setupUrl() : null,
      collecting: () => collector?.collecting() ?? null,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface IngestParts {
  config: Config;
  dataDir: string;
  bus: Bus;
  store: LogStore;
  state: StateStore;
  clock: Clock;
  log: Logger;
  telemetry: Registry;
}

async function ingest(parts: IngestParts): Promise<Closer[]> {
  const { config, bus, store, state, clock, log, telemetry } = parts;
  const deadLetters = await createDeadLetters({
    dir: join(parts.dataDir, 'dead-letters'),
    maxBytes: config.ingest.deadLetterBytes,
    nowUs: clock.nowUs,
  });
  const longestDays = Math.max(config.retention.days, ...config.retention.classes.map((c) => c.days));
  const running = await startIngest({
    bus,
    store,
    statuses: createStatusKeeper({ state, clock, retentionDays: longestDays }),
    deadLetters,
    clock,
    log: log.child({ part: 'ingest' }),
  });
  exposeCounters(telemetry, 'ingest', ['lagMs', 'deadLetterBytes'], () => ({
    ...running.counters(),
    deadLetterBytes: deadLetters.counts().bytes,
  }));
  return [() => bus.close(), () => running.close()];
}

async function serve(parts: Omit<IngestParts, 'dataDir'> & { roles: Roles }): Promise<Api> {
  const { config, bus, roles } = parts;
  return createApi({
    config,
    store: parts.store,
    state: parts.state,
    bus,
    clock: parts.clock,
    log: parts.log.child({ part: 'api' }),
    version: VERSION,
    dashboardDir: roles.api ? DASHBOARD : null,
    telemetry: parts.telemetry,
    readiness: () => ({ ready: true, parts: { store: 'open', bus: `${bus.pendingBytes()} bytes pending` } }),
    collect: roles.ingest
      ? async (batch) => {
          try {
            await bus.publish(batch, AbortSignal.timeout(COLLECT_WAIT_MS));
          } catch (error) {
            if (isCode(error, 'cancelled'))
              throw new FleetlogError('store_busy', undefined, { hint: 'send it again later', cause: error });
            throw error;
          }
        }
      : undefined,
  });
}

interface CollectParts {
  config: Config;
  dataDir: string;
  /** The in-process bus, when this process also ingests. */
  inner: Bus | null;
  clock: Clock;
  log: Logger;
  telemetry: Registry;
}

async function collect(
  parts: CollectParts,
): Promise<{ collecting(): ReturnType<Fleetlog['collecting']>; close: Closer }> {
  const { config, clock, telemetry } = parts;
  const log = parts.log.child({ part: 'collector' });
  const host = config.collector.host || hostname();
  const collectorConfig = { ...config.collector, host };
  const outer = config.collector.to
    ? createHttpBus({
        to: config.collector.to,
        token: config.collector.token,
        capacityBytes: config.bus.capacityBytes,
        onRetry: (why, attempt) =>
          log.warn(
            { why, attempt, to: config.collector.to },
            'the central process did not take a batch; sending it again',
          ),
      })
    : null;
  const bus = outer ?? parts.inner;
  if (!bus) {
    throw new FleetlogError('bad_config', 'cannot start a collector alone: it has nowhere to send', {
      hint: 'set collector.to to the address of a central Fleetlog and collector.token to a token of role collector',
    });
  }
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
    onEvent: (event) => events.publish(event),
  });
  exposeCounters(telemetry, 'collector', COLLECTOR_GAUGES, () => collector.counters());
  exposeCounters(telemetry, 'collector_events', ['waiting'], () => events.counters());
  return {
    collecting: () => ({
      docker: discovery.docker(),
      containers: discovery.containers().length,
      files: collector.ledger().length,
    }),
    async close() {
      await discovery.close();
      await collector.close();
      await events.close();
      watcher.close();
      await outer?.close();
    },
  };
}

async function closeAll(closers: Closer[], log: Logger): Promise<void> {
  for (const closer of closers) {
    try {
      await closer();
    } catch (error) {
      log.error({ err: error }, 'cannot close a part cleanly');
    }
  }
}
