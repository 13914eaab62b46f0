import type { Clock } from '../../model/clock.ts';
import type { RetentionClasses } from '../../model/retention-classes.ts';
import type { ClassStats, MaintenanceReport, Note, StoreStats } from '../log-store.ts';
import type { ElasticsearchClient } from './client.ts';
import type { DataIndex, IndexNames } from './index-names.ts';
import { DAY_US } from './index-names.ts';

/** Names in one address. */
const MOST_NAMED = 20;

/** A data index with what it holds; bytes count replicas. */
export interface IndexFigures extends DataIndex {
  records: number;
  bytes: number;
  /** µs of its last line; only read where the day does not tell. */
  newest: number | null;
}

export interface Removals {
  names: string[];
  bytes: number;
  why: Record<'age' | 'class_bytes' | 'total_bytes', number>;
}

/**
 * Whole indices only, oldest first. `byAge` is false when the cluster deletes by age itself. `total` is what all classes together may hold.
 */
export function planRemovals(
  indices: IndexFigures[],
  classes: RetentionClasses,
  nowUs: number,
  total: number,
  byAge: boolean,
): Removals {
  const why = { age: 0, class_bytes: 0, total_bytes: 0 };
  const names: string[] = [];
  let freed = 0;
  const oldestFirst = indices.toSorted((a, b) => endOf(a) - endOf(b) || (a.name < b.name ? -1 : 1));
  const held = new Map<string, number>();
  for (const { class: name, bytes } of oldestFirst) held.set(name, (held.get(name) ?? 0) + bytes);
  let all = oldestFirst.reduce((sum, { bytes }) => sum + bytes, 0);

  const reasonOf = (index: IndexFigures): keyof typeof why | null => {
    const { days, bytes } = classes.named(index.class);
    if (byAge && endOf(index) <= nowUs - days * DAY_US) return 'age';
    if (bytes > 0 && (held.get(index.class) ?? 0) > bytes) return 'class_bytes';
    return all > total ? 'total_bytes' : null;
  };
  // Age first: what is too old anyway makes room before anything younger has to go.
  for (const pass of ['age', 'size'] as const)
    for (const index of oldestFirst) {
      if (names.includes(index.name)) continue;
      const reason = reasonOf(index);
      if (reason === null || (pass === 'age') !== (reason === 'age')) continue;
      names.push(index.name);
      why[reason]++;
      freed += index.bytes;
      all -= index.bytes;
      held.set(index.class, (held.get(index.class) ?? 0) - index.bytes);
    }
  return { names, bytes: freed, why };
}

/** Where an index' lines end at the latest, µs. */
function endOf({ day, newest }: IndexFigures): number {
  if (day !== null) return day + DAY_US;
  // Not known now: then it is not old.
  return newest === null ? Number.POSITIVE_INFINITY : newest + 1;
}

interface Space {
  /** Of all data nodes together. */
  total: number;
  /** Least share of a data node's disk that is free, 0 to 1; the cluster stops writing by the fullest. */
  free: number;
}

/** What all indices hold. */
export type Held = Pick<StoreStats, 'records' | 'diskBytes' | 'segments' | 'oldest' | 'newest' | 'classes'>;

export interface Maintenance {
  run(): Promise<MaintenanceReport>;
  stats(): Promise<Held>;
  telemetry: { removed: number; removedBytes: number };
}

