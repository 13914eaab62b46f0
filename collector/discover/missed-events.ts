import type { ContainerEvent } from '../discovery.ts';
import type { ContainerRecord } from '../docker/record.ts';

/** µs up to which each kind of event of one container is known to have been told. */
export interface Told {
  create: number;
  start: number;
  die: number;
}

export type MissedEvent = Pick<ContainerEvent, 'time' | 'type' | 'attributes'>;

/** The engine writes the state first and tells the event after; they are the same when no further apart than this. */
export const SKEW_US = 100_000;

export function toldUpTo(us: number): Told {
  return { create: us, start: us, die: us };
}

/** Notes an event as told. */
export function tell(told: Told, type: ContainerEvent['type'], time: number): void {
  if (type === 'create' || type === 'start' || type === 'die') told[type] = Math.max(told[type], time);
}

/**
 * Events that a container's state shows and nobody told of: while the API is out of reach, and after the daemon or the collector was
 * away longer than the engine remembers. `before` is the state as last seen, null for a container not seen before. Marks them as told.
 */
export function missedEvents(
  before: ContainerRecord | null,
  now: ContainerRecord,
  told: Told,
  nowUs: number,
): MissedEvent[] {
  const events: MissedEvent[] = [];
  const fresh = (kind: keyof Told, time: number | null): time is number => {
    if (time === null || time <= told[kind] + SKEW_US) return false;
    told[kind] = time;
    return true;
  };
  if (fresh('create', now.createdAt)) events.push({ time: now.createdAt!, type: 'create', attributes: {} });
  const died = fresh('die', now.finishedAt);
  if (died) {
    const code = now.exitCode ?? (before?.finishedAt === now.finishedAt ? before?.exitCode : null);
    const attributes: Record<string, string> = code === null || code === undefined ? {} : { exitCode: String(code) };
    if (now.oomKilled) events.push({ time: now.finishedAt!, type: 'oom', attributes: {} });
    events.push({ time: now.finishedAt!, type: 'die', attributes });
  }
  if (fresh('start', now.startedAt)) events.push({ time: now.startedAt!, type: 'start', attributes: {} });
  if (before && before.health !== now.health && now.health !== null)
    events.push({ time: nowUs, type: 'health', attributes: { health: now.health } });
  // A container that restarted died before it started; one that ran and ended started first.
  return events.sort((a, b) => a.time - b.time);
}
