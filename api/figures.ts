import { levelOrdinal } from '../model/level.ts';
import type { MetricFilter, MetricLabel, MetricName, MetricStore } from '../store/metric-store.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiContext } from './context.ts';
import type { ApiFigures, ApiHostFigures } from './contract-figures.ts';
import { scopeQuery } from './scope.ts';

/** How far back a figure may lie to be one of now: several scrapes, and a host that is late. */
const RECENT = 120e6;
/** Errors are counted over more than a minute, so that one that comes now and then does not flicker. */
const ERROR_MINUTES = 5;
const ERROR = levelOrdinal('error');

const METRIC_OF: Record<Exclude<keyof ApiFigures, 'errorsPerMinute'>, MetricName> = {
  cpuCores: 'cpu_cores',
  cpuLimitCores: 'cpu_limit_cores',
  cpuThrottledRatio: 'cpu_throttled_ratio',
  memoryBytes: 'memory_bytes',
  memoryLimitBytes: 'memory_limit_bytes',
  memoryRatio: 'memory_ratio',
  netRxBytesPerSecond: 'net_rx_bytes_per_second',
  netTxBytesPerSecond: 'net_tx_bytes_per_second',
  diskReadBytesPerSecond: 'disk_read_bytes_per_second',
  diskWriteBytesPerSecond: 'disk_write_bytes_per_second',
  diskUsedBytes: 'disk_used_bytes',
  pids: 'pids',
  restarts: 'restarts',
  oomKills: 'oom_kills',
};
const HOST_METRIC_OF: Record<keyof ApiHostFigures, MetricName> = {
  cpuCores: 'host_cpu_cores',
  cpuTotalCores: 'host_cpu_total_cores',
  load: 'host_load',
  memoryBytes: 'host_memory_bytes',
  memoryTotalBytes: 'host_memory_total_bytes',
  diskUsedBytes: 'host_disk_used_bytes',
  diskTotalBytes: 'host_disk_total_bytes',
  diskReadBytesPerSecond: 'host_disk_read_bytes_per_second',
  diskWriteBytesPerSecond: 'host_disk_write_bytes_per_second',
  netRxBytesPerSecond: 'host_net_rx_bytes_per_second',
  netTxBytesPerSecond: 'host_net_tx_bytes_per_second',
};

/** Of a host that nothing is known of, or not to be told. */
export const NO_TOTALS = named<keyof ApiHostFigures>(HOST_METRIC_OF, {});

type Labels = Partial<Record<MetricLabel, string>>;

export interface Figures {
  /** Every label set that has a figure. */
  items: { labels: Labels; figures: ApiFigures }[];
  /** Those of one; all null where nothing is known. */
  of(labels: Labels): ApiFigures;
}

/**
 * What containers use now, added up by these labels, of what the caller may see. A store of figures that is away leaves them null: the list they
 * stand in is worth having without them.
 */
export async function readFigures(
  context: ApiContext,
  principal: Principal,
  by: readonly ('app' | 'env' | 'host' | 'container')[],
  signal: AbortSignal,
  filter: MetricFilter = {},
): Promise<Figures> {
  const [measured, errors] = await Promise.all([
    glance(context, principal, METRIC_OF, by, signal, filter),
    errorsBy(context, principal, by, signal),
  ]);
  const key = (labels: Labels): string => JSON.stringify(by.map((label) => labels[label] ?? ''));
  const known = new Map(measured.map(({ labels, values }) => [key(labels), { labels, values }]));
  const of = (labels: Labels): ApiFigures => ({
    ...named(METRIC_OF, known.get(key(labels))?.values ?? {}),
    errorsPerMinute: errors.get(key(labels)) ?? null,
  });
  return { items: measured.map(({ labels }) => ({ labels, figures: of(labels) })), of };
}

/** Figures of hosts themselves by name; the store gives none to who may not see everything, for they tell what others' apps use. */
export async function readHostFigures(
  context: ApiContext,
  principal: Principal,
  signal: AbortSignal,
): Promise<Map<string, ApiHostFigures>> {
  const items = await glance(context, principal, HOST_METRIC_OF, ['host'], signal, {});
  return new Map(items.map(({ labels, values }) => [labels.host ?? '', named(HOST_METRIC_OF, values)]));
}

async function glance(
  { metrics, clock, config, log }: ApiContext,
  principal: Principal,
  wanted: Record<string, MetricName>,
  by: readonly MetricLabel[],
  signal: AbortSignal,
  filter: MetricFilter,
): Promise<Awaited<ReturnType<MetricStore['glance']>>['items']> {
  const names = Object.values(wanted);
  if (!metrics || !names.every((name) => metrics.metrics.includes(name))) return [];
  const now = clock.nowUs();
  const { timeoutMs } = config.query;
  const scopes = principal.within === null ? [principal.scopes] : [principal.scopes, principal.within];
  try {
    const asked = { metrics: names, by, filter, scopes, from: now - RECENT, to: now, signal, timeoutMs };
    return (await metrics.glance({ ...asked, take: 'newest' })).items;
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn({ err: error }, 'cannot read figures; lists go without them');
    return [];
  }
}

/** Error lines a minute; nothing is said of what wrote no line at all, nor of anything while the store does not answer. */
async function errorsBy(
  { store, clock, config, log }: ApiContext,
  principal: Principal,
  by: readonly ('app' | 'env' | 'host' | 'container')[],
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const now = clock.nowUs();
  const range = { from: now - ERROR_MINUTES * 60e6, to: now };
  const { timeoutMs } = config.query;
  const written = await store
    .sources({ query: scopeQuery(principal), ...range, signal, timeoutMs })
    .catch((error: unknown) => {
      if (signal.aborted) throw error;
      log.warn({ err: error }, 'cannot count error lines; lists go without them');
      return [];
    });
  const sums = new Map<string, number>();
  for (const { source, levels } of written) {
    const labels = { ...source, container: source.containerName };
    const key = JSON.stringify(by.map((label) => labels[label]));
    const errors = levels.slice(ERROR).reduce((sum, n) => sum + n, 0);
    sums.set(key, (sums.get(key) ?? 0) + errors / ERROR_MINUTES);
  }
  return sums;
}

function named<Name extends string>(
  wanted: Record<Name, MetricName>,
  values: Partial<Record<MetricName, number>>,
): Record<Name, number | null> {
  const entries = (Object.keys(wanted) as Name[]).map((name) => [name, values[wanted[name]] ?? null]);
  return Object.fromEntries(entries) as Record<Name, number | null>;
}
