import type { ContainerStatus, SourceStatus, StatusBatch } from '../model/batch.ts';
import type { HostDoc, InventoryDoc } from '../model/fleet.ts';
import { partOf } from '../model/part-of.ts';

const MAX_GAPS = 1_000;
const DAY_US = 86_400e6;

export type KeptContainer = InventoryDoc['containers'][number];

/** Containers by id; plain-file instances, which have none, by app, env and instance. */
export function containerKey(c: Pick<ContainerStatus, 'container' | 'app' | 'env' | 'instance'>): string {
  return c.container || `${c.app}\0${c.env}\0${c.instance}`;
}

/** Puts a status' containers over those kept; true when anything may have changed. Only the home part speaks of containers. */
export function mergeContainers(kept: Map<string, KeptContainer>, status: StatusBatch, retentionDays: number): boolean {
  if (status.part && status.part.index !== status.part.home) return false;
  const seen = new Set<string>();
  for (const container of status.containers) {
    const key = containerKey(container);
    seen.add(key);
    kept.set(key, { ...container, lastLineAt: kept.get(key)?.lastLineAt ?? null });
  }
  if (status.full) {
    const oldest = status.time - retentionDays * DAY_US;
    for (const [key, container] of kept) {
      if (seen.has(key)) continue;
      if (container.state !== 'removed') {
        kept.set(key, { ...container, state: 'removed', finishedAt: container.finishedAt ?? status.time });
      } else if (Math.max(container.finishedAt ?? 0, container.lastLineAt ?? 0) < oldest) kept.delete(key);
    }
  }
  return status.full || seen.size > 0;
}

/** Puts a status' sources over those kept; true when anything may have changed. A part speaks of the fids that hash to it. */
export function mergeSources(kept: Map<string, SourceStatus>, status: StatusBatch, retentionDays: number): boolean {
  if (status.full) {
    const live = new Set(status.sources.map((s) => s.fid));
    const oldest = status.time - retentionDays * DAY_US;
    for (const [fid, source] of kept) {
      if (live.has(fid) || !speaksOf(status, fid)) continue;
      if ((source.lastLineAt ?? 0) < oldest) kept.delete(fid);
      else kept.set(fid, { ...source, state: 'gone' });
    }
  }
  for (const source of status.sources) kept.set(source.fid, source);
  return status.full || status.sources.length > 0;
}

/** Whether a status, which may be a part of one, is about this source. */
export function speaksOf({ part }: StatusBatch, fid: string): boolean {
  return !part || partOf(fid, part.of) === part.index;
}

/** Tells the containers when their sources last had a line; true when that is news. */
export function touchContainers(containers: Map<string, KeptContainer>, sources: SourceStatus[]): boolean {
  let news = false;
  for (const source of sources) {
    const container = containers.get(containerKey({ ...source.source }));
    if (!container || (source.lastLineAt ?? 0) <= (container.lastLineAt ?? 0)) continue;
    container.lastLineAt = source.lastLineAt;
    news = true;
  }
  return news;
}

/** The gaps kept, and those of a status that are not among them, each with the app it belongs to. */
export function mergeGaps(
  kept: HostDoc['gaps'],
  gaps: StatusBatch['gaps'],
  sources: Map<string, SourceStatus>,
): HostDoc['gaps'] {
  const known = new Set(kept.map(gapKey));
  const news = gaps
    .filter((gap) => !known.has(gapKey(gap)))
    .map((gap) => {
      const source = sources.get(gap.fid)?.source;
      return { ...gap, app: source?.app ?? '', env: source?.env ?? '' };
    });
  return [...kept, ...news].slice(-MAX_GAPS);
}

const gapKey = (gap: { fid: string; from: number; cause: string }): string => `${gap.fid}:${gap.from}:${gap.cause}`;
