import type { MetricName } from '../metric-store.ts';
import type { Scale } from './scale.ts';

/** Who a series is about. Its number is on disk. */
export const KIND = { container: 0, host: 1, volume: 2 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** A figure as it is kept: what is measured, or how fast it grows. */
export interface Figure {
  /** On disk; never given to another one. */
  id: number;
  kind: Kind;
  /** Name in a row's values. */
  sample: string;
  /** A second's growth of a counter, or the value itself. */
  rate: boolean;
  scale: Scale;
}

const figure = (id: number, kind: Kind, sample: string, rate: boolean, scale: Scale): Figure => ({
  id,
  kind,
  sample,
  rate,
  scale,
});

const { container, host, volume } = KIND;

export const FIGURES = {
  cpu: figure(0, container, 'cpu_seconds', true, 'fine'),
  cpuLimit: figure(1, container, 'cpu_limit_cores', false, 'fine'),
  periods: figure(2, container, 'cpu_periods', true, 'fine'),
  throttled: figure(3, container, 'cpu_throttled_periods', true, 'fine'),
  memory: figure(4, container, 'memory_bytes', false, 'pages'),
  memoryLimit: figure(5, container, 'memory_limit_bytes', false, 'pages'),
  netRx: figure(6, container, 'net_rx_bytes', true, 'wide'),
  netTx: figure(7, container, 'net_tx_bytes', true, 'wide'),
  diskRead: figure(8, container, 'disk_read_bytes', true, 'wide'),
  diskWrite: figure(9, container, 'disk_write_bytes', true, 'wide'),
  diskUsed: figure(10, container, 'disk_used_bytes', false, 'pages'),
  pids: figure(11, container, 'pids', false, 'whole'),
  restarts: figure(12, container, 'restarts', false, 'whole'),
  oomKills: figure(13, container, 'oom_kills', false, 'whole'),
  hostCpu: figure(32, host, 'cpu_seconds', true, 'fine'),
  hostCores: figure(33, host, 'cpu_cores', false, 'fine'),
  hostLoad: figure(34, host, 'load', false, 'fine'),
  hostMemory: figure(35, host, 'memory_bytes', false, 'pages'),
  hostMemoryTotal: figure(36, host, 'memory_total_bytes', false, 'pages'),
  hostDisk: figure(37, host, 'disk_used_bytes', false, 'pages'),
  hostDiskTotal: figure(38, host, 'disk_total_bytes', false, 'pages'),
  hostDiskRead: figure(39, host, 'disk_read_bytes', true, 'wide'),
  hostDiskWrite: figure(40, host, 'disk_write_bytes', true, 'wide'),
  hostNetRx: figure(41, host, 'net_rx_bytes', true, 'wide'),
  hostNetTx: figure(42, host, 'net_tx_bytes', true, 'wide'),
  logBytes: figure(64, volume, 'bytes', true, 'wide'),
} as const;

export const ALL_FIGURES: readonly Figure[] = Object.values(FIGURES);
export const FIGURE_OF = new Map(ALL_FIGURES.map((one) => [one.id, one]));

/** A metric is a figure, or a figure over another one; series without the second are in neither sum then. */
export interface Stored {
  figure: Figure;
  over?: Figure;
}

export const STORED: Partial<Record<MetricName, Stored>> = {
  cpu_cores: { figure: FIGURES.cpu },
  cpu_limit_cores: { figure: FIGURES.cpuLimit },
  cpu_ratio: { figure: FIGURES.cpu, over: FIGURES.cpuLimit },
  cpu_throttled_ratio: { figure: FIGURES.throttled, over: FIGURES.periods },
  memory_bytes: { figure: FIGURES.memory },
  memory_limit_bytes: { figure: FIGURES.memoryLimit },
  memory_ratio: { figure: FIGURES.memory, over: FIGURES.memoryLimit },
  net_rx_bytes_per_second: { figure: FIGURES.netRx },
  net_tx_bytes_per_second: { figure: FIGURES.netTx },
  disk_read_bytes_per_second: { figure: FIGURES.diskRead },
  disk_write_bytes_per_second: { figure: FIGURES.diskWrite },
  disk_used_bytes: { figure: FIGURES.diskUsed },
  pids: { figure: FIGURES.pids },
  restarts: { figure: FIGURES.restarts },
  oom_kills: { figure: FIGURES.oomKills },
  host_cpu_cores: { figure: FIGURES.hostCpu },
  host_cpu_total_cores: { figure: FIGURES.hostCores },
  host_load: { figure: FIGURES.hostLoad },
  host_memory_bytes: { figure: FIGURES.hostMemory },
  host_memory_total_bytes: { figure: FIGURES.hostMemoryTotal },
  host_disk_used_bytes: { figure: FIGURES.hostDisk },
  host_disk_total_bytes: { figure: FIGURES.hostDiskTotal },
  host_disk_read_bytes_per_second: { figure: FIGURES.hostDiskRead },
  host_disk_write_bytes_per_second: { figure: FIGURES.hostDiskWrite },
  host_net_rx_bytes_per_second: { figure: FIGURES.hostNetRx },
  host_net_tx_bytes_per_second: { figure: FIGURES.hostNetTx },
  log_bytes_per_second: { figure: FIGURES.logBytes },
};

export const EMBEDDED_METRICS = Object.keys(STORED) as MetricName[];
