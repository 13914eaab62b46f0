import { type HitFinder, hitFinder } from '../dashboard/text/hits.ts';

/** What a query matched in a line, marked as the page marks it. Only worth its loading time where colour is shown. */
export async function queryHits(query: string | undefined): Promise<HitFinder | null> {
  if (!query) return null;
  // With it comes the regular expression engine, which other commands do without.
  const { parseQuery } = await import('../model/query/parse.ts');
  try {
    return hitFinder(parseQuery(query).query);
  } catch {
    // The server says what is wrong with the query.
    return null;
  }
}
