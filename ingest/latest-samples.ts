import type { SampleRow, SamplesBatch } from '../model/batch.ts';
import type { Clock } from '../model/clock.ts';
import type { HostSample } from '../model/samples.ts';

/**
 * The newest samples of each host whose batches come to this process, for `/metrics`. A container is there until it is missing from two batches of its
 * host; a host until nothing came from it for `SILENT_INTERVALS` of its batches: it is silent, or another process has its partition.
 */
export interface LatestSamples {
  /** False, and nothing is changed, for a batch that was kept before or is older than what is kept. */
  keep(batch: SamplesBatch): boolean;
  hosts(): ShownHost[];
}

export interface ShownHost {
  host: string;
  values: Partial<Record<HostSample, number>>;
  /** One for each app, env and name. */
  rows: SampleRow[];
}

/** 25 s where samples come every 10: less than two scrapes of 15 s, and more than a late batch. */
const SILENT_INTERVALS = 2.5;
/** What `collector.statsMs` is unless somebody changed it; until two batches have shown what it is. */
const USUAL_MS = 10_000;
/** A collector that was away for hours does not stay here for hours. */
const LONGEST_MS = 60_000;

interface Kept {
  batch: SamplesBatch;
  before: SamplesBatch | null;
  /** Monotonic ms when it came. */
  at: number;
  intervalMs: number;
}

export function createLatestSamples(options: { clock: Clock }): LatestSamples {
  const { clock } = options;
  const hosts = new Map<string, Kept>();

  return {
    keep(batch) {
      const known = hosts.get(batch.host);
      const same = known?.batch.epoch === batch.epoch;
      if (known && same && batch.time <= known.batch.time) return false;
      const apart = known && same ? (batch.time - known.batch.time) / 1000 : USUAL_MS;
      hosts.set(batch.host, {
        batch,
        before: known?.batch ?? null,
        at: clock.monotonicMs(),
        intervalMs: Math.min(apart, LONGEST_MS),
      });
      return true;
    },
    hosts() {
      const now = clock.monotonicMs();
      for (const [host, { at, intervalMs }] of hosts) if (now - at > intervalMs * SILENT_INTERVALS) hosts.delete(host);
      return [...hosts.values()].map(({ batch, before }) => ({
        host: batch.host,
        values: batch.values,
        rows: rowsOf(batch, before),
      }));
    },
  };
}

/**
 * A second series of the same labels would make Prometheus refuse the whole scrape: of containers with one name the one started last
 * counts.
 */
function rowsOf(batch: SamplesBatch, before: SamplesBatch | null): SampleRow[] {
  const rows = new Map<string, SampleRow>();
  const key = (row: SampleRow): string => JSON.stringify([row.app, row.env, row.containerName]);
  for (const row of batch.rows) {
    const other = rows.get(key(row));
    if (!other || other.startedAt < row.startedAt) rows.set(key(row), row);
  }
  const there = new Set(batch.rows.map((row) => row.container));
  const former = new Set(before?.rows.map((row) => row.container));
  // Where an app has a container it had not, one that is missing was replaced: shown beside it, its memory would count twice.
  const renewed = new Set(batch.rows.filter((row) => !former.has(row.container)).map(appOf));
  const names = new Set(batch.rows.map((row) => row.containerName));
  for (const row of before?.rows ?? [])
    if (!there.has(row.container) && !names.has(row.containerName) && !renewed.has(appOf(row))) rows.set(key(row), row);
  return [...rows.values()];
}

const appOf = (row: SampleRow): string => JSON.stringify([row.app, row.env]);
