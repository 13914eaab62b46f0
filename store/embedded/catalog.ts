import type { Chunk, Head } from './head.ts';
import type { ScanScope } from './scan-pool.ts';
import { PART_BLOCKS, UNIT_WIDTH } from './scan-request.ts';
import type { SegmentRow } from './segment-writer.ts';

/** In which order a scan wants its work. */
export type ScanOrder = 'asc' | 'desc' | 'any';

export interface Snapshot extends ScanScope {
  /** Records there are at most, in bytes of messages: how much a scan of all of it would read. */
  rawBytes: number;
  /** Must be called once the scan is over. */
  release(): void;
}

/** What there is to read right now: segments and heads, and who still reads what has gone. */
export interface Catalog {
  segments: Map<number, SegmentRow>;
  heads: Head[];
  /** Segments and heads that overlap [from, to), as scan units. */
  snapshot(from: number, to: number, order: ScanOrder): Snapshot;
  /** Runs `action` when every read that began before now has ended. */
  afterReads(action: () => void): void;
  activeReads(): number;
}

export function createCatalog(): Catalog {
  const segments = new Map<number, SegmentRow>();
  const heads: Head[] = [];
  const reads = new Set<number>();
  let nextRead = 1;
  let later: { before: number; action: () => void }[] = [];

  function settle(): void {
    const oldest = reads.values().next().value ?? Number.POSITIVE_INFINITY;
    const ready = later.filter(({ before }) => before <= oldest);
    if (ready.length === 0) return;
    later = later.filter(({ before }) => before > oldest);
    for (const { action } of ready) action();
  }

  return {
    segments,
    heads,
    snapshot(from, to, order) {
      const id = nextRead++;
      reads.add(id);
      const chunks: Chunk[] = [];
      const sources = new Set<number>();
      const rows: { ref: number; parts: number; first: number; last: number }[] = [];
      let rawBytes = 0;
      for (const { visible, chunks: own, sources: named } of heads) {
        if (visible.records === 0 || visible.last < from || visible.first >= to) continue;
        rawBytes += visible.bytes;
        for (const number of named) sources.add(number);
        for (const chunk of own) {
          if (chunk.visible === 0) continue;
          chunks.push(chunk);
          rows.push({ ref: -chunks.length, parts: 1, first: visible.first, last: visible.last });
        }
      }
      for (const row of segments.values()) {
        if (row.last < from || row.first >= to) continue;
        rawBytes += row.rawBytes;
        rows.push({ ref: row.id, parts: Math.ceil(row.blocks / PART_BLOCKS), first: row.first, last: row.last });
      }
      if (order === 'desc') rows.sort((a, b) => b.last - a.last);
      if (order === 'asc') rows.sort((a, b) => a.first - b.first);
      return {
        units: unitsOf(rows),
        chunks,
        sources,
        rawBytes,
        release() {
          reads.delete(id);
          settle();
        },
      };
    },
    afterReads(action) {
      later.push({ before: nextRead, action });
      settle();
    },
    activeReads: () => reads.size,
  };
}

function unitsOf(rows: { ref: number; parts: number; first: number; last: number }[]): SharedArrayBuffer {
  const total = rows.reduce((sum, { parts }) => sum + parts, 0);
  const shared = new SharedArrayBuffer(total * UNIT_WIDTH * 8);
  const units = new Float64Array(shared);
  let at = 0;
  for (const { ref, parts, first, last } of rows)
    for (let part = 0; part < parts; part++, at += UNIT_WIDTH) units.set([ref, part, first, last], at);
  return shared;
}
