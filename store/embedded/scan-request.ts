import type { RecordKey } from '../../model/position.ts';
import type { Query } from '../../model/query/tree.ts';
import type { Source } from '../../model/source.ts';
import type { GroupKey, SourceSummary } from '../log-store.ts';
import type { HeadChunk } from './head-blocks.ts';
import type { PackedRecords } from './packed-records.ts';
import type { PatternTally } from './pattern-tally.ts';
import type { SentError } from './thread-calls.ts';

/** What one scan looks for; the same for all threads that share its work. */
export interface ScanRequest {
  query: Query;
  from: number;
  to: number;
  operation: Operation;
}

export type Operation =
  | {
      /** The first `limit` records in `order`, of at most about `bytes` message bytes. */
      type: 'top';
      /** `offset` orders by place in `file`. */
      by: 'time' | 'offset';
      order: 'asc' | 'desc';
      limit: number;
      bytes: number;
      /** Nearly all of the range is wanted (by time). */
      bulk?: boolean;
      after?: RecordKey;
      /** Only records of this file with from ≤ offset < to. */
      file?: { fid: string; gen: number; from: number; to: number };
      /** No records of this file. */
      notFile?: { fid: string; gen: number };
      /** Only these records. */
      keys?: RecordKey[];
    }
  | { type: 'histogram'; interval: number; by: GroupKey }
  | { type: 'facets'; fields: string[] }
  | { type: 'patterns'; interval: number | null }
  | { type: 'sources' };

/** What a thread gives back; threads' answers are merged by the main thread. */
export type ScanAnswer =
  | {
      type: 'top';
      records: PackedRecords;
      /** True when matching records behind the last one were let go because of `bytes`. */
      cut: boolean;
    }
  /** Counts per group and bucket, from the bucket that holds `from`. */
  | { type: 'histogram'; groups: [string, Float64Array][] }
  | { type: 'facets'; fields: [string, [string, number][]][]; incomplete: string[] }
  | {
      type: 'patterns';
      patterns: PatternTally[];
      /** True when there were more than one thread keeps. */
      incomplete: boolean;
    }
  | { type: 'sources'; sources: SourceSummary[] };

/**
 * Work is claimed in units: rows of four numbers in shared memory. `ref` ≥ 0 is a segment's id and `part` which of its blocks
 * (PART_BLOCKS at a time, in the order the scan wants them); `ref` < 0 is chunk −ref−1 of the heads. `first` and `last`
 * bound the times.
 */
export const UNIT_WIDTH = 4;
export const PART_BLOCKS = 8;

/** Shared by the threads of one scan. */
export interface ScanControl {
  /** [0] one of STATE, [1] the next unit. */
  words: Int32Array;
  /** [0] the scalar a record must reach to be among the first (see top-records.ts). */
  bound: BigInt64Array;
}

export const STATE = { RUN: 0, CANCEL: 1, TIME_OUT: 2 } as const;

export function scanControl(shared: SharedArrayBuffer): ScanControl {
  return { words: new Int32Array(shared, 0, 2), bound: new BigInt64Array(shared, 8, 1) };
}

/** Smallest bound: everything reaches it. */
export const NO_BOUND = -(2n ** 62n);

export function newScanControl(): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(16);
  scanControl(shared).bound[0] = NO_BOUND;
  return shared;
}

export type ScanCall =
  | {
      type: 'scan';
      id: number;
      request: ScanRequest;
      control: SharedArrayBuffer;
      units: SharedArrayBuffer;
      chunks: HeadChunk[];
      /** Sources of heads this thread has not heard of. */
      sources: [number, Source][];
    }
  | { type: 'forget'; segments: number[]; chunks: number[]; sources: number[] };

export interface ScanStats {
  blocksRead: number;
  blocksTotal: number;
  bytesRead: number;
}

export interface ScanReply {
  id: number;
  answer?: ScanAnswer;
  stats: ScanStats;
  /** Parts of segments that could not be read. */
  damaged: { segment: number; reason: string; whole: boolean }[];
  /** Best scalar among units not looked at when time ran out. */
  unseen?: number;
  error?: SentError;
}
