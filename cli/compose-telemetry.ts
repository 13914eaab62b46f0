import { Gauge, type Registry } from 'prom-client';

const snake = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();

/**
 * Shows a stage's own counters at /metrics as `fleetlog_<stage>_<name>`; `name{reason="x"}` style keys come as `name:x` and get the
 * label `reason` (one counter for whatever is dropped, style rule 8).
 */
export function exposeCounters(registry: Registry, stage: string, read: () => Record<string, number>): void {
  const gauges = new Map<string, Gauge>();
  const gaugeOf = (name: string, labelled: boolean): Gauge => {
    let gauge = gauges.get(name);
    if (!gauge) {
      gauge = new Gauge({
        name: `fleetlog_${stage}_${snake(name)}`,
        help: `${stage}: ${name}, counted since the start of this process.`,
        labelNames: labelled ? ['reason'] : [],
        registers: [registry],
      });
      gauges.set(name, gauge);
    }
    return gauge;
  };
  const refresh = (): void => {
    for (const [key, value] of Object.entries(read())) {
      const [name, reason] = key.split(':');
      if (reason === undefined) gaugeOf(name, false).set(value);
      else gaugeOf(name, true).set({ reason }, value);
    }
  };
  // Registered first, so that its collect runs before the others are read.
  new Gauge({
    name: `fleetlog_${stage}_up`,
    help: `${stage}: 1 while this stage runs in this process.`,
    registers: [registry],
    collect() {
      this.set(1);
      refresh();
    },
  });
  refresh();
}
