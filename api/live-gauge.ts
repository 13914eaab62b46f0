import { Gauge, type Registry } from 'prom-client';

/** Adds gauges whose value is read when they are scraped. */
export function liveGauges(registry: Registry): (name: string, help: string, read: () => number) => void {
  return (name, help, read) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
}
