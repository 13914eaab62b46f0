import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { isCode } from '../model/errors.ts';
import { composeMetricStores } from '../store/composed-metric-store.ts';
import { createEmbeddedLogStore } from '../store/embedded/log-store.ts';
import { createEmbeddedMetricStore, type EmbeddedMetricStore } from '../store/embedded-metrics/metric-store.ts';
import { createLogMetricStore } from '../store/log-metric-store.ts';
import type { LogStore } from '../store/log-store.ts';
import type { MetricStore } from '../store/metric-store.ts';
import { createSqliteStateStore } from '../store/sqlite/state-store.ts';
import type { StateStore } from '../store/state-store.ts';

export interface OpenStores {
  store: LogStore;
  state: StateStore;
  metrics: MetricStore;
  /** Where ingest keeps figures; null where Prometheus scrapes them. */
  samples: EmbeddedMetricStore | null;
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
  const { config } = options;
  const base = config.elasticsearch.nodes.length > 0 ? await openElasticsearch(options) : await openEmbedded(options);
  try {
    const figures = await openFigures(options, base);
    const close = async (): Promise<void> => {
      await figures.metrics.close();
      await base.close();
    };
    return { ...base, ...figures, close };
  } catch (error) {
    await base.close();
    throw error;
  }
}

async function openFigures(
  { config, dataDir, clock, log }: StoresOptions,
  { store }: LogAndState,
): Promise<Pick<OpenStores, 'metrics' | 'samples'>> {
  if (config.prometheus.url === '') {
    const samples = await createEmbeddedMetricStore({
      file: join(dataDir, 'metrics.db'),
      metrics: config.metrics,
      intervalMs: config.collector.statsMs,
      clock,
    });
    return { metrics: composeMetricStores([createLogMetricStore({ store, clock }), samples]), samples };
  }
  const { createPrometheusMetricStore } = await import('../store/prometheus/metric-store.ts');
  const metrics = createPrometheusMetricStore({
    prometheus: config.prometheus,
    clock,
    log: log.child({ part: 'metrics' }),
  });
  return { metrics, samples: null };
}

type LogAndState = Omit<OpenStores, 'metrics' | 'samples'>;

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
