import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { ensureCliToken } from '../api/auth/cli-token.ts';
import type { Mover } from '../api/mover.ts';
import { type Api, createApi } from '../api/server.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { FleetlogError, isCode } from '../model/errors.ts';
import { openDataDir } from '../store/sqlite/data-dir.ts';
import type { Bus } from '../transport/bus.ts';
import { type OpenBus, openInnerBus, openOuterBus } from './compose-bus.ts';
import { type Collecting, type RunningCollector, startCollecting } from './compose-collector.ts';
import { startIngesting } from './compose-ingest.ts';
import { startMaintenance } from './compose-maintenance.ts';
import {
  type Check,
  type Readiness,
  type ReadinessState,
  sendingCheck,
  startReadiness,
  stateCheck,
  storeCheck,
} from './compose-readiness.ts';
import { type RoleServer, startRoleServer } from './compose-role-server.ts';
import { type OpenStores, openElasticsearch, openStores } from './compose-stores.ts';
import { createBackgroundMover } from './move/background-mover.ts';
import { VERSION } from './version.ts';

export interface Roles {
  collector: boolean;
  ingest: boolean;
  api: boolean;
}

export interface Fleetlog {
  /** Where the API (or a role's own health and metrics) listens. */
  url: string;
  /** The link that creates the first user, while there is none. */
  setupUrl: string | null;
  /** What is being collected right now, for the banner. */
  collecting(): Collecting | null;
  close(): Promise<void>;
}

const DASHBOARD = fileURLToPath(new URL('../dashboard/dist', import.meta.url));
/** How long a central process lets a batch from elsewhere wait for room before it answers 503. */
const COLLECT_WAIT_MS = 5_000;

/** Parts are closed in the order data flows: what a stage still holds lands in the next one before that closes. */
type Closer = () => Promise<void> | void;

/** What every part is made with. */
interface Ground {
  config: Config;
  dataDir: string;
  clock: Clock;
  log: Logger;
  telemetry: Registry;
}

