import {
  Counter,
  type CounterConfiguration,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import type { LogVolume, VolumeSeries } from './log-volume.ts';

const LABELS = ['app', 'env', 'host', 'level'] as const;
type Label = (typeof LABELS)[number];

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

/** Values that are kept elsewhere: thousands of label sets are neither hashed nor held a second time. */
class ReadCounter extends Counter<Label> {
  readonly #read: () => MetricValue<Label>[];

  constructor(about: CounterConfiguration<Label>, read: () => MetricValue<Label>[]) {
    super(about);
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<Label>>> {
    return { ...(await super.get()), values: this.#read() };
  }
}
