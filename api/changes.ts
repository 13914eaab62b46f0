import type { ApiChange } from './contract.ts';

/** A value (or pattern) with its lines in both periods. */
export interface Compared {
  kind: 'field' | 'pattern';
  field: string;
  value: string;
  template?: string;
  count: number;
  baseline: number;
}

export interface Periods {
  /** Lines, and µs. */
  lines: number;
  baselineLines: number;
  width: number;
  baselineWidth: number;
}

/** Less than this is chance: three deviations of a Poisson count. */
const DEVIATIONS = 3;
/** Values whose shares are nearer than this are the same make-up; a pattern may be rare and still be the news. */
const LEAST_SHARE = 0.005;

/**
 * What changed, the most telling first. The measure is how much a value gained of the make-up times how far it is from what was usual (in
 * doublings): a value that took over half of the lines comes before one that grew tenfold from nothing to little.
 */
export function rankChanges(values: Compared[], periods: Periods, limit: number): ApiChange[] {
  return values
    .map((one) => change(one, periods))
    .filter((one) => one !== null)
    .sort((a, b) => b.score - a.score || b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, limit);
}

function change(one: Compared, periods: Periods): ApiChange | null {
  const { lines, baselineLines, width, baselineWidth } = periods;
  const share = lines === 0 ? 0 : one.count / lines;
  const baselineShare = baselineLines === 0 ? 0 : one.baseline / baselineLines;
  // What the baseline's make-up would give among as many lines.
  const expected = baselineShare * lines;
  if (Math.abs(one.count - expected) <= DEVIATIONS * Math.sqrt(one.count + expected + 1)) return null;
  if (one.kind === 'field' && Math.abs(share - baselineShare) < LEAST_SHARE) return null;
  const smooth = 0.5 / Math.max(1, lines, baselineLines);
  const doublings = Math.abs(Math.log2((share + smooth) / (baselineShare + smooth)));
  const rate = one.baseline === 0 ? null : one.count / width / (one.baseline / baselineWidth);
  return {
    ...one,
    share,
    baselineShare,
    factor: rate === null ? null : Math.round(rate * 1000) / 1000,
    score: Math.round(Math.abs(share - baselineShare) * Math.min(doublings, 12) * 1e6) / 1e6,
  };
}
