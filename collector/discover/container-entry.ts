import type { ContainerEvent, Target } from '../discovery.ts';
import type { EngineEvent } from '../docker/event-stream.ts';
import { type ContainerRecord, healthFrom } from '../docker/record.ts';
import type { Identity } from '../identity/identity.ts';
import type { Told } from './missed-events.ts';

/** One container in the table. */
export interface ContainerEntry {
  id: string;
  /** Null until the API or `config.v2.json` has told who it is. */
  record: ContainerRecord | null;
  identity: Identity | null;
  target: Target | null;
  /** Grows with every event applied, so that an answer asked for earlier does not set the state back. */
  changes: number;
  /** Events that came before the identity did. */
  waiting: EngineEvent[];
  told: Told;
  /** Kinds of events derived from the state, and their time (µs), until the engine's own would have come. */
  derived: Map<string, number>;
  /** Why its API stream could not be read the last time. */
  trouble: string | null;
  /** Monotonic ms. */
  removedAt: number | null;
  /** The engine itself said that it is gone; an answer that was under way does not bring it back. */
  destroyed: boolean;
}

const TYPES: Record<string, ContainerEvent['type']> = {
  create: 'create',
  start: 'start',
  die: 'die',
  oom: 'oom',
  restart: 'restart',
  stop: 'stop',
  destroy: 'destroy',
  pause: 'pause',
  unpause: 'unpause',
  rename: 'rename',
};

/** Our name of an engine's action; null for actions that are no part of a container's life (exec, attach, top…). */
export function eventType(action: string): ContainerEvent['type'] | null {
  if (action.startsWith('health_status')) return 'health';
  return Object.hasOwn(TYPES, action) ? TYPES[action] : null;
}

/** What a record becomes by an event. */
export function applyEvent(record: ContainerRecord, event: EngineEvent): ContainerRecord {
  switch (eventType(event.action)) {
    case 'start': {
      const again = record.startedAt !== null && record.startedAt < event.time - 1_000_000;
      const health = record.health === null ? null : 'starting';
      return {
        ...record,
        state: 'running',
        startedAt: again || record.startedAt === null ? event.time : record.startedAt,
        exitCode: null,
        oomKilled: false,
        health,
        pid: again ? null : record.pid,
      };
    }
    case 'die': {
      const exitCode = Number(event.attributes.exitCode);
      return {
        ...record,
        state: 'exited',
        finishedAt: event.time,
        pid: null,
        exitCode: Number.isInteger(exitCode) ? exitCode : null,
      };
    }
    case 'oom':
      return { ...record, oomKilled: true };
    case 'pause':
      return { ...record, state: 'paused' };
    case 'unpause':
      return { ...record, state: 'running' };
    case 'health':
      return { ...record, health: healthFrom(healthOf(event)) };
    case 'rename':
      return { ...record, name: (event.attributes.name ?? record.name).replace(/^\//, '') };
    default:
      return record;
  }
}

function healthOf(event: EngineEvent): string {
  return event.action.slice('health_status'.length).replace(/^:\s*/, '');
}

/** The facts of an event that belong in its record; labels, which docker mixes in, do not. */
export function eventAttributes(event: EngineEvent): Record<string, string> {
  const { attributes } = event;
  switch (eventType(event.action)) {
    case 'die':
      return attributes.exitCode === undefined ? {} : { exitCode: attributes.exitCode };
    case 'health':
      return { health: healthOf(event) };
    case 'rename':
      return { previousName: (attributes.oldName ?? '').replace(/^\//, '') };
    default:
      return {};
  }
}

const NOT_LABELS = new Set(['name', 'image', 'exitCode', 'signal', 'oldName', 'execDuration', 'execID']);

/** A record made of an event alone, for a container that was gone before anybody could ask. */
export function recordFromEvent(event: EngineEvent): ContainerRecord {
  const { attributes } = event;
  const labels = Object.fromEntries(Object.entries(attributes).filter(([name]) => !NOT_LABELS.has(name)));
  return {
    id: event.id,
    name: (attributes.name ?? '').replace(/^\//, ''),
    image: attributes.image ?? '',
    imageId: '',
    pid: null,
    labels,
    env: {},
    tty: false,
    logDriver: '',
    logOptions: {},
    state: 'exited',
    health: null,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    restarts: 0,
  };
}
