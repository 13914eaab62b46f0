import type { DropReason, StatusBatch } from '../../model/batch.ts';
import type { GapCause } from '../../model/gap-cause.ts';
import type { Source } from '../../model/source.ts';
import type { ParseContext } from '../pipeline/assembly.ts';

/** A batch that left and is not acknowledged yet: after a crash exactly [start, end) is read and sent again. */
export interface Intent {
  gen: number;
  start: number;
  end: number;
  /** Records. */
  n: number;
  /** CRC-32 of the encoded batch. */
  crc: number;
  /** µs, the batch's `collectedAt`. */
  at: number;
}

/** How far a file is known to be safe: everything before `offset` of generation `gen` was acknowledged. */
export interface Progress {
  gen: number;
  offset: number;
  /** Up to 64 bytes before `offset`, base64: they must still stand there before reading on. */
  tail: string;
  context: ParseContext;
  /** Acknowledged bytes of earlier generations. */
  past: number;
  lines: number;
  dropped: Partial<Record<DropReason, number>>;
  /** µs of the newest record, or 0. */
  lastLineAt: number;
}

/**
 * `live`: the target's current file. `rotated`: renamed, may still be written. `done`: read to an end that will not move.
 */
export type Phase = 'live' | 'rotated' | 'done';

export interface Generation {
  gen: number;
  /** Hash of its first raw line as the file has it, before any re-hash. */
  head: number;
  /** Bytes read when it ended; -1 for the current one. */
  end: number;
}

/** All the checkpoint knows of one file. */
export interface FileState extends Progress {
  fid: string;
  /** Key of the target it belongs to. */
  target: string;
  source: Source;
  /** Device, inode, birth (ns) as text; birth `0` where the filesystem has none. */
  dev: string;
  ino: string;
  birth: string;
  path: string;
  /** Every generation there was, the current one last. */
  gens: Generation[];
  phase: Phase;
  /** Identities (`dev:ino:birth`) of copies and compressed twins whose lines are this file's. */
  twins: string[];
  /** Bytes from `base` on are also in this file of the spool. */
  spool: { name: string; base: number } | null;
  /** µs when it was last seen on disk. */
  seenAt: number;
  intents: Intent[];
}

export type Gap = StatusBatch['gaps'][number];

/** A gap as this build declares it; a checkpoint may hold those of another. */
export type KnownGap = Gap & { cause: GapCause };
