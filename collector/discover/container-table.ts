import { join } from 'node:path';
import type { ContainerStatus } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import { matchesGlob } from '../../model/glob.ts';
import type { ContainerEvent, DiscoveryHandlers, RunningContainer, StreamLine, Target } from '../discovery.ts';
import type { EngineEvent } from '../docker/event-stream.ts';
import { logWarnings, readingOf } from '../docker/log-driver.ts';
import type { ContainerRecord } from '../docker/record.ts';
import { identify } from '../identity/identity.ts';
import { applyEvent, type ContainerEntry, eventAttributes, eventType, recordFromEvent } from './container-entry.ts';
import { createDeploys } from './deploys.ts';
import { type MissedEvent, missedEvents, tell, toldUpTo } from './missed-events.ts';
import { containerSource, containerStatus } from './sources.ts';

/** Removed containers stay listed this long, so that every reader of the status sees them go; ingest keeps them on. */
const REMOVED_MS = 3_600_000;
const REMOVED_KEPT = 5_000;
/** The engine tells of a change this long after the state shows it, at most. */
const ENGINE_LATE_US = 10_000_000;

export interface ContainerTableOptions {
  config: CollectorConfig;
  host: string;
  clock: Clock;
  handlers: DiscoveryHandlers;
  /** µs: events before this are told already. */
  baselineUs: number;
  /** Whether the directory of this container's log can be opened. */
  fileReachable(id: string): boolean;
  engineReachable(): boolean;
  /** Its events do not come, so the state has to tell. */
  engineLost(): boolean;
  /** Events of an unknown container wait: ask who it is, then `learn` or `unknown`. */
  ask(id: string): void;
  /** It started: ask for what no event tells, its first process and its restarts; then `learn`. */
  askAgain(id: string): void;
  logs(record: ContainerRecord, sinceUs: number, signal: AbortSignal): AsyncIterable<StreamLine>;
}

export interface ContainerTable {
  /** `changes` as it was when the answer was asked for; a state that moved on since is kept. */
  learn(record: ContainerRecord, changes?: number): void;
  /** Nobody could say who it is: because it is gone, or because the engine does not answer for it. */
  unknown(id: string, gone: boolean): void;
  /** Its log is there and its identity is late: read it under its id; `learn` corrects that. */
  provisional(id: string): void;
  event(event: EngineEvent): void;
  /** Tells of what the state shows and no event told. */
  settle(id?: string): void;
  remove(id: string): void;
  /** Somebody has told who it is, and it is not removed. */
  known(id: string): boolean;
  changes(id: string): number;
  /** Ids not removed. */
  ids(): string[];
  statuses(): ContainerStatus[];
  /** Those that run, once the exact time of their start is known. */
  running(): RunningContainer[];
}

