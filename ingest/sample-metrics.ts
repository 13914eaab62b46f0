import type { MetricValue, Registry } from 'prom-client';
import {
  CONTAINER_SAMPLE_NAMES,
  CONTAINER_SERIES,
  HOST_SAMPLE_NAMES,
  HOST_SERIES,
  SAMPLE_HELP,
} from '../model/sample-names.ts';
import { CONTAINER_SAMPLES, HOST_SAMPLES } from '../model/samples.ts';
import type { LatestSamples } from './latest-samples.ts';
import { ReadCounter, ReadGauge } from './read-metrics.ts';

const LABELS = ['app', 'env', 'host', 'container'] as const;
type Label = (typeof LABELS)[number];

interface Shown<Values> {
  labels: Partial<Record<Label, string>>;
  values: Values;
}

/**
 * Shows the newest samples at `/metrics`, counters as the kernel counts them: a container that was started again begins at 0, which is what Prometheus
 * takes for a reset. A figure that is not known has no series.
 */
export function exposeSamples(registry: Registry, latest: LatestSamples): void {
  let containers: Shown<Partial<Record<string, number>>>[] = [];
  let hosts: Shown<Partial<Record<string, number>>>[] = [];

  function refresh(): void {
    const shown = latest.hosts();
    hosts = shown.map(({ host, values }) => ({ labels: { host }, values }));
    containers = shown.flatMap(({ host, rows }) =>
      rows.map(({ app, env, containerName, values }) => ({
        labels: { app, env, host, container: containerName },
        values,
      })),
    );
  }

  function metric(about: {
    name: string;
    kind: 'counter' | 'gauge';
    help: string;
    labelNames: readonly Label[];
    read: () => MetricValue<Label>[];
    collect: () => void;
  }): void {
    const { kind, read, name, help, collect } = about;
    const configuration = { name, help, labelNames: [...about.labelNames], registers: [registry], collect };
    if (kind === 'counter') new ReadCounter(configuration, read);
    else new ReadGauge(configuration, read);
  }

  const valuesOf = (of: () => typeof containers, sample: string) => (): MetricValue<Label>[] =>
    of().flatMap(({ labels, values }) => {
      const value = values[sample];
      return value === undefined ? [] : [{ labels, value }];
    });

  // Every metric's collect runs before any is read: all show the same moment.
  let collect = refresh;
  for (const sample of CONTAINER_SAMPLE_NAMES) {
    metric({
      name: CONTAINER_SERIES[sample],
      kind: CONTAINER_SAMPLES[sample],
      help: SAMPLE_HELP[sample],
      labelNames: LABELS,
      read: valuesOf(() => containers, sample),
      collect,
    });
    collect = () => {};
  }
  for (const sample of HOST_SAMPLE_NAMES) {
    metric({
      name: HOST_SERIES[sample],
      kind: HOST_SAMPLES[sample],
      help: SAMPLE_HELP[sample],
      labelNames: ['host'],
      read: valuesOf(() => hosts, sample),
      collect,
    });
  }
}