/** The only place that chooses implementations and wires them. Two of these can run in one process. */
export async function startFleetlog(options: {
  config: Config;
  roles: Roles;
  log: Logger;
  clock?: Clock;
}): Promise<Fleetlog> {
  const { config, roles, log } = options;
  const clock = options.clock ?? systemClock;
  const telemetry = new Registry();
  const closers: Closer[] = [];
  let readiness: Readiness | null = null;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= end());

  async function end(): Promise<void> {
    readiness?.stopping();
    if (roles.api && config.http.drainMs > 0) await new Promise((resolve) => setTimeout(resolve, config.http.drainMs));
    await closeAll(closers, log);
    readiness?.close();
  }

  try {
    const dataDir = await openDataDir(config.dataDir);
    closers.unshift(() => dataDir.close());
    const ground: Ground = { config, dataDir: dataDir.path, clock, log, telemetry };
    const checks: Record<string, Check> = {};
    const state = (): ReadinessState => readiness?.state() ?? { ready: false, parts: {} };
    const stores = roles.ingest || roles.api ? await openStores(ground) : null;
    if (stores) closers.unshift(stores.close);
    // The door of a role alone closes last, so that its health can be asked while everything else ends.
    const roleDoor = servesApi(config, roles)
      ? null
      : await startRoleServer({ ...ground, readiness: state, ...figures(stores) });
    if (roleDoor) closers.unshift(() => roleDoor.close());
    let inner: OpenBus | null = null;
    if (stores) {
      const opened = await openInnerBus(ground);
      inner = opened;
      closers.unshift(() => opened.bus.close());
      checks.store = storeCheck(stores.store, roles.ingest);
      checks.state = stateCheck(stores.state);
      checks.bus = opened.check;
      closers.unshift(...(await keep(ground, roles, stores, opened.bus)));
    }
    let collector: RunningCollector | null = null;
    if (roles.collector) {
      const outer = await openOuterBus(ground, inner);
      if (outer.own) {
        closers.unshift(() => outer.bus.close());
        checks.bus ??= outer.check;
      }
      const host = config.collector.host || hostname();
      const collecting = await startCollecting({ ...ground, host, bus: outer.bus });
      collector = collecting;
      closers.unshift(collecting.close);
      checks.collector = sendingCheck(collecting.counters, clock);
    }
    readiness = await startReadiness({ checks, clock });
    // The listener of people and shippers opens last, and closes first: nobody is let in before everything behind it works.
    const api = stores && inner && !roleDoor ? await serve(ground, roles, stores, inner.bus, state) : null;
    if (api) closers.unshift(() => api.close());
    const { url } = await (api ?? (roleDoor as RoleServer)).listen();
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

/** An ingest alone takes batches over HTTP, and so serves the API, unless they come over Kafka. */
function servesApi(config: Config, roles: Roles): boolean {
  return roles.api || (roles.ingest && config.kafka.brokers.length === 0);
}

function figures(stores: OpenStores | null): { figures?: () => Promise<Record<string, number>> } {
  return stores ? { figures: async () => (await stores.store.stats()).telemetry } : {};
}

/** What looks after the stores: ingest where it is a role, and maintenance. */
async function keep(ground: Ground, roles: Roles, stores: OpenStores, bus: Bus): Promise<Closer[]> {
  const { config, log } = ground;
  const { store, state, samples, shared } = stores;
  // The API of a fleet only reads.
  if (shared && !roles.ingest) return [];
  const maintenance = startMaintenance({
    store,
    everyMs: config.retention.maintainMs,
    log: log.child({ part: 'store' }),
    ...(shared && { shared: { state, holder: randomUUID() } }),
  });
  const closers: Closer[] = [() => maintenance.close()];
  if (roles.ingest) {
    const ingest = await startIngesting({ ...ground, bus, store, state, samples });
    closers.unshift(() => ingest.close());
    // In process, what was accepted is stored first; over Kafka it stays with the brokers.
    if (config.kafka.brokers.length === 0) closers.unshift(() => bus.close());
  }
  return closers;
}

async function serve(
  ground: Ground,
  roles: Roles,
  stores: OpenStores,
  bus: Bus,
  readiness: () => ReadinessState,
): Promise<Api> {
  const { config, dataDir, clock, telemetry } = ground;
  const { store, state, metrics, shared } = stores;
  const log = ground.log.child({ part: 'api' });
  await ensureCliToken({ dataDir, state });
  const takesBatches = roles.ingest || config.kafka.brokers.length > 0;
  return createApi({
    config,
    store,
    state,
    metrics,
    bus,
    clock,
    log,
    version: VERSION,
    dashboardDir: roles.api ? DASHBOARD : null,
    telemetry,
    readiness,
    ...(takesBatches && { collect: (batch: Buffer) => publishSoon(bus, batch) }),
    ...(!shared && { mover: moverOf(ground, stores) }),
  });
}

async function publishSoon(bus: Bus, batch: Buffer): Promise<void> {
  try {
    await bus.publish(batch, AbortSignal.timeout(COLLECT_WAIT_MS));
  } catch (error) {
    if (isCode(error, 'cancelled'))
      throw new FleetlogError('store_busy', undefined, { hint: 'send it again later', cause: error });
    throw error;
  }
}

function moverOf({ config, clock, log }: Ground, from: OpenStores): Mover {
  const part = log.child({ part: 'move' });
  return createBackgroundMover({
    from,
    clock,
    log: part,
    async open({ elasticsearch, retention }) {
      const to = await openElasticsearch({ config: { ...config, elasticsearch, retention }, clock, log: part });
      const nodes = elasticsearch.nodes.map((node) => new URL(node).host);
      return { ...to, name: `${elasticsearch.prefix} at ${nodes.join(', ')}` };
    },
  });
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
