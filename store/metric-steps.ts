const SECOND = 1e6;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;
/** Short ranges are judged by these, so that a peak is one of twenty stretches at least. */
const SHORT = [30, 15, 10, 5, 2].map((seconds) => seconds * SECOND);

/**
 * µs over which a peak is judged in a range that long: a minute up to two days, then as much as keeps a read below 4,100 stretches
 * a series. The same in every store, so that answers are equal.
 */
export function peakStep(rangeUs: number): number {
  if (rangeUs < 20 * MINUTE) return SHORT.find((step) => step * 20 <= rangeUs) ?? SECOND;
  if (rangeUs <= 2 * DAY) return MINUTE;
  if (rangeUs <= 14 * DAY) return 5 * MINUTE;
  return rangeUs <= 170 * DAY ? 60 * MINUTE : DAY;
}

/**
 * The stretches a step is divided into, the highest of which is the step's figure: equal ones of whole seconds, each at least as long
 * as `peakStep` says; the step itself where it is shorter than two of them.
 */
export function partOfStep(step: number, rangeUs: number): number {
  const seconds = step / SECOND;
  for (let parts = Math.floor(step / Math.max(MINUTE, peakStep(rangeUs))); parts > 1; parts--)
    if (seconds % parts === 0) return step / parts;
  return step;
}

/**
 * The whole steps a range touches that were over by `settled` (µs): both ends are multiples of `step`, and equal when there are none.
 */
export function finishedSteps(
  request: { from: number; to: number; step: number },
  settled: number,
): { from: number; to: number } {
  const { step } = request;
  const from = Math.floor(request.from / step) * step;
  const to = Math.min(Math.ceil(request.to / step), Math.floor(settled / step)) * step;
  return { from, to: Math.max(from, to) };
}
