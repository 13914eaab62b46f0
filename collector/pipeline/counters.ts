/** Our own telemetry of the collector: flat names, increasing figures. A `:` separates a name from its one label. */
export interface Counters {
  count(name: string, by?: number): void;
  all(): Record<string, number>;
}

export function createCounters(): Counters {
  const values = new Map<string, number>();
  return {
    count(name, by = 1) {
      values.set(name, (values.get(name) ?? 0) + by);
    },
    all: () => Object.fromEntries(values),
  };
}
