import type { StatusBatch } from '../model/batch.ts';
import type { HostDoc, HostPart, HostParts } from '../model/fleet.ts';

/** Collector starts before the present one that are remembered: none is delivered again after so many others. */
const FORMER = 4;

/**
 * The host's document after a status, or null when the status is old: delivered again, or of an earlier collector start. Gaps are left to the
 * caller. A status in parts counts up to the least time over its parts: a part stands where its last searchable status was, or, when the
 * home part says that nothing was sent to it since, where the home part stands.
 */
export function advanceHost(before: HostDoc | null, status: StatusBatch, nowUs: number): HostDoc | null {
  const { host, time, epoch, version, docker, behind, counters, part } = status;
  const since = before?.epoch === epoch ? before.since : time;
  const about = { host, receivedAt: nowUs, epoch, since, gaps: before?.gaps ?? [] };
  if (!part) return { ...about, time, version, docker, behind, counters };

  if (before?.parts?.former.includes(epoch)) return null;
  const same = before?.epoch === epoch && before.parts?.of === part.of;
  const parts = same ? { ...before.parts!, list: [...before.parts!.list] } : begin(before, status);
  const mine = parts.list[part.index];
  if (status.seq <= mine.seq) return null;
  parts.list[part.index] = { ...mine, seq: status.seq, time, behind };
  for (const index of part.sent ?? [])
    if (parts.list[index])
      parts.list[index] = { ...parts.list[index], sent: Math.max(parts.list[index].sent, status.seq) };
  const isHome = part.index === part.home;
  return {
    ...about,
    ...together(parts),
    version,
    docker,
    counters: isHome ? counters : (before?.counters ?? {}),
    parts,
  };
}

function begin(before: HostDoc | null, status: StatusBatch): HostParts {
  const { of, home } = status.part!;
  const former = before?.parts?.former ?? [];
  const known = before && before.epoch !== status.epoch ? [before.epoch, ...former] : former;
  const nothing: HostPart = { sent: -1, seq: -1, time: 0, behind: [] };
  return {
    of,
    home,
    base: floorOf(before),
    former: known.slice(0, FORMER),
    list: Array.from({ length: of }, () => nothing),
  };
}

/** Everything of the host is searchable up to here, whatever source it is of. */
function floorOf(doc: HostDoc | null): number {
  if (!doc) return 0;
  return doc.behind.reduce((least, { completeTo }) => Math.min(least, completeTo), doc.time);
}

function together({ base, home, list }: HostParts): Pick<HostDoc, 'time' | 'behind'> {
  const at = list[home];
  let time = Number.POSITIVE_INFINITY;
  const behind: StatusBatch['behind'] = [];
  for (const part of list) {
    const quiet = at.seq > part.seq && part.seq >= part.sent;
    time = Math.min(time, quiet ? at.time : part.seq < 0 ? base : part.time);
    if (!quiet) behind.push(...part.behind);
  }
  return { time, behind };
}
