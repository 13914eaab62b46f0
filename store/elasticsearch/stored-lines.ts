import type { ElasticsearchClient } from './client.ts';
import { clusterError } from './client-errors.ts';
import type { IndexNames } from './index-names.ts';
import { patiently } from './reading.ts';

/** Records of one answer; a re-read of a long file takes several. */
const PAGE = 5_000;

/** What is asked of one generation of a file. */
export interface LinesWanted {
  fid: string;
  gen: number;
  from: number;
  /** At least this far (exclusive) the answer must be whole. */
  to: number;
}

/** Offsets of every raw line that stored records hold, whole within [from, to). */
export interface StoredLines {
  from: number;
  /** Infinity when nothing beyond is stored. */
  to: number;
  lines: Set<number>;
}

/** A shard that is away must not look like one that has nothing. */
const HEADER = { allow_partial_search_results: false };

/** Files asked for at once: a restart asks for all it reads. */
const AT_ONCE = 250;

interface Answer {
  status: number;
  error?: { type?: string; reason?: string | null };
  hits?: { hits: { fields: { offset: number[]; joins?: number[] }; sort: number[] }[] };
}

/**
 * Which raw lines the cluster has of files whose state this process does not know: after a restart, or when a file is read again.
 * Everything acknowledged is searchable, so it is found; what was not will be delivered again as it was, with the same ids.
 */
export async function readStoredLines(
  client: ElasticsearchClient,
  names: IndexNames,
  wanted: LinesWanted[],
): Promise<StoredLines[]> {
  const found: StoredLines[] = wanted.map(({ from }) => ({ from, to: from, lines: new Set<number>() }));
  const open = wanted.map((one, i) => ({ ...one, i, after: null as number | null }));
  while (open.length > 0) {
    const some = open.splice(0, AT_ONCE);
    const answers = await patiently({}, () =>
      searchAll(
        client,
        names,
        some.map(({ after, ...one }) => search(one, after)),
      ),
    );
    for (const [k, hits] of answers.entries()) {
      const one = some[k];
      const state = found[one.i];
      for (const { fields } of hits) {
        state.lines.add(fields.offset[0]);
        for (const join of fields.joins ?? []) state.lines.add(join);
      }
      const last = hits[hits.length - 1]?.sort[0];
      if (hits.length < PAGE) state.to = Number.POSITIVE_INFINITY;
      else if (last >= one.to) state.to = last;
      else open.push({ ...one, after: last });
    }
  }
  return found;
}

async function searchAll(
  client: ElasticsearchClient,
  names: IndexNames,
  searches: object[],
): Promise<NonNullable<Answer['hits']>['hits'][]> {
  const lines = Buffer.from(searches.map((one) => `${JSON.stringify(HEADER)}\n${JSON.stringify(one)}\n`).join(''));
  const path = `/${names.all}/_msearch`;
  const query = { ignore_unavailable: true };
  const request = { method: 'POST', path, query, lines, repeatable: true } as const;
  const { body } = await client.request<{ responses: Answer[] }>(request);
  return body.responses.map(({ status, error, hits }) => {
    if (error)
      throw clusterError({ status, type: error.type ?? 'unknown', reason: error.reason ?? `status ${status}` });
    return hits?.hits ?? [];
  });
}

/** Records of a file from there on, and joined ones that begin before but reach there. */
function search({ fid, gen, from }: LinesWanted, after: number | null): object {
  const reaches = { bool: { should: [{ range: { offset: { gte: from } } }, { range: { last: { gte: from } } }] } };
  return {
    size: PAGE,
    track_total_hits: false,
    _source: false,
    docvalue_fields: ['offset', 'joins'],
    query: { bool: { filter: [{ term: { fid } }, { term: { gen } }, reaches] } },
    sort: [{ offset: { order: 'asc', unmapped_type: 'long' } }],
    ...(after === null ? {} : { search_after: [after] }),
  };
}
