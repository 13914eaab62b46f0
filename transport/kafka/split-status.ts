import type { Batch, StatusBatch } from '../../model/batch.ts';
import { partOf } from '../../model/part-of.ts';
import { batchKey, decodeBatch, encodeBatch } from '../batch-codec.ts';

/** A batch as it goes to its partition. */
export interface Routed {
  partition: number;
  key: string;
  batch: Buffer;
  headers?: Record<string, string>;
}

/** Where batches go: `of` partitions, by key. One router belongs to one publisher: it remembers where its lines went. */
export interface Router {
  route(batch: Buffer): Routed[];
}

/**
 * Lines go by their fid. The lines a status speaks of are on several partitions, and a status must come after them on each, so it is cut into
 * parts: each with the sources, what is behind and the gaps whose fids hash there. The host's home part carries the rest, and names
 * the parts that were sent with it: where a host wrote nothing and has nothing to tell, no part is sent.
 */
export function createRouter(of: number): Router {
  /** Partitions that lines were sent to since the last status; all at the start, for what an earlier process sent. */
  let wrote = new Set<number>(Array.from({ length: of }, (_, index) => index));

  return {
    route(batch) {
      const key = batchKey(batch);
      if (key !== 'status' && key !== 'samples') {
        const partition = partOf(key, of);
        wrote.add(partition);
        return [{ partition, key, batch }];
      }
      const decoded = decodeBatch(batch, true) as Exclude<Batch, { kind: 'lines' | 'events' }>;
      const ordered = `${key}:${decoded.host}`;
      if (decoded.kind !== 'status') return [{ partition: partOf(decoded.host, of), key: ordered, batch }];
      const parts = splitStatus(decoded, of, wrote);
      wrote = new Set();
      return parts.map((part) => ({ partition: part.part!.index, key: ordered, batch: encodeBatch(part) }));
    },
  };
}

/** The parts of a status for `of` partitions; `wrote` are those that must get one even when there is nothing to tell. */
export function splitStatus(status: StatusBatch, of: number, wrote: Set<number>): StatusBatch[] {
  const home = partOf(status.host, of);
  const by = <T extends { fid: string }>(items: T[]): Map<number, T[]> => {
    const groups = new Map<number, T[]>();
    for (const item of items) {
      const index = partOf(item.fid, of);
      const group = groups.get(index);
      if (group) group.push(item);
      else groups.set(index, [item]);
    }
    return groups;
  };
  const [sources, behind, gaps] = [by(status.sources), by(status.behind), by(status.gaps)];
  const sent = Array.from({ length: of }, (_, index) => index).filter(
    (index) =>
      index === home || status.full || wrote.has(index) || sources.has(index) || behind.has(index) || gaps.has(index),
  );
  return sent.map((index) => ({
    ...status,
    sources: sources.get(index) ?? [],
    behind: behind.get(index) ?? [],
    gaps: gaps.get(index) ?? [],
    containers: index === home ? status.containers : [],
    counters: index === home ? status.counters : {},
    part: { index, of, home, ...(index === home ? { sent } : {}) },
  }));
}
