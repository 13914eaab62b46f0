/** Finds the lines of patterns merged into one: `pattern:9f0c…` or `pattern:(a OR b)`. */
export function patternClause(patterns: string[]): string {
  return patterns.length === 1 ? `pattern:${patterns[0]}` : `pattern:(${patterns.slice(0, MOST).join(' OR ')})`;
}

/** A query may hold so many terms; the most frequent patterns come first. */
const MOST = 400;
