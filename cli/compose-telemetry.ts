import { Counter, Gauge, type Registry } from 'prom-client';

const snake = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();

/**
 * Shows a stage's own figures at /metrics as `fleetlog_<stage>_<name>_total`, or without `_total` for those named in `gauges` (the only
 * ones that may fall). Keys `name:x` get the label `reason` = x: one counter for whatever is dropped (style rule 8).
 */
export function exposeCounters(
  registry: Registry,
  stage: string,
  gauges: readonly string[],
  read: () => Record<string, number>,
): void {
  const shown = new Map<string, Gauge | Counter>();
  const told = new Map<string, number>();

  function metric(name: string, labelled: boolean): Gauge | Counter {
    let found = shown.get(name);
    if (!found) {
      const falls = gauges.includes(name);
      const about = {
        name: `fleetlog_${stage}_${snake(name)}${falls ? '' : '_total'}`,
        help: falls ? `${stage}: ${name} now.` : `${stage}: ${name} since the start of this process.`,
        labelNames: labelled ? ['reason'] : [],
        registers: [registry],
      };
      found = falls ? new Gauge(about) : new Counter(about);
      shown.set(name, found);
    }
    return found;
  }

  function refresh(): void {
    for (const [key, value] of Object.entries(read())) {
      const [name, reason] = key.split(':');
      const labels: Record<string, string> = reason === undefined ? {} : { reason };
      const target = metric(name, reason !== undefined);
      if (target instanceof Gauge) target.set(labels, value);
      else target.inc(labels, Math.max(0, value - (told.get(key) ?? 0)));
      told.set(key, value);
    }
  }

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
