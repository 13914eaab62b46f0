import { FleetlogError } from '../../model/errors.ts';
import type { RecordKey } from '../../model/position.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Note, SearchRequest, SearchResult } from '../log-store.ts';
import type { Catalog } from './catalog.ts';
import { type MergedRecords, makeRecords, mergeRecords } from './merge-records.ts';
import type { ScanOutcome, ScanPool } from './scan-pool.ts';
import type { Operation, ScanAnswer } from './scan-request.ts';

/** Message bytes of one page and thread; a page of very long lines ends early and says that there is more. */
const PAGE_BYTES = 32 << 20;
/**
 * Message bytes and records an export reads in one step, with the next one under way. A step reads every block that overlaps it in
 * time, about one for each source; so the larger it is, the less is read more than once.
 */
const STEP_BYTES = 24 << 20;
const STEP_RECORDS = 200_000;
/** Records handed on at once. */
const CHUNK_RECORDS = 1_000;

type TopAnswer = Extract<ScanAnswer, { type: 'top' }>;
type TopOperation = Extract<Operation, { type: 'top' }>;

export interface TopRequest extends Omit<TopOperation, 'type' | 'bytes' | 'by' | 'keys'> {
  query: Query;
  from: number;
  to: number;
  by?: 'time' | 'offset';
  bytes?: number;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface RecordReads {
  search(request: SearchRequest): Promise<SearchResult>;
  scan(request: Omit<SearchRequest, 'limit' | 'timeoutMs'>): AsyncIterable<LogRecord[]>;
  get(key: RecordKey, query: Query, limits: Limits): Promise<LogRecord | null>;
  top(request: TopRequest): Promise<TopResult>;
}

export interface TopResult {
  found: MergedRecords;
  outcome: ScanOutcome;
}

interface Limits {
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface ReadTools {
  catalog: Catalog;
  pool: ScanPool;
  /** Notes about parts that could not be read; takes them out of service where needed. */
  damageNotes(damaged: ScanOutcome['damaged']): Note[];
}

export function createRecordReads(tools: ReadTools): RecordReads {
  const { catalog, pool } = tools;

  async function top(request: TopRequest): Promise<TopResult> {
    const { query, order, limit, after, bulk, by = 'time', bytes = PAGE_BYTES } = request;
    let { from, to } = request;
    if (after && order === 'desc') to = Math.min(to, after.time + 1);
    if (after && order === 'asc') from = Math.max(from, after.time);
    const snapshot = catalog.snapshot(from, to, order);
    try {
      const { file, notFile } = request;
      // One more than asked for tells whether there is more.
      const operation: Operation = { type: 'top', by, order, limit: limit + 1, bytes, bulk, after, file, notFile };
      const outcome = await pool.scan({ query, from, to, operation }, snapshot, request);
      const answers = outcome.answers.filter((answer): answer is TopAnswer => answer.type === 'top');
      return { found: await mergeRecords(answers, order, by, limit), outcome };
    } finally {
      snapshot.release();
    }
  }

  async function search(request: SearchRequest): Promise<SearchResult> {
    const started = performance.now();
    const { found, outcome } = await top(request);
    const notes = tools.damageNotes(outcome.damaged);
    let length = found.length;
    if (outcome.timedOut) {
      // Only what nothing unread could come before: a page that goes on from its last record must not leave any out.
      const reached = (i: number): number => (request.order === 'desc' ? found.key(i).time : -found.key(i).time);
      while (length > 0 && reached(length - 1) <= outcome.unseen!) length--;
      notes.push(timeNote(request.order, outcome.unseen!));
    }
    const records = await makeRecords(found, 0, length);
    const stats = { tookMs: performance.now() - started, ...outcome.stats };
    return { records, more: found.more || outcome.timedOut, notes, stats };
  }

  /**
   * Steps through the range by time, each step as wide as what the one before it found suggests: a step reads the blocks that
   * overlap it, and holds no more than STEP_BYTES of matches however long the whole takes.
   */
  async function* scan(request: Omit<SearchRequest, 'limit' | 'timeoutMs'>): AsyncGenerator<LogRecord[]> {
    const { query, order, signal } = request;
    const stop = new AbortController();
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const ascending = order === 'asc';
    let { from, to } = span(request);
    let after = request.after;
    if (after && ascending) from = Math.max(from, after.time);
    if (after && !ascending) to = Math.min(to, after.time + 1);
    let width = firstWidth(from, to);

    const read = (): Promise<Step> => {
      const window = ascending ? { from, to: Math.min(to, from + width) } : { from: Math.max(from, to - width), to };
      const request = {
        query,
        ...window,
        order,
        limit: STEP_RECORDS,
        bytes: STEP_BYTES,
        bulk: true,
        after,
        signal: both,
      };
      return top(request).then((result) => ({ ...result, window }));
    };
    const advance = ({ found, window, outcome }: Step): void => {
      const wide = window.to - window.from;
      if (found.more && found.length > 0) {
        after = found.key(found.length - 1);
        if (ascending) from = after.time;
        else to = after.time + 1;
        width = Math.max(1, Math.ceil((ascending ? from - window.from : window.to - to) * 0.8));
        return;
      }
      if (ascending) from = window.to;
      else to = window.from;
      after = undefined;
      // Few matches and little text read: the next step may be wider.
      const cheap = found.bytes < STEP_BYTES / 2 && outcome.stats.bytesRead < 4 * STEP_BYTES;
      width = wide * (cheap ? (found.length === 0 ? 8 : 2) : 1);
    };

    let next: Promise<Step> | null = from < to ? read() : null;
    try {
      while (next) {
        const step: Step = await next;
        advance(step);
        next = from < to ? read() : null;
        next?.catch(() => undefined);
        const { found } = step;
        for (let at = 0; at < found.length; at += CHUNK_RECORDS) yield await makeRecords(found, at, at + CHUNK_RECORDS);
      }
    } finally {
      stop.abort();
      await next?.catch(() => undefined);
    }
  }

  /** The part of a range in which there is anything at all. */
  function span(request: { from: number; to: number }): { from: number; to: number } {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const row of [...catalog.segments.values(), ...catalog.heads.map(({ visible }) => visible)]) {
      first = Math.min(first, row.first);
      last = Math.max(last, row.last);
    }
    return { from: Math.max(request.from, first), to: Math.min(request.to, last + 1) };
  }

  /** A step that would hold about half of STEP_BYTES if everything matched. */
  function firstWidth(from: number, to: number): number {
    if (to <= from) return 1;
    const snapshot = catalog.snapshot(from, to, 'any');
    snapshot.release();
    const steps = Math.max(1, snapshot.rawBytes / (STEP_BYTES / 2));
    return Math.max(1, Math.ceil((to - from) / steps));
  }

  return {
    search,
    scan,
    top,
    async get(key, query, limits) {
      const file = { fid: key.fid, gen: key.gen, from: key.offset, to: key.offset + 1 };
      const range = { from: key.time, to: key.time + 1 };
      const { found } = await top({ query, ...range, order: 'asc', limit: 1, file, ...limits });
      return found.length > 0 ? found.record(0) : null;
    },
  };
}

type Step = TopResult & { window: { from: number; to: number } };

/** A page that time cut short: whole on the near side of `completeTo` (µs). */
export function timeNote(order: 'asc' | 'desc', unseen: number): Note {
  return { code: 'time_limit_reached', completeTo: order === 'desc' ? unseen : -unseen };
}

export function timedOut(): FleetlogError {
  return new FleetlogError('query_timeout', 'cannot finish the query in time', {
    hint: 'shorten the time range, or name an app or env',
  });
}
