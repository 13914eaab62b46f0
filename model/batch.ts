import type { ContainerSample, HostSample } from './samples.ts';
import type { Source } from './source.ts';

export type BatchKind = 'lines' | 'samples' | 'events' | 'status';

/** Reasons why bytes read did not become searchable; keys of the ledger's `dropped`. */
export const DROP_REASONS = ['excluded', 'too_old', 'hole', 'blank', 'framing', 'oversize', 'parse_error'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/**
 * Records of one source in columns. `lines` batches account for the byte interval [start, end) of one generation of a
 * raw file, contiguous from 0: whatever of it is no message is framing or is named in `dropped`. `events` batches use
 * the same columns with `sparse` positions: increasing offsets (µs of the event), no contiguity.
 *
 * Column views may share one buffer (`encoded`); nobody changes a batch after publishing it.
 */
export interface LinesBatch {
  kind: 'lines' | 'events';
  source: Source;
  /** 32 hex digits. */
  fid: string;
  gen: number;
  start: number;
  end: number;
  /** µs when it was read. */
  collectedAt: number;
  count: number;
  /** µs since the epoch, per record. */
  times: Float64Array;
  /** Raw-file offset of each record's first byte, increasing. */
  offsets: Float64Array;
  /** Where message i ends in `messages` (it begins where i-1 ended). */
  ends: Uint32Array;
  /** Bits of `FLAG`. */
  flags: Uint8Array;
  /** Level ordinals 0–6, or UNDETECTED_LEVEL. */
  levels: Uint8Array;
  /**
   * For joined records, pairs (record index, raw offset of a continuation line minus the record's offset), in order.
   * The k-th pair of a record belongs to the text after its k-th `\n`. They let a store keep the rest of a record whose head it
   * already has, when a re-read joins differently than the first read did.
   */
  joins: Uint32Array;
  /** Bytes of [start, end) that are not searchable, by reason. */
  dropped: Partial<Record<DropReason, number>>;
  messages: Uint8Array;
}

/** A source's place in the ledger; byte counts over all generations since the collector first saw the file. */
export interface SourceStatus {
  fid: string;
  source: Source;
  state: 'reading' | 'idle' | 'gone' | 'denied' | 'failed';
  /** Bytes the file holds now, as far as known. */
  size: number;
  read: number;
  searchable: number;
  dropped: Partial<Record<DropReason, number>>;
  inFlight: number;
  lines: number;
  /** µs of the newest record, or null. */
  lastLineAt: number | null;
  /** Why it is behind or failed, for a person. */
  reason?: string;
  /** It has no name any more, and what was not stored yet was copied to the collector's spool. */
  spooled?: true;
}

/** A container (or a plain-file instance) as the collector knows it. */
export interface ContainerStatus {
  container: string;
  containerName: string;
  app: string;
  env: string;
  instance: string;
  image: string;
  version: string;
  named: { app: string; env: string };
  state: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removed' | 'unknown';
  health: 'healthy' | 'unhealthy' | 'starting' | null;
  /** µs of creation and of the last start. */
  createdAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number | null;
  oomKilled: boolean;
  restarts: number;
  reader: string;
  /** Log driver and what is weak about it (`max-file=1`, `non-blocking`, `driver none`), for the page. */
  logDriver: string;
  warnings: string[];
}

/** Every 2 s from each collector. `sources` and `containers` hold what changed; with `full` they hold everything. */
export interface StatusBatch {
  kind: 'status';
  host: string;
  /** Collector's wall clock, µs. Sources not in `behind` are complete up to here. */
  time: number;
  /** Random per collector start. */
  epoch: string;
  seq: number;
  version: string;
  full: boolean;
  docker: { reachable: boolean; reason?: string };
  sources: SourceStatus[];
  containers: ContainerStatus[];
  /** Sources with unread, unacknowledged or held lines, and the time of the oldest such line (µs). */
  behind: { fid: string; completeTo: number; cause: string }[];
  /** Spans the collector knows it lost; `cause` is a GapCause of the build that wrote it. */
  gaps: { fid: string; from: number; to: number; bytes: number | null; cause: string }[];
  counters: Record<string, number>;
  /** Set where the lines of one host travel on several partitions (Kafka); a whole status has none. */
  part?: StatusPart;
}

/** One of the parts of a status, each of which follows the lines it speaks of: those whose fid is `partOf` this index. */
export interface StatusPart {
  index: number;
  /** Partitions that keys are spread over. */
  of: number;
  /** Index of the part that has containers, counters and `sent`. */
  home: number;
  /** On the home part: indexes of the parts sent with this status. On the others nothing is new since their last. */
  sent?: number[];
}

/** Figures of a host and its containers at one moment, every `collector.statsMs`. */
export interface SamplesBatch {
  kind: 'samples';
  host: string;
  /** Collector's wall clock when they were read, µs. */
  time: number;
  /** Random per collector start. */
  epoch: string;
  rows: SampleRow[];
  values: Partial<Record<HostSample, number>>;
}

export interface SampleRow {
  container: string;
  containerName: string;
  app: string;
  env: string;
  instance: string;
  /** µs; counters of another start are counted from 0 again. */
  startedAt: number;
  values: Partial<Record<ContainerSample, number>>;
}

export type Batch = LinesBatch | StatusBatch | SamplesBatch;
