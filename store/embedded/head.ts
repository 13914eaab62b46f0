import type { Intervals } from '../intervals.ts';
import { type FrameMemory, frameMemory } from './frame.ts';

/**
 * Frames not yet in a segment, in shared memory so that scan threads search them where they lie. Chunks are used again:
 * fresh ones would leave their pages to the garbage collector of every thread.
 */
export interface Chunk {
  /** New at each use of the memory; threads cache what they learnt of a chunk under it. */
  id: number;
  shared: SharedArrayBuffer;
  memory: FrameMemory;
  /** Bytes staged, and bytes durable and visible to readers. */
  used: number;
  visible: number;
}

export const CHUNK_BYTES = 8 << 20;

export interface ChunkPool {
  take(bytes: number): Chunk;
  give(chunk: Chunk): void;
  /** Lets go of what was not needed since the last call: after a rush its memory is not kept for ever. */
  trim(): void;
}

/** Keeps up to `spare` chunks of the usual size for the next use. */
export function createChunkPool(spare: number): ChunkPool {
  const free: SharedArrayBuffer[] = [];
  let idle = 0;
  let nextId = 1;
  return {
    take(bytes) {
      const shared =
        (bytes <= CHUNK_BYTES ? free.pop() : undefined) ?? new SharedArrayBuffer(Math.max(bytes, CHUNK_BYTES));
      idle = Math.min(idle, free.length);
      return { id: nextId++, shared, memory: frameMemory(shared), used: 0, visible: 0 };
    },
    give(chunk) {
      if (chunk.shared.byteLength === CHUNK_BYTES && free.length < spare) free.push(chunk.shared);
    },
    trim() {
      free.length -= idle;
      idle = free.length;
    },
  };
}

/** The stored bytes of one (fid, gen), with the time (µs) that says when they may be forgotten. */
export interface Mark {
  fid: string;
  gen: number;
  done: Intervals;
  seen: number;
}

/** Records and bytes, and the times they reach over (µs). */
export interface Span {
  records: number;
  bytes: number;
  first: number;
  last: number;
}

export interface Head {
  chunks: Chunk[];
  /** Message bytes staged. */
  bytes: number;
  records: number;
  /** Frames staged and not yet durable. */
  pending: number;
  /** Monotonic ms of its first frame, null when empty. */
  since: number | null;
  sealed: boolean;
  /** Marks its durable frames lead to, by key; committed together with its segments. */
  marks: Map<string, Mark>;
  /** Log files that hold it, oldest first. */
  logs: string[];
  /** Sources named in the newest of them, and all sources it has. */
  named: Set<number>;
  sources: Set<number>;
  /** Durable records' time range and count, for planning. */
  visible: Span;
  /** The same by retention class; bytes are those of whole frames. */
  classes: Map<string, Span>;
  /** Readers that hold its memory. */
  pins: number;
  /** In a segment by now: the memory is free once nobody holds it. */
  retired: boolean;
}

export function createHead(): Head {
  return {
    chunks: [],
    bytes: 0,
    records: 0,
    pending: 0,
    since: null,
    sealed: false,
    marks: new Map(),
    logs: [],
    named: new Set(),
    sources: new Set(),
    visible: emptySpan(),
    classes: new Map(),
    pins: 0,
    retired: false,
  };
}

const emptySpan = (): Span => ({
  records: 0,
  bytes: 0,
  first: Number.POSITIVE_INFINITY,
  last: Number.NEGATIVE_INFINITY,
});

/** Durable records of one frame, which is `frameBytes` long, count as visible. */
export function showRecords(head: Head, className: string, records: Span, frameBytes: number): void {
  let own = head.classes.get(className);
  if (!own) head.classes.set(className, (own = emptySpan()));
  widen(head.visible, records, records.bytes);
  widen(own, records, frameBytes);
}

function widen(span: Span, by: Span, bytes: number): void {
  span.records += by.records;
  span.bytes += bytes;
  span.first = Math.min(span.first, by.first);
  span.last = Math.max(span.last, by.last);
}

/** Room for `bytes` more in the head's newest chunk, or in a new one. */
export function roomIn(head: Head, pool: ChunkPool, bytes: number): Chunk {
  const last = head.chunks[head.chunks.length - 1];
  if (last && last.shared.byteLength - last.used >= bytes) return last;
  const chunk = pool.take(bytes);
  head.chunks.push(chunk);
  return chunk;
}
