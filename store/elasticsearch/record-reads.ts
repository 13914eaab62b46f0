import type { RecordKey } from '../../model/position.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Note, SearchRequest, SearchResult } from '../log-store.ts';
import type { HitReader, HitsRequest } from './hits.ts';
import { PIT_ALIVE } from './hits.ts';
import {
  ask,
  isTimeout,
  type Limits,
  limitsOf,
  patiently,
  type Reading,
  statsSince,
  translated,
  within,
} from './reading.ts';
import type { Translation } from './translate.ts';
import { term } from './translate-text.ts';

/** Message bytes of one page; a page of very long lines ends early and says that there is more. */
const PAGE_BYTES = 32 << 20;
/** Records asked for at once; the cluster gives 10,000 at most. */
const CHUNK = 2_000;
/** A slow search begins with the last (or first) hour of its range, and goes on in steps that grow. */
const FIRST_STEP_US = 3_600_000_000;

export interface RecordReads {
  search(request: SearchRequest): Promise<SearchResult>;
  scan(request: Omit<SearchRequest, 'limit' | 'timeoutMs'>): AsyncGenerator<LogRecord[]>;
  get(key: RecordKey, query: Query, limits: Limits): Promise<LogRecord | null>;
  /** Every record of one translation in order, verified, in chunks; `seen` counts what was looked at. */
  stream(request: StreamRequest, limits: Limits): AsyncGenerator<LogRecord[]>;
  take(request: TakeRequest, limits: Limits): Promise<{ records: LogRecord[]; more: boolean }>;
}

export type TakeRequest = Omit<HitsRequest, 'size' | 'pit'> & { limit: number };
export type StreamRequest = Omit<HitsRequest, 'size' | 'pit' | 'by'> & { seen?: { records: number } };

