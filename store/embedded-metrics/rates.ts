import { ALL_FIGURES, type Figure, type Kind } from './figures.ts';

/** What was measured of one series at one moment. */
export interface Entry {
  kind: Kind;
  app: string;
  env: string;
  /** Name of the container, or nothing. */
  container: string;
  level: string;
  /** Which container it was, for another one may have the name later. */
  id: string;
  /** µs; counters of another start are counted from 0 again. */
  startedAt: number;
  /** µs: counters that were not heard of before were 0 then. */
  since?: number;
  values: Partial<Record<string, number>>;
}

/** µs. Samples further apart than this are no neighbours: what grew meanwhile belongs to no moment. */
const APART = 90e6;
const OF_KIND = new Map<Kind, Figure[]>();
for (const one of ALL_FIGURES) OF_KIND.set(one.kind, [...(OF_KIND.get(one.kind) ?? []), one]);

interface Before {
  time: number;
  id: string;
  startedAt: number;
  values: Entry['values'];
}

/** Remembers each series' last counters and makes figures of what it is told next. */
export interface Rates {
  /** Calls `give` with each figure that is known. `series` is its number, `time` in µs and later than before. */
  take(series: number, entry: Entry, time: number, give: (figure: Figure, value: number) => void): void;
  /** Forgets series not heard of since then (µs). */
  forget(before: number): void;
}

export function createRates(): Rates {
  const known = new Map<number, Before>();
  return {
    take(series, entry, time, give) {
      const before = known.get(series);
      for (const figure of OF_KIND.get(entry.kind) ?? []) {
        const value = entry.values[figure.sample];
        if (value === undefined) continue;
        const given = figure.rate ? growth(figure.sample, entry, before, time) : value;
        if (given !== null) give(figure, given);
      }
      known.set(series, { time, id: entry.id, startedAt: entry.startedAt, values: entry.values });
    },
    forget(until) {
      for (const [series, { time }] of known) if (time < until) known.delete(series);
    },
  };
}

/** A second's growth, or null where it cannot be told. */
function growth(sample: string, entry: Entry, before: Before | undefined, time: number): number | null {
  const value = entry.values[sample] as number;
  const last = before?.values[sample];
  if (!before || last === undefined || time <= before.time || time - before.time > APART)
    return entry.since !== undefined && time > entry.since ? value / ((time - entry.since) / 1e6) : null;
  const seconds = (time - before.time) / 1e6;
  if (before.id !== entry.id || before.startedAt !== entry.startedAt) {
    // It began at 0 since the last sample; one that was there before under another name did not.
    return entry.startedAt >= before.startedAt && entry.startedAt > before.time - APART ? value / seconds : null;
  }
  // The kernel took something away (a network interface, say) without a start: counted from 0 it would be a spike.
  return value < last ? null : (value - last) / seconds;
}
