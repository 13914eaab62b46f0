import { extractFields } from '../../model/fields.ts';
import { levelName } from '../../model/level.ts';
import { NO_LEVEL_KEY } from '../../model/query/build.ts';
import { RECORD_FIELDS } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import type { FacetRequest, FacetResult, Note } from '../log-store.ts';
import { composite } from './composite.ts';
import { keyStart, valueOfTerm } from './line-fields.ts';
import { ask, type Limits, limitsOf, type Reading, runtimeOf, statsSince, translated, within } from './reading.ts';
import type { RecordReads } from './record-reads.ts';
import type { Translation } from './translate.ts';
import { term } from './translate-text.ts';
import { eachMatch } from './verified-reads.ts';

/** Distinct values of a line's field that are counted by the cluster, one filter each; of fields with more the lines are read. */
const MOST_TERMS = 1_000;

type Counts = Map<string, number>;
interface Terms {
  doc_count_error_upper_bound: number;
  sum_other_doc_count: number;
  buckets: { key: string | number; doc_count: number }[];
}

export type FacetReads = (request: FacetRequest) => Promise<FacetResult>;

export function createFacetReads(reading: Reading, reads: RecordReads): FacetReads {
  return async (request) => {
    const started = performance.now();
    const limits = limitsOf(request);
    return translated(request.query, async (translation) => {
      const counts = new Map<string, Counts>(request.fields.map((field) => [field, new Map()]));
      const notes: Note[] = [];
      const unread = translation.verify ? request.fields : await countTerms(request, translation, limits, counts);
      if (unread.length > 0) {
        const cut = await eachMatch(reads, request, translation, limits, (record) =>
          countRecord(record, unread, counts),
        );
        if (cut.length > 0) notes.push(...unread.map((field) => ({ code: 'lower_bound', field })));
      }
      const facets: FacetResult['facets'] = Object.create(null);
      for (const [field, values] of counts) facets[field] = top(values, request.size);
      return { facets, notes, stats: statsSince(started) };
    });
  };

  /** Counts what the cluster can count; gives the fields that are left. */
  async function countTerms(
    request: FacetRequest,
    translation: Translation,
    limits: Limits,
    counts: Map<string, Counts>,
  ): Promise<string[]> {
    const frame = {
      size: 0,
      track_total_hits: false,
      ...runtimeOf(translation),
      query: within(request, translation.clause),
    };
    const aggs: Record<string, object> = {};
    const fields = [...counts.keys()];
    const unread: string[] = [];
    const known = new Map<string, string[]>();
    for (const [i, field] of fields.entries()) {
      if (isRecordField(field)) {
        if (field === 'container')
          aggs[`f${i}x`] = {
            filter: { bool: { must_not: { exists: { field: 'containerName' } } } },
            aggs: { ids: termsOf('container', request.size) },
          };
        aggs[`f${i}`] = termsOf(field === 'container' ? 'containerName' : field, request.size);
        continue;
      }
      const values = await termsOfField(field, limits);
      if (values === null) unread.push(field);
      else if (values.length > 0) {
        known.set(field, values);
        // Anonymous filters come back in the order asked for: values may be any text.
        aggs[`f${i}`] = { filters: { filters: values.map((value) => term('kv', value)) } };
      }
    }
    if (Object.keys(aggs).length === 0) return unread;
    type Answer = { aggregations?: Record<string, Terms & { ids?: Terms }> };
    const { aggregations = {} } = await ask<Answer>(reading, request, { ...frame, aggs }, limits);
    for (const [i, field] of fields.entries()) {
      const found = aggregations[`f${i}`];
      if (!found) continue;
      const into = counts.get(field) as Counts;
      const values = known.get(field);
      if (values) {
        found.buckets.forEach(({ doc_count }, k) => {
          if (doc_count > 0) into.set(valueOfTerm(field, values[k]), doc_count);
        });
        continue;
      }
      const groups = [found, ...(aggregations[`f${i}x`]?.ids ? [aggregations[`f${i}x`].ids as Terms] : [])];
      // With ties at the end of the list, or counts that may be wrong, everything is counted page by page.
      if (groups.every((group) => group.doc_count_error_upper_bound === 0 && group.sum_other_doc_count === 0)) {
        for (const { buckets } of groups)
          for (const { key, doc_count } of buckets) add(into, nameOf(field, key), doc_count);
      } else await countAll(request, frame, field, limits, into);
    }
    return unread;
  }

  async function countAll(
    request: FacetRequest,
    frame: object,
    field: string,
    limits: Limits,
    into: Counts,
  ): Promise<void> {
    const of = field === 'container' ? ['containerName', 'container'] : [field];
    const sources = of.map((name) => ({ [name]: { terms: { field: name, missing_bucket: true } } }));
    for await (const { key, doc_count } of composite(reading, request, frame, sources, limits)) {
      const value = of.map((name) => key[name]).find((one) => one !== null);
      if (value !== undefined && value !== null) add(into, nameOf(field, value), doc_count);
    }
  }

  /** Every term that lines have for that field, in all indices of ours; null when they are too many to be counted one by one. */
  async function termsOfField(field: string, limits: Limits): Promise<string[] | null> {
    const { client, names } = reading;
    const start = keyStart(field);
    const body = { field: 'kv', string: start, size: MOST_TERMS + 1, timeout: '2s' };
    const { status, body: answer } = await client.request<{ terms: string[]; complete: boolean }>({
      method: 'POST',
      path: `/${names.all}/_terms_enum`,
      query: { ignore_unavailable: true },
      body,
      // A distribution may be without it.
      statuses: [400, 404, 405],
      repeatable: true,
      signal: limits.signal,
    });
    if (status !== 200 || !answer.complete || answer.terms.length > MOST_TERMS) return null;
    return answer.terms;
  }
}

function termsOf(field: string, size: number): object {
  return { terms: { field, size: Math.max(size, 1_000), order: [{ _count: 'desc' }, { _key: 'asc' }] } };
}

function isRecordField(field: string): boolean {
  return (RECORD_FIELDS as readonly string[]).includes(field);
}

function nameOf(field: string, key: string | number): string {
  return field === 'level' ? (levelName(Number(key)) ?? NO_LEVEL_KEY) : String(key);
}

function add(counts: Counts, value: string, by: number): void {
  if (value !== '') counts.set(value, (counts.get(value) ?? 0) + by);
}

/** A record's value of each field, as facets show it. */
function countRecord(record: LogRecord, fields: string[], counts: Map<string, Counts>): void {
  let inLine: Map<string, string> | null = null;
  for (const field of fields) {
    const { source } = record;
    let value: string;
    if (field === 'level') value = record.level ?? NO_LEVEL_KEY;
    else if (field === 'stream') value = record.stream;
    else if (field === 'container') value = source.containerName || source.container;
    else if (isRecordField(field)) value = source[field as 'app'];
    else {
      inLine ??= extractFields(record.message);
      value = inLine.get(field) ?? '';
    }
    add(counts.get(field) as Counts, value, 1);
  }
}

/** The most frequent values; of equally frequent ones the first in order of code units. */
function top(counts: Counts, size: number): { value: string; count: number }[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, size);
}
