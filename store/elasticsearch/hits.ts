import { isCode } from '../../model/errors.ts';
import { levelName } from '../../model/level.ts';
import type { RecordKey } from '../../model/position.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import { type Source, STREAMS } from '../../model/source.ts';
import { ask, type Limits, type Reading, runtimeOf, within } from './reading.ts';
import type { Translation } from './translate.ts';
import type { Clause } from './translate-text.ts';

/** Bytes of one answer; of larger ones fewer hits are asked for. */
const ANSWER_BYTES = 64 << 20;
/** Sources that were read lately, so that records share them. */
const MOST_SOURCES = 20_000;

export interface HitsRequest {
  from: number;
  to: number;
  translation: Translation;
  /** Further clauses. */
  clauses?: Clause[];
  by?: 'time' | 'offset';
  order: 'asc' | 'desc';
  /** Exclusive. */
  after?: RecordKey;
  size: number;
  /** A point in time instead of the indices of the range. */
  pit?: string;
}

export interface Hits {
  records: LogRecord[];
  /** True when fewer than were asked for came back because all are there. */
  whole: boolean;
  /** Message bytes. */
  bytes: number;
  pit?: string;
}

export interface Hit {
  _source: { message: string; level: number; rest?: { flags?: number; raw?: string; text?: string } };
  fields: { source: [string]; fid: [string]; time: [number]; gen: [number]; offset: [number] };
}
interface Answer {
  pit_id?: string;
  hits: { hits: Hit[] };
}

export interface HitReader {
  read(request: HitsRequest, limits: Limits): Promise<Hits>;
  record(hit: Hit): LogRecord;
}

export const HIT_FIELDS = {
  _source: ['message', 'level', 'rest'],
  docvalue_fields: ['source', 'fid', 'time', 'gen', 'offset'],
};

/** Reads records in the total order of keys. */
export function createHitReader(reading: Reading): HitReader {
  const sources = new Map<string, Source>();

  function sourceOf(json: string): Source {
    let source = sources.get(json);
    if (!source) {
      source = JSON.parse(json) as Source;
      sources.set(json, source);
      if (sources.size > MOST_SOURCES) sources.delete(sources.keys().next().value as string);
    }
    return source;
  }

  function record({ _source, fields }: Hit): LogRecord {
    const flags = _source.rest?.flags ?? 0;
    const raw = flags & FLAG.LOSSY ? { raw: _source.rest?.raw ?? '' } : {};
    return {
      time: fields.time[0],
      fid: fields.fid[0],
      gen: fields.gen[0],
      offset: fields.offset[0],
      source: sourceOf(fields.source[0]),
      stream: STREAMS[flags & FLAG.STREAM_MASK],
      level: levelName(_source.level),
      message: _source.rest?.text ?? _source.message,
      flags,
      ...raw,
    };
  }

  async function read(request: HitsRequest, limits: Limits): Promise<Hits> {
    const { translation, order, after, clauses = [], by = 'time', pit } = request;
    const range = narrowed(request);
    for (let size = request.size; ; size = Math.ceil(size / 4)) {
      const body = {
        size,
        track_total_hits: false,
        ...HIT_FIELDS,
        ...runtimeOf(translation),
        query: within(range, ...clauses, translation.clause),
        sort: (by === 'time' ? ['time', 'fid', 'gen', 'offset'] : ['offset']).map((field) => ({ [field]: order })),
        ...(after
          ? { search_after: by === 'time' ? [after.time, after.fid, after.gen, after.offset] : [after.offset] }
          : {}),
        ...(pit === undefined ? {} : { pit: { id: pit, keep_alive: PIT_ALIVE } }),
      };
      try {
        const more = {
          maxBytes: ANSWER_BYTES,
          pit: pit !== undefined,
          query: { filter_path: 'pit_id,hits.hits._source,hits.hits.fields' },
        };
        const answer = await ask<Partial<Answer>>(reading, range, body, limits, more);
        const hits = answer.hits?.hits ?? [];
        const records = hits.map(record);
        const bytes = records.reduce((sum, { message }) => sum + message.length, 0);
        return { records, whole: hits.length < size && size === request.size, bytes, pit: answer.pit_id };
      } catch (error) {
        if (!isCode(error, 'body_too_large') || size === 1) throw error;
      }
    }
  }

  return { read, record };
}

export const PIT_ALIVE = '2m';

/** A page behind a key needs nothing before it. */
function narrowed({ from, to, after, order, by }: HitsRequest): { from: number; to: number } {
  if (!after || by === 'offset') return { from, to };
  return order === 'asc' ? { from: Math.max(from, after.time), to } : { from, to: Math.min(to, after.time + 1) };
}
