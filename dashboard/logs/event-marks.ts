import type { ApiEvent, ApiRecord } from '../../api/contract.ts';
import { microseconds } from '../format/time.ts';
import { partsAbout, readQueryText } from './query-text.ts';

export type MarkKind = 'deploy' | 'oom' | 'exit' | 'restart' | 'unhealthy';

/** Something that happened to containers, on the axis and between the lines. */
export interface EventMark {
  id: string;
  kind: MarkKind;
  /** µs; `until` is the end of a deploy over several replicas. */
  time: number;
  until: number;
  app: string;
  env: string;
  host: string;
  /** Names of the containers, each once. */
  names: string[];
  version: string;
  /** Before a deploy; '' when unknown. */
  previous: string;
  exitCode: number | null;
}

/** Event types asked for; the others of a container's life are no news. */
export const MARK_TYPES = ['deploy', 'oom', 'die', 'restart', 'health'] as const;
/** Exit codes of a container that ended as asked. */
const ORDERLY = new Set([0, 130, 143]);
/** Replicas that follow within this belong to one deploy, µs. */
const DEPLOY_GAP = 600e6;
/** An exit or restart this soon after an OOM or exit of the same container is the same story, µs. */
const SAME_STORY = 15e6;

/** Events as marks in order of time: replicas of a deploy as one, one mark for an OOM with its exit and restart. */
export function readMarks(events: ApiEvent[]): EventMark[] {
  const marks: EventMark[] = [];
  const last = new Map<string, EventMark>();
  for (const event of events.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))) {
    const kind = kindOf(event);
    if (kind === null) continue;
    const time = microseconds(event.time);
    const key = kind === 'deploy' ? `deploy ${event.app}\n${event.env}\n${event.image ?? ''}` : event.container;
    const before = last.get(key);
    if (
      before !== undefined &&
      (kind === 'deploy' ? time - before.until <= DEPLOY_GAP : sameStory(before, kind, time))
    ) {
      before.until = kind === 'deploy' ? time : before.until;
      before.exitCode ??= event.exitCode ?? null;
      if (kind === 'deploy' && !before.names.includes(event.containerName)) before.names.push(event.containerName);
      continue;
    }
    const mark: EventMark = {
      id: event.id,
      kind,
      time,
      until: time,
      app: event.app,
      env: event.env,
      host: event.host,
      names: [event.containerName],
      version: event.version ?? tagOf(event.image),
      previous: event.previousVersion ?? tagOf(event.previousImage),
      exitCode: event.exitCode ?? null,
    };
    last.set(key, mark);
    marks.push(mark);
  }
  return marks;
}

function kindOf(event: ApiEvent): MarkKind | null {
  switch (event.type) {
    case 'deploy':
    case 'oom':
    case 'restart':
      return event.type;
    case 'die':
      return event.exitCode !== undefined && ORDERLY.has(event.exitCode) ? null : 'exit';
    case 'health':
      return event.health === 'unhealthy' ? 'unhealthy' : null;
    default:
      return null;
  }
}

function sameStory(before: EventMark, kind: MarkKind, time: number): boolean {
  return (kind === 'exit' || kind === 'restart') && before.kind !== 'unhealthy' && time - before.time <= SAME_STORY;
}

/** `registry/shop:1.4.2` → `1.4.2`; a digest or no tag gives ''. */
function tagOf(image: string | undefined): string {
  const name = image?.split('@')[0].split('/').at(-1) ?? '';
  return name.includes(':') ? name.slice(name.indexOf(':') + 1) : '';
}

/** What a query says about identity, for asking only for events of the same containers. Words and other fields do not count. */
export function eventFilter(query: string): { app?: string[]; env?: string[]; host?: string[] } {
  const { clauses, mixed } = readQueryText(query);
  const filter: { app?: string[]; env?: string[]; host?: string[] } = {};
  if (mixed) return filter;
  for (const clause of clauses) {
    if (clause.negated || clause.values === null) continue;
    if (clause.field === 'app' || clause.field === 'env' || clause.field === 'host')
      filter[clause.field] = clause.values;
  }
  return filter;
}

/**
 * A query that also finds the events of the containers it speaks of, so that a live view gets both in one stream, in their order.
 * Null when it asks for streams itself: then events are lines like others.
 */
export function withEvents(query: string): string | null {
  if (/(?:^|[\s(（\-－])stream[:：]/.test(query)) return null;
  const lines = query.trim() === '' ? '-stream:event' : `((${query}) -stream:event)`;
  const whose = partsAbout(query, ['app', 'env', 'host']);
  return `${lines} OR (stream:event event:(${MARK_TYPES.join(' OR ')})${whose === '' ? '' : ` ${whose}`})`;
}

/** The event that a record of the stream `event` tells of, as `/events` gives it. */
export function eventOf({ fields, ...record }: ApiRecord): ApiEvent {
  const { event, exitCode, version, previousImage, previousVersion, health } = fields;
  return {
    id: record.id,
    time: record.time,
    type: event ?? 'unknown',
    app: record.app,
    env: record.env,
    host: record.host,
    container: record.container,
    containerName: record.containerName,
    image: fields.image ?? record.image,
    version,
    previousImage,
    previousVersion,
    health,
    ...(exitCode !== undefined && /^-?\d{1,9}$/.test(exitCode) && { exitCode: Number(exitCode) }),
  };
}

export interface LaneMark {
  marks: EventMark[];
  /** µs. */
  at: number;
  until: number;
}

/** Marks nearer than `apart` µs as one, so that glyphs never cover each other. */
export function laneMarks(marks: EventMark[], apart: number): LaneMark[] {
  const lane: LaneMark[] = [];
  for (const mark of marks) {
    const last = lane.at(-1);
    if (last !== undefined && mark.time - last.at < apart) {
      last.marks.push(mark);
      last.until = Math.max(last.until, mark.until);
    } else lane.push({ marks: [mark], at: mark.time, until: mark.until });
  }
  return lane;
}