/** Every docker container of this host: who it is, how it is read, how it is. Turns news into handler calls. */
export function createContainerTable(options: ContainerTableOptions): ContainerTable {
  const { config, host, clock, handlers } = options;
  const entries = new Map<string, ContainerEntry>();
  const deploys = createDeploys();
  const statuses = new WeakMap<ContainerEntry, { from: unknown[]; status: ContainerStatus }>();

  function entryOf(id: string): ContainerEntry {
    let entry = entries.get(id);
    if (!entry) {
      entry = {
        id,
        record: null,
        identity: null,
        target: null,
        changes: 0,
        waiting: [],
        told: toldUpTo(options.baselineUs),
        derived: new Map(),
        trouble: null,
        removedAt: null,
        destroyed: false,
      };
      entries.set(id, entry);
    }
    return entry;
  }

  function excluded(record: ContainerRecord): boolean {
    return config.excludeContainers.some((pattern) => matchesGlob(pattern, record.name));
  }

  function reachable(entry: ContainerEntry) {
    // A reader once chosen stays: positions of file and stream are not the same, and a change would store lines twice.
    const file = entry.target ? entry.target.kind === 'file' : options.fileReachable(entry.id);
    return { file, engine: options.engineReachable() };
  }

  function source(entry: ContainerEntry, path: string, reader: 'json-file' | 'api' | 'event') {
    return containerSource(entry.record!, entry.identity!, { host, path, reader, labels: config.labels });
  }

  function targetOf(entry: ContainerEntry): Target | null {
    const record = entry.record!;
    const reading = excluded(record) ? 'nothing' : readingOf(record, reachable(entry));
    if (reading === 'nothing') return null;
    if (reading === 'api') {
      return {
        kind: 'stream',
        key: `api:${entry.id}`,
        source: source(entry, '', 'api'),
        open: (sinceUs, signal) => openStream(entry, sinceUs, signal),
      };
    }
    const path = join(config.containersDir, entry.id, `${entry.id}-json.log`);
    return {
      kind: 'file',
      key: `docker:${entry.id}`,
      source: source(entry, path, 'json-file'),
      reader: 'json-file',
      path,
      rotation: 'docker',
      root: null,
    };
  }

  async function* openStream(entry: ContainerEntry, sinceUs: number, signal: AbortSignal): AsyncGenerator<StreamLine> {
    try {
      yield* options.logs(entry.record!, sinceUs, signal);
      entry.trouble = null;
    } catch (error) {
      entry.trouble = (error as Error).message;
      throw error;
    }
  }

  /** Tells the reader what there is to read, when that is news. */
  function refresh(entry: ContainerEntry): void {
    const target = targetOf(entry);
    const old = entry.target;
    if (old && old.key !== target?.key) handlers.gone(old.key);
    entry.target = target;
    if (!target || (old?.key === target.key && JSON.stringify(old.source) === JSON.stringify(target.source))) return;
    handlers.found(target);
  }

  function emit(entry: ContainerEntry, time: number, type: ContainerEvent['type'], attributes: Record<string, string>) {
    tell(entry.told, type, time);
    handlers.event({ time, type, source: source(entry, '', 'event'), attributes });
    if (type !== 'start' || entry.record!.createdAt === null) return;
    const deploy = deploys.started(entry.record!, entry.identity!);
    if (deploy) handlers.event({ time, type: 'deploy', source: source(entry, '', 'event'), attributes: deploy });
  }

  function apply(entry: ContainerEntry, event: EngineEvent): void {
    const type = eventType(event.action);
    if (!type) return;
    const derivedAt = entry.derived.get(type);
    entry.changes++;
    entry.record = applyEvent(entry.record!, event);
    if (type === 'rename') {
      entry.identity = identify(entry.record, config);
      if (entry.removedAt === null) refresh(entry);
    }
    // The state told of it first, while the engine was out of reach.
    const late = derivedAt !== undefined && Math.abs(event.time - derivedAt) < ENGINE_LATE_US;
    if (late) entry.derived.delete(type);
    else emit(entry, event.time, type, eventAttributes(event));
    if (type === 'start' && entry.record.pid === null) options.askAgain(entry.id);
    if (type === 'destroy') {
      entry.destroyed = true;
      remove(entry.id);
    }
  }

  function missed(entry: ContainerEntry, before: ContainerRecord | null): void {
    if (!entry.record) return;
    for (const event of missedEvents(before, entry.record, entry.told, clock.nowUs())) derive(entry, event);
  }

  function derive(entry: ContainerEntry, event: MissedEvent): void {
    entry.derived.set(event.type, event.time);
    emit(entry, event.time, event.type, event.attributes);
  }

  function remove(id: string): void {
    const entry = entries.get(id);
    if (!entry || entry.removedAt !== null) return;
    entry.removedAt = clock.monotonicMs();
    if (entry.target) handlers.gone(entry.target.key);
    if (entry.record && options.engineLost()) derive(entry, { time: clock.nowUs(), type: 'destroy', attributes: {} });
    forget();
  }

  function forget(): void {
    const removed = [...entries.values()].filter((entry) => entry.removedAt !== null);
    const oldest = clock.monotonicMs() - REMOVED_MS;
    removed.sort((a, b) => a.removedAt! - b.removedAt!);
    removed.forEach((entry, i) => {
      if (entry.removedAt! < oldest || i < removed.length - REMOVED_KEPT) entries.delete(entry.id);
    });
  }

  function flush(entry: ContainerEntry): void {
    for (const event of entry.waiting.splice(0)) apply(entry, event);
  }

  return {
    learn(record, changes) {
      const entry = entryOf(record.id);
      const before = entry.record;
      if (entry.removedAt !== null) {
        // Out of sight for a moment, as when the directory was not mounted; what the engine removed stays removed.
        if (entry.destroyed || changes !== undefined) return flush(entry);
        entry.removedAt = null;
        entry.target = null;
      }
      const stale = before !== null && changes !== undefined && changes !== entry.changes;
      entry.record = stale ? { ...before, ...lasting(record, before) } : record;
      entry.identity = identify(entry.record, config);
      if (!before && record.startedAt !== null && record.startedAt <= options.baselineUs)
        deploys.known(record, entry.identity);
      refresh(entry);
      flush(entry);
      if (options.engineLost()) missed(entry, before);
    },
    unknown(id, gone) {
      const entry = entries.get(id);
      if (!entry || entry.record || entry.waiting.length === 0) return;
      entry.record = recordFromEvent(entry.waiting[0]);
      entry.identity = identify(entry.record, config);
      if (gone) entry.removedAt ??= clock.monotonicMs();
      flush(entry);
      // Its next event asks again.
      if (!gone) entry.record = null;
    },
    provisional(id) {
      const entry = entryOf(id);
      if (entry.record || entry.target || entry.removedAt !== null) return;
      const name = id.slice(0, 12);
      const record = recordFromEvent({ id, action: '', time: 0, attributes: { name } });
      const identity = identify(record, config);
      entry.record = { ...record, logDriver: 'json-file', state: 'unknown' };
      entry.identity = { ...identity, named: { ...identity.named, app: 'container id' } };
      refresh(entry);
      entry.record = null;
      entry.identity = null;
    },
    event(event) {
      if (!eventType(event.action)) return;
      const entry = entryOf(event.id);
      if (entry.record) return apply(entry, event);
      entry.waiting.push(event);
      if (entry.waiting.length === 1) options.ask(event.id);
    },
    settle(id) {
      if (id === undefined) for (const entry of [...entries.values()]) missed(entry, null);
      else if (entries.has(id)) missed(entries.get(id)!, null);
    },
    remove,
    known(id) {
      const entry = entries.get(id);
      return entry?.record != null && entry.removedAt === null;
    },
    changes: (id) => entries.get(id)?.changes ?? 0,
    ids: () => [...entries.values()].filter((entry) => entry.removedAt === null).map((entry) => entry.id),
    statuses() {
      forget();
      const listed = [...entries.values()].filter((entry) => entry.record !== null);
      return listed.map((entry) => statusOf(entry));
    },
    running() {
      const alive = [...entries.values()].filter(
        ({ record, removedAt }) =>
          record !== null && record.pid !== null && record.startedAt !== null && removedAt === null,
      );
      return alive.map((entry) => ({
        id: entry.id,
        startedAt: entry.record!.startedAt!,
        restarts: entry.record!.restarts,
        pid: entry.record!.pid,
        source: source(entry, '', 'event'),
        docker: true,
      }));
    },
  };

  /** The same object as long as nothing about it changed: who tells thousands of them every two seconds can see that at a glance. */
  function statusOf(entry: ContainerEntry): ContainerStatus {
    const record = entry.record!;
    const where = reachable(entry);
    const { identity, target, trouble, removedAt } = entry;
    const from = [record, identity, target, trouble, removedAt, where.file, where.engine];
    const before = statuses.get(entry);
    if (before?.from.every((part, i) => part === from[i])) return before.status;
    const status = makeStatus(entry, record, where);
    statuses.set(entry, { from, status });
    return status;
  }

  function makeStatus(
    entry: ContainerEntry,
    record: ContainerRecord,
    where: { file: boolean; engine: boolean },
  ): ContainerStatus {
    const reading = excluded(record) ? 'nothing' : readingOf(record, where);
    const warnings = entry.removedAt === null ? logWarnings(record, where) : [];
    if (excluded(record)) warnings.unshift('not read: named by collector.excludeContainers');
    if (entry.trouble && entry.removedAt === null && where.engine) warnings.push(entry.trouble);
    const reader = reading === 'file' ? 'json-file' : reading === 'api' ? 'api' : 'none';
    return containerStatus(record, entry.identity!, { reader, removed: entry.removedAt !== null, warnings });
  }
}

/** What still holds of an answer after the state moved on; of the same start also its exact time and first process. */
function lasting(record: ContainerRecord, before: ContainerRecord): Partial<ContainerRecord> {
  const { labels, restarts, startedAt, pid } = record;
  const same = before.state === 'running' && pid !== null && startedAt !== null && startedAt > (before.finishedAt ?? 0);
  return same ? { labels, restarts, startedAt, pid } : { labels, restarts };
}
