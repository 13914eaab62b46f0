import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { isCode } from '../model/errors.ts';
import { createEmbeddedLogStore } from '../store/embedded/log-store.ts';
import { createLogMetricStore } from '../store/log-metric-store.ts';
import type { LogStore } from '../store/log-store.ts';
import type { MetricStore } from '../store/metric-store.ts';
import { createSqliteStateStore } from '../store/sqlite/state-store.ts';
import type { StateStore } from '../store/state-store.ts';

export interface OpenStores {
  store: LogStore;
  state: StateStore;
  metrics: MetricStore;
  /** True when other processes work on the same stores. */
  shared: boolean;
  close(): Promise<void>;
}

export interface StoresOptions {
  config: Config;
  dataDir: string;
  clock: Clock;
  log: Logger;
}

/** Opens what the configuration names: the stores of this data directory, or those of a fleet. */
export async function openStores(options: StoresOptions): Promise<OpenStores> {
  const { config, clock, log } = options;
  const base = config.elasticsearch.nodes.length > 0 ? await openElasticsearch(options) : await openEmbedded(options);
  const { store } = base;
  if (config.prometheus.url === '') return { ...base, metrics: createLogMetricStore({ store, clock }) };
  const { createPrometheusMetricStore } = await import('../store/prometheus/metric-store.ts');
  const metrics = createPrometheusMetricStore({
    prometheus: config.prometheus,
    clock,
    log: log.child({ part: 'metrics' }),
  });
  return {
    ...base,
    metrics,
    async close() {
      await metrics.close();
      await base.close();
    },
  };
}

type LogAndState = Omit<OpenStores, 'metrics'>;

async function openEmbedded({ config, dataDir, clock, log }: StoresOptions): Promise<LogAndState> {
  const state = await createSqliteStateStore({ file: join(dataDir, 'state.db'), clock });
  try {
    const store = await createEmbeddedLogStore({
      dir: join(dataDir, 'store'),
      store: config.store,
      retention: config.retention,
      clock,
      log: log.child({ part: 'store' }),
    });
    const close = async (): Promise<void> => {
      await store.close();
      await state.close();
    };
    return { store, state, shared: false, close };
  } catch (error) {
    await state.close();
    throw error;
  }
}

/** Loaded only here: its client costs a start as much as everything else together. */
export async function openElasticsearch(options: Omit<StoresOptions, 'dataDir'>): Promise<LogAndState> {
  const { config, clock, log } = options;
  const [{ createElasticsearchClient }, { createElasticsearchLogStore }, { createElasticsearchStateStore }] =
    await Promise.all([
      import('../store/elasticsearch/client.ts'),
      import('../store/elasticsearch/log-store.ts'),
      import('../store/elasticsearch/state-store.ts'),
    ]);
  const { elasticsearch, retention } = config;
  const part = log.child({ part: 'store' });
  // A connection of its own: people must get in while bulk requests keep the other one busy.
  const client = createElasticsearchClient(elasticsearch);
  let state: StateStore | null = null;
  const close = async (store: LogStore | null): Promise<void> => {
    await store?.close();
    await state?.close();
    await client.close();
  };
  try {
    state = await whenThere(
      () => createElasticsearchStateStore({ client, config: elasticsearch, clock, log: part }),
      part,
    );
    const store = await createElasticsearchLogStore({ elasticsearch, retention, clock, log: part });
    return { store, state, shared: true, close: () => close(store) };
  } catch (error) {
    await close(null);
    throw error;
  }
}

/** How long a start waits for a cluster that is away, as when both are started at once; then it fails, and whoever runs it tries again. */
const AWAY_MS = 45_000;
const RETRY_MS = 2_000;

async function whenThere<T>(open: () => Promise<T>, log: Logger): Promise<T> {
  const until = performance.now() + AWAY_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const away = isCode(error, 'unavailable') || isCode(error, 'store_busy');
      if (!away || performance.now() + RETRY_MS > until) throw error;
      log.warn({ err: error }, 'Elasticsearch is not there yet; trying again');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
