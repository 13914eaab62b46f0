import { FleetlogError } from '../model/errors.ts';
import { formatDuration, parseDuration, type Range } from './times.ts';

/** A chart of the page holds 120 bars (ui.md). */
const AUTO_BUCKETS = 120;
const STEPS = [
  ...['1ms', '2ms', '5ms', '10ms', '20ms', '50ms', '100ms', '200ms', '500ms'],
  ...['1s', '2s', '5s', '10s', '15s', '30s', '1m', '2m', '5m', '10m', '15m', '30m'],
  ...['1h', '2h', '3h', '6h', '12h', '1d', '2d', '5d', '10d', '30d', '90d', '365d'],
].map((text) => parseDuration(text)!);

/** Buckets aligned to the epoch that touch the range. */
export function bucketCount(range: Range, interval: number): number {
  return Math.floor((range.to - 1) / interval) - Math.floor(range.from / interval) + 1;
}

/** `auto` takes the smallest round step that needs at most 120 buckets. Throws `bad_request` for a step that needs too many. */
export function resolveInterval(text: string | undefined, range: Range, maxBuckets: number): number {
  const automatic = STEPS.find((step) => bucketCount(range, step) <= AUTO_BUCKETS) ?? STEPS[STEPS.length - 1];
  if (text === undefined || text === 'auto') return automatic;
  const interval = parseDuration(text);
  if (interval === null) {
    throw new FleetlogError('bad_request', `cannot read the interval ${JSON.stringify(text.slice(0, 40))}`, {
      hint: 'use auto or a duration such as 500ms, 5s, 1m, 1h, 1d',
    });
  }
  if (bucketCount(range, interval) > maxBuckets) {
    throw new FleetlogError('bad_request', `cannot make more than ${maxBuckets} buckets (query.maxBuckets)`, {
      hint: `use a longer interval such as ${formatDuration(automatic)}, or a shorter range`,
    });
  }
  return interval;
}
