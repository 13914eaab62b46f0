import { CONTAINER_SAMPLES, type ContainerSample, HOST_SAMPLES, type HostSample } from './samples.ts';

/**
 * What samples are called on `/metrics`, by Prometheus' conventions: base units, `_total` for what counts up. Ingest shows them under these
 * names and the Prometheus store asks for them.
 */
export const CONTAINER_SERIES = {
  cpu_seconds: 'fleetlog_container_cpu_seconds_total',
  cpu_limit_cores: 'fleetlog_container_cpu_limit_cores',
  cpu_periods: 'fleetlog_container_cpu_periods_total',
  cpu_throttled_periods: 'fleetlog_container_cpu_throttled_periods_total',
  cpu_throttled_seconds: 'fleetlog_container_cpu_throttled_seconds_total',
  memory_bytes: 'fleetlog_container_memory_working_set_bytes',
  memory_limit_bytes: 'fleetlog_container_memory_limit_bytes',
  oom_kills: 'fleetlog_container_oom_kills_total',
  net_rx_bytes: 'fleetlog_container_network_receive_bytes_total',
  net_tx_bytes: 'fleetlog_container_network_transmit_bytes_total',
  net_rx_packets: 'fleetlog_container_network_receive_packets_total',
  net_tx_packets: 'fleetlog_container_network_transmit_packets_total',
  net_rx_errors: 'fleetlog_container_network_receive_errors_total',
  net_tx_errors: 'fleetlog_container_network_transmit_errors_total',
  disk_read_bytes: 'fleetlog_container_disk_read_bytes_total',
  disk_write_bytes: 'fleetlog_container_disk_written_bytes_total',
  disk_used_bytes: 'fleetlog_container_disk_used_bytes',
  pids: 'fleetlog_container_pids',
  restarts: 'fleetlog_container_restarts',
} as const satisfies Record<ContainerSample, string>;

export const HOST_SERIES = {
  cpu_seconds: 'fleetlog_host_cpu_seconds_total',
  cpu_cores: 'fleetlog_host_cpu_cores',
  load: 'fleetlog_host_load',
  memory_bytes: 'fleetlog_host_memory_used_bytes',
  memory_total_bytes: 'fleetlog_host_memory_size_bytes',
  disk_used_bytes: 'fleetlog_host_disk_used_bytes',
  disk_total_bytes: 'fleetlog_host_disk_size_bytes',
  disk_read_bytes: 'fleetlog_host_disk_read_bytes_total',
  disk_write_bytes: 'fleetlog_host_disk_written_bytes_total',
  net_rx_bytes: 'fleetlog_host_network_receive_bytes_total',
  net_tx_bytes: 'fleetlog_host_network_transmit_bytes_total',
} as const satisfies Record<HostSample, string>;

/** Their help texts at `/metrics`; docs/telemetry.md says the same. */
export const SAMPLE_HELP: Record<ContainerSample | HostSample, string> = {
  cpu_seconds: 'CPU time used.',
  cpu_limit_cores: 'CPU it may use; absent without a limit.',
  cpu_cores: 'CPUs there are.',
  cpu_periods: 'Scheduler periods with a limit in force.',
  cpu_throttled_periods: 'Those in which it was held back.',
  cpu_throttled_seconds: 'Time it was held back.',
  load: 'Load average of a minute.',
  memory_bytes: 'Memory in use without the page cache that is dropped first.',
  memory_limit_bytes: 'Memory it may use; absent without a limit.',
  memory_total_bytes: 'Memory there is.',
  oom_kills: 'Processes the kernel killed for want of memory, since its start.',
  net_rx_bytes: 'Bytes received.',
  net_tx_bytes: 'Bytes sent.',
  net_rx_packets: 'Packets received.',
  net_tx_packets: 'Packets sent.',
  net_rx_errors: 'Packets received wrongly.',
  net_tx_errors: 'Packets that could not be sent.',
  disk_read_bytes: 'Bytes read from disks.',
  disk_write_bytes: 'Bytes written to disks.',
  disk_used_bytes: 'Bytes on disk; of a container its writable layer and log files.',
  disk_total_bytes: 'Size of the disk.',
  pids: 'Processes and threads.',
  restarts: 'Restarts so far.',
};

export const CONTAINER_SAMPLE_NAMES = Object.keys(CONTAINER_SAMPLES) as ContainerSample[];
export const HOST_SAMPLE_NAMES = Object.keys(HOST_SAMPLES) as HostSample[];
