import { createHash } from 'node:crypto';
import type { LinesBatch } from '../../model/batch.ts';
import { levelOrdinal } from '../../model/level.ts';
import { STREAMS } from '../../model/source.ts';
import type { ContainerEvent } from '../discovery.ts';

/** Exit codes of a container that ended as asked: success, SIGTERM, SIGINT. */
const ORDERLY = new Set(['0', '143', '130']);

/** `fid` of a container's events: derived from host and container alone, so that a lost state directory does not change it. */
export function eventsFid(host: string, container: string): string {
  const who = createHash('sha256').update(`${host}\0${container}`).digest('hex').slice(0, 10);
  const what = createHash('sha256').update('events').digest('hex').slice(0, 10);
  return `${who}${'0'.repeat(12)}${what}`;
}

/** `event=die exitCode=137 image=shop:1.2 name=shop-1`: logfmt, so that each fact is a field. */
export function eventMessage(event: ContainerEvent): string {
  const { image, containerName } = event.source;
  const facts: Record<string, string> = { event: event.type, ...event.attributes };
  if (image && facts.image === undefined) facts.image = image;
  facts.name = containerName;
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(' ');
}

function quote(value: string): string {
  return /^[^\s"=\\\u0000-\u001f\u007f]+$/.test(value) ? value : JSON.stringify(value);
}

export function eventLevel(event: ContainerEvent): 'error' | 'warn' | 'info' {
  if (event.type === 'oom') return 'error';
  if (event.type === 'die') {
    const code = event.attributes.exitCode;
    return code === undefined || ORDERLY.has(code) ? 'info' : 'error';
  }
  if (event.type === 'throttled' || event.type === 'memory_pressure' || event.type === 'restart_loop') return 'warn';
  return event.type === 'health' && event.attributes.health === 'unhealthy' ? 'warn' : 'info';
}

/** One event as a batch of one record; `offset` is its place among the container's events, µs made unique. */
export function eventBatch(event: ContainerEvent, offset: number, fid: string, nowUs: number): LinesBatch {
  const messages = Buffer.from(eventMessage(event), 'utf8');
  return {
    kind: 'events',
    source: event.source,
    fid,
    gen: 0,
    start: offset,
    end: offset + 1,
    collectedAt: nowUs,
    count: 1,
    times: Float64Array.of(event.time),
    offsets: Float64Array.of(offset),
    ends: Uint32Array.of(messages.length),
    flags: Uint8Array.of(STREAMS.indexOf('event')),
    levels: Uint8Array.of(levelOrdinal(eventLevel(event))),
    joins: new Uint32Array(0),
    dropped: {},
    messages,
  };
}