export function createRecordReads(reading: Reading, hits: HitReader): RecordReads {
  /** Up to `limit` records of a range. `onSeen` hears of each key that was looked at, matching or not. */
  async function take(
    request: TakeRequest,
    limits: Limits,
    into: LogRecord[] = [],
    onSeen?: (last: LogRecord) => void,
  ): Promise<{ records: LogRecord[]; more: boolean }> {
    const { verify } = request.translation;
    let { after } = request;
    let bytes = 0;
    for (;;) {
      const missing = request.limit - into.length + 1;
      const size = Math.min(CHUNK, verify ? Math.max(missing, 500) : missing);
      const page = await hits.read({ ...request, after, size }, limits);
      for (const record of page.records) {
        if (verify && !verify(record)) continue;
        if (into.length === request.limit) return { records: into, more: true };
        into.push(record);
        bytes += record.message.length;
        if (bytes > PAGE_BYTES) return { records: into, more: true };
      }
      const last = page.records[page.records.length - 1];
      if (page.whole || !last) return { records: into, more: false };
      after = last;
      onSeen?.(last);
    }
  }

  /** The part of a range in which there is anything, so that steps have an end. */
  async function bounds(
    request: { from: number; to: number },
    limits: Limits,
  ): Promise<{ from: number; to: number } | null> {
    const aggs = { first: { min: { field: 'time' } }, last: { max: { field: 'time' } } };
    const body = { size: 0, track_total_hits: false, query: within(request), aggs };
    interface Answer {
      aggregations?: { first: { value: number | null }; last: { value: number | null } };
    }
    const { aggregations } = await ask<Answer>(reading, request, body, limits);
    const first = aggregations?.first.value ?? null;
    const last = aggregations?.last.value ?? null;
    return first === null || last === null
      ? null
      : { from: Math.max(request.from, first), to: Math.min(request.to, last + 1) };
  }

  /** Steps from the near end of the range, so that what time allows is whole. */
  async function slowSearch(
    request: SearchRequest,
    translation: Translation,
    limits: Limits,
  ): Promise<Omit<SearchResult, 'stats'>> {
    const { order, limit } = request;
    const descending = order === 'desc';
    const records: LogRecord[] = [];
    let edge = descending ? request.to : request.from;
    try {
      const whole = await bounds(request, limits);
      if (!whole) return { records, more: false, notes: [] };
      let { from, to } = whole;
      const { after } = request;
      if (after && descending) to = Math.min(to, after.time + 1);
      if (after && !descending) from = Math.max(from, after.time);
      let width = FIRST_STEP_US;
      while (from < to) {
        const step = descending ? { from: Math.max(from, to - width), to } : { from, to: Math.min(to, from + width) };
        const got = await take(
          { ...step, translation, order, after, limit },
          limits,
          records,
          ({ time }) => (edge = time),
        );
        if (got.more) return { records, more: true, notes: [] };
        if (descending) to = step.from;
        else from = step.to;
        edge = descending ? to - 1 : from;
        width *= 4;
      }
      return { records, more: false, notes: [] };
    } catch (error) {
      if (!isTimeout(error)) throw error;
      // Only what nothing unread could come before: a page that goes on behind it must not leave any out.
      const kept = records.filter(({ time }) => (descending ? time > edge : time < edge));
      return { records: kept, more: true, notes: [timeNote(edge)] };
    }
  }

  async function search(request: SearchRequest): Promise<SearchResult> {
    const started = performance.now();
    const limits = limitsOf(request);
    const { order, limit, from, to, after } = request;
    const result = await translated(request.query, async (translation) => {
      if (translation.slow) return slowSearch(request, translation, limits);
      try {
        const got = await take({ from, to, translation, order, after, limit }, limits);
        return { ...got, notes: [] as Note[] };
      } catch (error) {
        if (!isTimeout(error)) throw error;
        return { records: [], more: true, notes: [timeNote(order === 'desc' ? to : from)] };
      }
    });
    const bytes = result.records.reduce((sum, { message }) => sum + message.length, 0);
    return { ...result, stats: statsSince(started, bytes) };
  }

  /** One point in time for the whole of it: lines that come meanwhile shift nothing. */
  async function* stream(request: StreamRequest, limits: Limits): AsyncGenerator<LogRecord[]> {
    const { client, names } = reading;
    const { verify } = request.translation;
    const path = `/${names.covering(request.from, request.to)}/_pit`;
    const query = { keep_alive: PIT_ALIVE, ignore_unavailable: true };
    const { signal } = limits;
    const opening = { method: 'POST', path, query, statuses: [404], signal } as const;
    const opened = await patiently(limits, () => client.request<{ id: string }>(opening));
    if (opened.status === 404) return;
    let pit = opened.body.id;
    let { after } = request;
    try {
      for (;;) {
        const page = await hits.read({ ...request, after, pit, size: CHUNK }, limits);
        pit = page.pit ?? pit;
        const last = page.records[page.records.length - 1];
        if (request.seen) request.seen.records += page.records.length;
        const records = verify ? page.records.filter(verify) : page.records;
        if (records.length > 0) yield records;
        if (page.whole || !last) return;
        after = last;
      }
    } finally {
      await client
        .request({ method: 'DELETE', path: '/_pit', body: { id: pit }, statuses: [404] })
        .catch(() => undefined);
    }
  }

  return {
    search,
    take,
    stream,
    async *scan(request) {
      const limits = limitsOf(request);
      const { from, to, order, after } = request;
      // The cluster refuses too large a prefix at the first page, before anything was handed on.
      const open = (translation: Translation) => {
        const pages = stream({ from, to, order, after, translation }, limits);
        return pages.next().then((first) => ({ pages, first }));
      };
      const { pages, first } = await translated(request.query, open);
      try {
        for (let next = first; !next.done; next = await pages.next()) yield next.value;
      } finally {
        await pages.return(undefined);
      }
    },
    async get(key, query, limits) {
      const { time, fid, gen, offset } = key;
      const place = [term('fid', fid), term('gen', gen), term('offset', offset)];
      return translated(query, async (translation) => {
        const range = { from: time, to: time + 1 };
        const got = await take({ ...range, translation, clauses: place, order: 'asc', limit: 1 }, limits);
        return got.records[0] ?? null;
      });
    },
  };
}

/** A page that time cut short: whole on the near side of `completeTo` (µs). */
function timeNote(completeTo: number): Note {
  return { code: 'time_limit_reached', completeTo };
}
