import { matchesAnything } from '../../model/glob.ts';
import { CONTAINER_SERIES, HOST_SERIES } from '../../model/sample-names.ts';
import { allowsEverything } from '../metric-scope.ts';
import type { MetricFilter, MetricLabel, MetricName, MetricRequest } from '../metric-store.ts';
import { duration, type Matcher, selector } from './promql.ts';
import { scopeBranches } from './scope-branches.ts';

/** A series whose growth by the second is the figure, or that is the figure itself. */
interface Measured {
  series: string;
  rate: boolean;
}

const rate = (series: string): Measured => ({ series, rate: true });
const value = (series: string): Measured => ({ series, rate: false });
const { memory_bytes, memory_limit_bytes, cpu_periods, cpu_throttled_periods } = CONTAINER_SERIES;

/** Lines and bytes as ingest counts them: each process counts its own, so they are added up. */
const LINES: Partial<Record<MetricName, string>> = {
  log_lines_per_second: 'fleetlog_log_lines_total',
  log_bytes_per_second: 'fleetlog_log_bytes_total',
};
/** Of a container or host two processes may show the same for a moment: it counts once. */
const MEASURED: Partial<Record<MetricName, Measured>> = {
  cpu_cores: rate(CONTAINER_SERIES.cpu_seconds),
  cpu_limit_cores: value(CONTAINER_SERIES.cpu_limit_cores),
  memory_bytes: value(memory_bytes),
  memory_limit_bytes: value(memory_limit_bytes),
  net_rx_bytes_per_second: rate(CONTAINER_SERIES.net_rx_bytes),
  net_tx_bytes_per_second: rate(CONTAINER_SERIES.net_tx_bytes),
  disk_read_bytes_per_second: rate(CONTAINER_SERIES.disk_read_bytes),
  disk_write_bytes_per_second: rate(CONTAINER_SERIES.disk_write_bytes),
  disk_used_bytes: value(CONTAINER_SERIES.disk_used_bytes),
  pids: value(CONTAINER_SERIES.pids),
  restarts: value(CONTAINER_SERIES.restarts),
  // How many so far, as the embedded store has it.
  oom_kills: value(CONTAINER_SERIES.oom_kills),
  host_cpu_cores: rate(HOST_SERIES.cpu_seconds),
  host_cpu_total_cores: value(HOST_SERIES.cpu_cores),
  host_load: value(HOST_SERIES.load),
  host_memory_bytes: value(HOST_SERIES.memory_bytes),
  host_memory_total_bytes: value(HOST_SERIES.memory_total_bytes),
  host_disk_used_bytes: value(HOST_SERIES.disk_used_bytes),
  host_disk_total_bytes: value(HOST_SERIES.disk_total_bytes),
  host_disk_read_bytes_per_second: rate(HOST_SERIES.disk_read_bytes),
  host_disk_write_bytes_per_second: rate(HOST_SERIES.disk_write_bytes),
  host_net_rx_bytes_per_second: rate(HOST_SERIES.net_rx_bytes),
  host_net_tx_bytes_per_second: rate(HOST_SERIES.net_tx_bytes),
};
const RATIOS: Partial<Record<MetricName, [over: Measured, under: Measured]>> = {
  cpu_ratio: [rate(CONTAINER_SERIES.cpu_seconds), value(CONTAINER_SERIES.cpu_limit_cores)],
  cpu_throttled_ratio: [rate(cpu_throttled_periods), rate(cpu_periods)],
  memory_ratio: [value(memory_bytes), value(memory_limit_bytes)],
};

export const PROMETHEUS_METRICS = [
  ...Object.keys(LINES),
  ...Object.keys(MEASURED),
  ...Object.keys(RATIOS),
] as MetricName[];

export const countsLines = (metric: MetricName): boolean => LINES[metric] !== undefined;

/**
 * The figure at a moment by these labels, rates over `window` (µs). Alternatives of scopes are joined by `or`, which takes a series that several of
 * them select once. Null when the scopes allow nothing.
 */
export function expression(
  request: Pick<MetricRequest, 'metric' | 'filter' | 'scopes'>,
  by: readonly MetricLabel[],
  window: number,
): string | null {
  const { metric, filter, scopes } = request;
  const host = metric.startsWith('host_');
  const branches = host ? (allowsEverything(scopes) ? [[]] : []) : scopeBranches(scopes);
  if (branches.length === 0) return null;
  const filters = filterMatchers(filter);
  const alternatives = ({ series, rate: grows }: Measured): string =>
    branches
      .map((branch) => selector(series, [...branch, ...filters]))
      .map((one) => (grows ? `rate(${one}[${duration(window)}])` : one))
      .join(' or ');
  const sum = `sum${by.length === 0 ? '' : ` by (${by.join(', ')})`}`;
  const lines = LINES[metric];
  if (lines !== undefined) return `${sum} (${alternatives(rate(lines))})`;
  const once = (one: Measured): string =>
    `max by (${host ? 'host' : 'app, env, host, container'}) (${alternatives(one)})`;
  const ratio = RATIOS[metric];
  if (ratio === undefined) return `${sum} (${once(MEASURED[metric] as Measured)})`;
  const [over, under] = ratio.map(once);
  return `${sum} (${over} and ${under}) / ${sum} (${under} and ${over})`;
}

function filterMatchers(filter: MetricFilter): Matcher[] {
  return (Object.keys(filter) as (keyof MetricFilter)[]).flatMap((label) => {
    const patterns = filter[label] ?? [];
    return patterns.length === 0 || patterns.some(matchesAnything) ? [] : [{ label, patterns }];
  });
}