export interface MaintenanceOptions {
  client: ElasticsearchClient;
  names: IndexNames;
  classes: RetentionClasses;
  /** 0 is 80 % of the data nodes' disks. */
  retentionBytes: number;
  /** Below this much free disk of any data node (percent) the oldest indices go; above the cluster's flood stage. */
  freePercent: number;
  /** The cluster deletes by age. */
  ilm: boolean;
  clock: Clock;
  log: { info(about: object, message: string): void; warn(about: object, message: string): void };
}

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { client, names, classes, clock, log } = options;
  const telemetry = { removed: 0, removedBytes: 0 };

  async function figures(): Promise<IndexFigures[]> {
    interface Stats {
      indices?: Record<string, { total: { store: { size_in_bytes: number } }; primaries: { docs: { count: number } } }>;
    }
    const path = `/${names.all}/_stats/docs,store`;
    const filter_path = 'indices.*.total.store.size_in_bytes,indices.*.primaries.docs.count';
    const stats = await client.request<Stats>({ method: 'GET', path, query: { filter_path }, repeatable: true });
    const found: IndexFigures[] = Object.entries(stats.body.indices ?? {}).flatMap(([name, { total, primaries }]) => {
      const index = names.read(name);
      return index ? [{ ...index, records: primaries.docs.count, bytes: total.store.size_in_bytes, newest: null }] : [];
    });
    const ahead = found.filter(({ day }) => day === null);
    for (const [i, { last }] of (await spans(ahead.map(({ name }) => name))).entries()) ahead[i].newest = last;
    return found;
  }

  /** Of each of those indices the first and last time. Points tell them without a look at documents. */
  async function spans(indices: string[]): Promise<{ first: number | null; last: number | null }[]> {
    interface Answer {
      responses: { aggregations?: { first: { value: number | null }; last: { value: number | null } } }[];
    }
    if (indices.length === 0) return [];
    const aggs = { first: { min: { field: 'time' } }, last: { max: { field: 'time' } } };
    const search = JSON.stringify({ size: 0, track_total_hits: false, aggs });
    const lines = Buffer.from(
      indices
        .map(
          (index) =>
            `${JSON.stringify({ index, ignore_unavailable: true, allow_partial_search_results: false })}\n${search}\n`,
        )
        .join(''),
    );
    const { body } = await client.request<Answer>({ method: 'POST', path: '/_msearch', lines, repeatable: true });
    return body.responses.map(({ aggregations }) => ({
      first: aggregations?.first.value ?? null,
      last: aggregations?.last.value ?? null,
    }));
  }

  async function space(): Promise<Space | null> {
    interface Nodes {
      nodes?: Record<
        string,
        { roles?: string[]; fs?: { total?: { total_in_bytes?: number; available_in_bytes?: number } } }
      >;
    }
    const query = { filter_path: 'nodes.*.roles,nodes.*.fs.total' };
    const { body } = await client.request<Nodes>({ method: 'GET', path: '/_nodes/stats/fs', query, repeatable: true });
    const disks = Object.values(body.nodes ?? {})
      .filter(({ roles }) => roles === undefined || roles.some((role) => role.startsWith('data')))
      .map(({ fs }) => ({ total: fs?.total?.total_in_bytes ?? 0, free: fs?.total?.available_in_bytes ?? 0 }))
      .filter(({ total }) => total > 0);
    if (disks.length === 0) return null;
    return {
      total: disks.reduce((sum, { total }) => sum + total, 0),
      free: Math.min(...disks.map(({ total, free }) => free / total)),
    };
  }

  async function remove(indices: string[]): Promise<void> {
    for (let i = 0; i < indices.length; i += MOST_NAMED) {
      const some = indices.slice(i, i + MOST_NAMED);
      // Another process may have been first.
      const query = { ignore_unavailable: true };
      await client.request({ method: 'DELETE', path: `/${some.join(',')}`, query, statuses: [404], repeatable: true });
    }
  }

  async function stats(): Promise<Held> {
    const indices = (await figures()).toSorted((a, b) => endOf(a) - endOf(b));
    const byClass = Map.groupBy(indices, (index) => index.class);
    const edges = [...byClass].map(([name, all]) => {
      const filled = all.filter(({ records }) => records > 0);
      return { name, all, first: filled.at(0), last: filled.at(-1) };
    });
    const asked = edges.flatMap(({ first, last }) => (first && last ? [first.name, last.name] : []));
    const found = await spans(asked);
    const of = (index: IndexFigures | undefined) => found[index ? asked.indexOf(index.name) : -1];
    const held = edges.map(({ name, all, first, last }): ClassStats => {
      return {
        name,
        records: all.reduce((sum, { records }) => sum + records, 0),
        diskBytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        oldest: of(first)?.first ?? null,
        newest: of(last)?.last ?? null,
        nextRemoval: first ? removalOf(first) : null,
      };
    });
    const oldest = held.flatMap((one) => one.oldest ?? []);
    const newest = held.flatMap((one) => one.newest ?? []);
    return {
      records: held.reduce((sum, { records }) => sum + records, 0),
      diskBytes: held.reduce((sum, one) => sum + one.diskBytes, 0),
      segments: indices.length,
      oldest: oldest.length > 0 ? Math.min(...oldest) : null,
      newest: newest.length > 0 ? Math.max(...newest) : null,
      classes: held,
    };
  }

  /** µs from which age takes it; the cluster counts by the day of the name and the longest class, and has no rule for lines far ahead. */
  function removalOf(index: IndexFigures): number | null {
    const end = endOf(index);
    if (!options.ilm) return Number.isFinite(end) ? end + classes.named(index.class).days * DAY_US : null;
    return index.day === null ? null : index.day + (classes.longestDays + 1) * DAY_US;
  }

  return {
    stats,
    telemetry,
    async run() {
      const [indices, disk] = await Promise.all([figures(), space()]);
      const total = options.retentionBytes || (disk ? disk.total * 0.8 : Number.POSITIVE_INFINITY);
      const plan = planRemovals(indices, classes, clock.nowUs(), total, !options.ilm);
      const notes: Note[] = [];
      if (plan.names.length > 0) notes.push({ code: 'retention', bytes: plan.bytes, ...plan.why });
      if (disk && disk.free * 100 < options.freePercent) {
        const left = indices.filter(({ name, day }) => day !== null && !plan.names.includes(name));
        const oldest = Math.min(...left.map(({ day }) => day as number));
        // The running day stays: taking it would lose what people look at, and free little.
        const under =
          oldest < Math.floor(clock.nowUs() / DAY_US) * DAY_US ? left.filter(({ day }) => day === oldest) : [];
        const bytes = under.reduce((sum, index) => sum + index.bytes, 0);
        if (under.length > 0) {
          plan.names.push(...under.map(({ name }) => name));
          plan.bytes += bytes;
          notes.push({ code: 'disk_low_oldest_removed', removed: under.length, bytes });
        } else notes.push({ code: 'disk_full_refusing', freePercent: Math.floor(disk.free * 100) });
        log.warn({ freePercent: disk.free * 100 }, 'a disk of the cluster is nearly full');
      }
      await remove(plan.names);
      if (plan.names.length > 0) log.info({ indices: plan.names, bytes: plan.bytes, ...plan.why }, 'indices removed');
      telemetry.removed += plan.names.length;
      telemetry.removedBytes += plan.bytes;
      return { segmentsRemoved: plan.names.length, bytesFreed: plan.bytes, merged: 0, notes };
    },
  };
}
