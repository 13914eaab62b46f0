import { FleetlogError } from '../../model/errors.ts';
import { bucketCount } from '../interval.ts';
import { formatDuration, parseDuration, type Range } from '../times.ts';

const SECOND = 1e6;
const STEPS = [
  ...['1s', '2s', '5s', '10s', '15s', '30s', '1m', '2m', '5m', '10m', '15m', '30m'],
  ...['1h', '2h', '3h', '6h', '12h', '1d', '2d', '5d', '10d', '30d', '90d', '365d'],
].map((text) => parseDuration(text)!);

/**
 * The step of a metric's points, µs: `auto` is the shortest round one that needs at most `maxSteps` and shows nothing finer than the
 * store has. Throws `bad_request` for one that is no whole number of seconds or needs too many points.
 */
export function resolveStep(
  text: string | undefined,
  range: Range,
  limits: { maxSteps: number; resolution: number },
): number {
  const enough = (step: number): boolean => bucketCount(range, step) <= limits.maxSteps;
  const automatic =
    STEPS.find((step) => step >= limits.resolution && enough(step)) ?? STEPS.find(enough) ?? STEPS[STEPS.length - 1];
  if (text === undefined || text === 'auto') return automatic;
  const step = parseDuration(text);
  if (step === null || step % SECOND !== 0) {
    throw new FleetlogError('bad_request', `cannot read the step ${JSON.stringify(text.slice(0, 40))}`, {
      hint: 'use auto or whole seconds such as 5s, 1m, 1h, 1d',
    });
  }
  if (!enough(step)) {
    throw new FleetlogError('bad_request', `cannot give more than ${limits.maxSteps} points (query.maxSteps)`, {
      hint: `use a longer step such as ${formatDuration(automatic)}, or a shorter range`,
    });
  }
  return step;
}
