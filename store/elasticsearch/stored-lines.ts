import { FleetlogError } from '../../model/errors.ts';
import type { ElasticsearchClient } from './client.ts';
import type { IndexNames } from './index-names.ts';

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

interface Answer {
  responses: {
    error?: unknown;
    hits?: { hits: { fields: { offset: number[]; joins?: number[] }; sort: number[] }[] };
  }[];
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
  // Joined records that begin before but reach into the range are asked for once, with the first page.
  let open = wanted.map((one, i) => ({ ...one, i, after: null as number | null }));
  while (open.length > 0) {
    const lines = open.flatMap(({ after, ...one }) => [HEADER, search(one, after)]);
    const body = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const path = `/${names.all}/_msearch`;
    const query = { ignore_unavailable: true };
    const { body: answer } = await client.request<Answer>({
      method: 'POST',
      path,
      query,
      lines: body,
      repeatable: true,
    });
    const next: typeof open = [];
    answer.responses.forEach((response, k) => {
      const one = open[k];
      const state = found[one.i];
      if (response.error)
        throw new FleetlogError('unavailable', 'cannot read from Elasticsearch what is stored', {
          cause: new Error(JSON.stringify(response.error).slice(0, 1_000)),
        });
      const hits = response.hits?.hits ?? [];
      for (const { fields } of hits) {
        state.lines.add(fields.offset[0]);
        for (const join of fields.joins ?? []) state.lines.add(join);
      }
      const last = hits[hits.length - 1]?.sort[0];
      if (hits.length < PAGE) state.to = Number.POSITIVE_INFINITY;
      else if (last >= one.to) state.to = last;
      else next.push({ ...one, after: last });
    });
    open = next;
  }
  return found;
}

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
