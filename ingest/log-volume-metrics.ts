import type { Registry } from 'prom-client';
import type { LogVolume, VolumeSeries } from './log-volume.ts';
import { ReadCounter } from './read-metrics.ts';

const LABELS = ['app', 'env', 'host', 'level'] as const;

/**
 * Shows the volume at `/metrics`. A series is 0 in the first scrape that sees it and has its count from the next on: Prometheus takes a
 * counter's first value as its beginning, so lines before it would be in no rate; the one error line of a quiet app among them.
 */
export function exposeLogVolume(registry: Registry, volume: LogVolume): void {
  let shown: { entry: VolumeSeries; fresh: boolean }[] = [];
  let known = new Set<VolumeSeries>();

  function refresh(): void {
    const alive = volume.series();
    shown = alive.map((entry) => ({ entry, fresh: !known.has(entry) }));
    known = new Set(alive);
  }

  const counter = (name: string, help: string, value: (entry: VolumeSeries) => number, collect = () => {}): void => {
    const read = () => shown.map(({ entry, fresh }) => ({ labels: entry.labels, value: fresh ? 0 : value(entry) }));
    new ReadCounter({ name, help, labelNames: LABELS, registers: [registry], collect }, read);
  };
  // Every metric's collect runs before any is read: both show the same moment.
  counter('fleetlog_log_lines_total', 'Lines stored, by app, env, host and level.', (entry) => entry.lines, refresh);
  counter('fleetlog_log_bytes_total', 'Message bytes of those lines.', (entry) => entry.bytes);
}
