/**
 * What is measured of a container. A `counter` counts up since `startedAt` of its row and begins anew with it; a `gauge` is what it is.
 * Seconds, bytes, cores and counts. A figure that cannot be had is absent, never 0: no limit has no `memory_limit_bytes`.
 */
export const CONTAINER_SAMPLES = {
  cpu_seconds: 'counter',
  cpu_limit_cores: 'gauge',
  cpu_periods: 'counter',
  cpu_throttled_periods: 'counter',
  cpu_throttled_seconds: 'counter',
  /** Working set as `docker stats` counts it: without the page cache the kernel would drop first. */
  memory_bytes: 'gauge',
  memory_limit_bytes: 'gauge',
  oom_kills: 'counter',
  net_rx_bytes: 'counter',
  net_tx_bytes: 'counter',
  net_rx_packets: 'counter',
  net_tx_packets: 'counter',
  net_rx_errors: 'counter',
  net_tx_errors: 'counter',
  disk_read_bytes: 'counter',
  disk_write_bytes: 'counter',
  /** Writable layer and log files together. */
  disk_used_bytes: 'gauge',
  pids: 'gauge',
  restarts: 'gauge',
} as const;

/** The same of a host; its counters begin anew when it boots. */
export const HOST_SAMPLES = {
  cpu_seconds: 'counter',
  cpu_cores: 'gauge',
  load: 'gauge',
  memory_bytes: 'gauge',
  memory_total_bytes: 'gauge',
  disk_used_bytes: 'gauge',
  disk_total_bytes: 'gauge',
  disk_read_bytes: 'counter',
  disk_write_bytes: 'counter',
  net_rx_bytes: 'counter',
  net_tx_bytes: 'counter',
} as const;

export type ContainerSample = keyof typeof CONTAINER_SAMPLES;
export type HostSample = keyof typeof HOST_SAMPLES;
