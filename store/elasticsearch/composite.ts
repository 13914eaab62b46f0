import { ask, type Limits, type Reading } from './reading.ts';

const PAGE = 1_000;

export interface CompositeBucket {
  key: Record<string, string | number | null>;
  doc_count: number;
  [aggregation: string]: unknown;
}

interface Answer {
  aggregations?: { pages: { after_key?: Record<string, string | number | null>; buckets: CompositeBucket[] } };
}

/** Every bucket of a composite aggregation, exact however many there are and over however many shards. */
export async function* composite(
  reading: Reading,
  range: { from: number; to: number },
  frame: object,
  sources: object[],
  limits: Limits,
  aggs: object = {},
  start?: Record<string, string>,
): AsyncGenerator<CompositeBucket> {
  let after: Record<string, string | number | null> | undefined = start;
  for (;;) {
    const pages = { composite: { size: PAGE, sources, ...(after ? { after } : {}) }, aggs };
    const { aggregations } = await ask<Answer>(reading, range, { ...frame, aggs: { pages } }, limits);
    const buckets = aggregations?.pages.buckets ?? [];
    yield* buckets;
    after = aggregations?.pages.after_key;
    if (buckets.length < PAGE || !after) return;
  }
}
