import type { ContainerSample } from '../../model/samples.ts';
import { workingSet } from './cgroup-v2.ts';
import { known, scaled } from './parse.ts';

type Values = Partial<Record<ContainerSample, number>>;

const NO_LIMIT = 2 ** 60;

function within(value: unknown, ...path: string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function amount(value: unknown, ...path: string[]): number | undefined {
  const found = within(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : undefined;
}

/**
 * The Docker API's `GET /containers/{id}/stats` in our figures. It knows neither OOM kills nor the CPU limit; a container without a limit has
 * the machine's memory as one, which is left out when `hostMemory` says so.
 */
export function valuesFromEngine(stats: unknown, hostMemory: number | undefined): Values {
  const memory = within(stats, 'memory_stats');
  // Version 1 has sums of the whole tree under `total_`, version 2 only those.
  const cache = amount(memory, 'stats', 'total_inactive_file') ?? amount(memory, 'stats', 'inactive_file');
  const limit = amount(memory, 'limit');
  const nanos = amount(stats, 'cpu_stats', 'cpu_usage', 'total_usage');
  const throttled = within(stats, 'cpu_stats', 'throttling_data');
  const unlimited = limit === undefined || limit >= NO_LIMIT || (hostMemory !== undefined && limit >= hostMemory);
  // An engine answers for a container that just ended with zeros, and those would read as a fall.
  if (!nanos) return {};
  return known<ContainerSample>({
    cpu_seconds: nanos / 1e9,
    cpu_periods: amount(throttled, 'periods'),
    cpu_throttled_periods: amount(throttled, 'throttled_periods'),
    cpu_throttled_seconds: scaled(amount(throttled, 'throttled_time'), 1e9),
    memory_bytes: workingSet(amount(memory, 'usage'), cache),
    memory_limit_bytes: unlimited ? undefined : limit,
    pids: amount(stats, 'pids_stats', 'current'),
    ...network(within(stats, 'networks')),
    ...disk(within(stats, 'blkio_stats', 'io_service_bytes_recursive')),
  });
}

const NETWORK = {
  net_rx_bytes: 'rx_bytes',
  net_tx_bytes: 'tx_bytes',
  net_rx_packets: 'rx_packets',
  net_tx_packets: 'tx_packets',
  net_rx_errors: 'rx_errors',
  net_tx_errors: 'tx_errors',
} as const;

/** By interface, without `lo`; absent for the host's network. */
function network(networks: unknown): Values {
  if (typeof networks !== 'object' || networks === null) return {};
  const values: Values = {};
  for (const figure of Object.keys(NETWORK) as (keyof typeof NETWORK)[]) {
    values[figure] = Object.values(networks).reduce((sum, one) => sum + (amount(one, NETWORK[figure]) ?? 0), 0);
  }
  return values;
}

/** `null` or empty where the kernel counts for no device: unknown, not nothing. */
function disk(entries: unknown): Values {
  if (!Array.isArray(entries) || entries.length === 0) return {};
  const sum = (operation: string): number =>
    entries
      .filter((entry) => String(within(entry, 'op')).toLowerCase() === operation)
      .reduce((total: number, entry) => total + (amount(entry, 'value') ?? 0), 0);
  return { disk_read_bytes: sum('read'), disk_write_bytes: sum('write') };
}
