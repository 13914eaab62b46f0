/** Time as every stage sees it: wall clock as data, monotonic clock for timers (reliability case 29). Tests pass their own. */
export interface Clock {
  /** Wall clock, integer microseconds since the epoch. */
  nowUs(): number;
  /** Monotonic milliseconds; only differences mean anything. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowUs: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
  monotonicMs: () => performance.now(),
};
