import type { ApiGap, ApiNote } from '../../api/contract.ts';
import { absolute } from '../format/range.ts';
import { dayText, microseconds, shortText, type Zone } from '../format/time.ts';
import type { Words } from '../words/en.ts';
import { onlyValue, type WriteClause, wordsOnly } from './query-edit.ts';
import { readQueryText } from './query-text.ts';
import { causeText } from './sentences.ts';
import type { LogsUrl } from './url-state.ts';

/** A likely cause of an empty result, and what one click changes about it. */
export interface Explanation {
  key: string;
  look: 'slip' | 'time' | 'host';
  title: string;
  text: string;
  action: { label: string; change: Partial<LogsUrl> | '/ledger' } | null;
  /** Of a slip: the query put right, whatever else was put right in it before. */
  mend?: (query: string) => string;
}

export interface ExplainContext {
  query: string;
  zone: Zone;
  nowUs: number;
  range: { from: number; to: number };
  words: Words;
  write: WriteClause;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Notes and gaps of an empty answer as causes by likelihood: slips of the query first, then time, then collectors. */
export function explain(notes: ApiNote[], gaps: ApiGap[], context: ExplainContext): Explanation[] {
  // A misspelt field is a field: nobody meant it as text.
  const misspelt = new Set(
    notes.filter((note) => note.code === 'unknown_field' && note.nearest).map((note) => note.field),
  );
  const found = notes
    .filter((note) => note.code !== 'search_as_text' || !misspelt.has(note.field))
    .map((note, index) => explainNote(note, index, context))
    .filter((one) => one !== null);
  const known = new Set(found.map((one) => one.look));
  if (!known.has('slip')) found.push(...queryCauses(context));
  if (!known.has('time')) found.push(...rangeCauses(context, notes));
  found.push(...gaps.slice(0, 3).map((gap, index) => explainGap(gap, index, context)));
  const rank = { slip: 0, time: 1, host: 2 };
  return found.sort((a, b) => rank[a.look] - rank[b.look]).slice(0, 5);
}

function explainNote(note: ApiNote, index: number, context: ExplainContext): Explanation | null {
  const words = context.words.logs.empty;
  const key = `${note.code} ${index}`;
  const [field, value] = [text(note.field), text(note.value)];
  const near = text(note.nearest) || text(note.found);
  const clause = `${field}:${value}`;
  switch (note.code) {
    case 'search_as_text':
      return slip(
        key,
        words.asFieldTitle(field),
        words.asFieldWhy(field),
        context.words.logs.query.searchAsText,
        text(note.query),
        (query) => asText(query, field),
      );
    case 'unknown_field': {
      const why = near === '' ? words.unknownFieldWhy : `${words.unknownFieldWhy} ${words.nearestIs(near)}`;
      return near === ''
        ? slip(key, words.unknownField(field), why)
        : slip(key, words.unknownField(field), why, words.use(near), renameField(context.query, field, near), (query) =>
            renameField(query, field, near),
          );
    }
    case 'other_case_exists':
      return slip(
        key,
        words.otherCase(clause),
        words.otherCaseWhy(near),
        words.use(near),
        onlyValue(context.query, field, near, context.write),
        (query) => onlyValue(query, field, near, context.write),
      );
    case 'unknown_value':
      return near === ''
        ? slip(key, words.unknownValue(clause), words.unknownValueWhy)
        : slip(
            key,
            words.unknownValue(clause),
            `${words.unknownValueWhy} ${words.nearestIs(near)}`,
            words.use(near),
            onlyValue(context.query, field, near, context.write),
            (query) => onlyValue(query, field, near, context.write),
          );
    case 'source_silent_since': {
      const what = [note.app, note.env, note.host].map(text).filter(Boolean).join(' / ');
      return aroundTime(key, words.silent(what), text(note.since), words.silentWhy, context);
    }
    case 'hit_outside_range':
      return aroundTime(key, words.outside, text(note.time), words.outsideWhy, context);
    case 'range_outside_retention':
      return { key, look: 'time', title: words.retention, text: retentionText(note, context), action: null };
    default:
      return null;
  }
}

function slip(
  key: string,
  title: string,
  why: string,
  label?: string,
  query?: string,
  mend?: (query: string) => string,
): Explanation {
  const action = label === undefined || query === undefined ? null : { label, change: { query } };
  return { key, look: 'slip', title, text: why, action, ...(mend && { mend }) };
}

/** The slips put right one after the other; null when there are not two. */
export function mendAll(list: Explanation[], query: string): string | null {
  const mends = list.flatMap((one) => one.mend ?? []);
  return mends.length < 2 ? null : mends.reduce((mended, mend) => mend(mended), query);
}

/** Clauses of that field as the text they were pasted as. */
function asText(query: string, field: string): string {
  let out = query;
  for (const clause of readQueryText(query).clauses.toReversed()) {
    if (clause.field !== field) continue;
    const part = query.slice(clause.start, clause.end);
    const sign = clause.negated && part.startsWith('-') ? '-' : '';
    const quoted = `"${part.slice(sign.length).replace(/["\\]/g, '\\$&')}"`;
    out = out.slice(0, clause.start) + sign + quoted + out.slice(clause.end);
  }
  return out;
}

/** A range as long as the one asked for, with the moment near its end. */
function aroundTime(
  key: string,
  title: string,
  iso: string,
  why: (time: string) => string,
  context: ExplainContext,
): Explanation {
  const at = microseconds(iso);
  const width = Math.max(60e6, context.range.to - context.range.from);
  const range = absolute({ from: at - Math.round(width * 0.9), to: at + Math.round(width * 0.1) });
  const time = shortText(at, context.zone, context.nowUs);
  return {
    key,
    look: 'time',
    title,
    text: why(time),
    action: { label: context.words.logs.empty.goThere, change: { range, brush: null } },
  };
}

function queryCauses(context: ExplainContext): Explanation[] {
  const words = context.words.logs.empty;
  if (context.query.trim() === '') return [];
  const { clauses } = readQueryText(context.query);
  const alone = wordsOnly(context.query);
  if (alone !== '' && alone !== context.query.trim() && clauses.some((clause) => clause.field !== null)) {
    return [slip('words only', words.filters, words.filtersWhy, words.wordsOnly, alone)];
  }
  return [slip('all', words.allTitle, words.allWhy, words.all, '')];
}

function rangeCauses(context: ExplainContext, notes: ApiNote[]): Explanation[] {
  const words = context.words.logs.empty;
  const out: Explanation[] = [];
  if (context.range.to - context.range.from < 86_400e6) {
    const change = { range: { from: 'now-24h', to: 'now' }, brush: null };
    out.push({
      key: 'widen',
      look: 'time',
      title: words.widenTitle,
      text: words.widenWhy,
      action: { label: words.widen, change },
    });
  }
  const none = notes.some((note) => note.code === 'lines_in_range' && note.count === 0);
  if (none && context.nowUs - context.range.to < 60e6) {
    out.push({
      key: 'live',
      look: 'time',
      title: words.goLiveTitle,
      text: words.goLiveWhy,
      action: { label: words.goLive, change: { live: true } },
    });
  }
  return out;
}

function explainGap(gap: ApiGap, index: number, context: ExplainContext): Explanation {
  const words = context.words.logs;
  const from = shortText(microseconds(gap.from), context.zone, context.nowUs);
  const to = gap.to === null ? words.foot.open : shortText(microseconds(gap.to), context.zone, context.nowUs);
  return {
    key: `gap ${index}`,
    look: 'host',
    title: words.empty.gap(gap.host),
    text: words.empty.gapWhy(from, to, causeText(gap.cause, context.words)),
    action: { label: words.empty.ledger, change: '/ledger' },
  };
}

export interface Remark {
  text: string;
  action: { label: string; change: Partial<LogsUrl> } | null;
}

/** Remarks on an answer that has rows: what a reader could otherwise mistake for the whole truth, each with what mends it. */
export function remarks(notes: ApiNote[], context: Pick<ExplainContext, 'words' | 'zone' | 'range'>): Remark[] {
  const words = context.words.logs.notes;
  const mend = context.words.search.notes;
  const { from, to } = context.range;
  const silent = new Set(['limit_reached', 'lines_in_range', 'hit_outside_range', 'search_as_text']);
  return notes
    .filter((note) => !silent.has(note.code))
    .map((note): Remark => {
      switch (note.code) {
        case 'time_limit_reached': {
          const change = { range: absolute({ from: Math.round((from + to) / 2), to }), brush: null };
          return { text: words.time_limit_reached, action: { label: mend.half, change } };
        }
        case 'lower_bound':
          return { text: words.lower_bound, action: null };
        case 'segment_damaged':
          return { text: words.segment_damaged, action: null };
        case 'range_outside_retention': {
          const start = microseconds(text(note.retentionStart));
          const change = { range: absolute({ from: start, to: Math.max(to, start + 60e6) }), brush: null };
          return { text: retentionText(note, context), action: { label: mend.begin, change } };
        }
        default: {
          const { code, ...details } = note;
          return {
            text: words.other(code, Object.keys(details).length === 0 ? '' : JSON.stringify(details)),
            action: null,
          };
        }
      }
    });
}

function retentionText(note: ApiNote, context: Pick<ExplainContext, 'words' | 'zone'>): string {
  return context.words.logs.notes.range_outside_retention(
    dayText(microseconds(text(note.retentionStart)), context.zone),
  );
}

function renameField(query: string, field: string, by: string): string {
  let out = query;
  for (const clause of readQueryText(query).clauses.toReversed()) {
    if (clause.field !== field) continue;
    const part = query.slice(clause.start, clause.end);
    out = out.slice(0, clause.start) + part.replace(field, by) + out.slice(clause.end);
  }
  return out;
}
