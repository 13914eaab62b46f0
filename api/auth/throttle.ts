import type { Clock } from '../../model/clock.ts';

const WINDOW_MS = 60_000;
/** Addresses and names remembered; an attacker who uses more of them only makes old ones forgotten. */
const MOST_KEYS = 10_000;

/** Attempts a minute by key, in a sliding window. */
export interface Throttle {
  /** Counts an attempt; null when it may go on, else the seconds to wait. */
  attempt(key: string): number | null;
  /** A success clears what was counted. */
  clear(key: string): void;
}

export function createThrottle(perMinute: number, clock: Clock): Throttle {
  const attempts = new Map<string, number[]>();
  return {
    attempt(key) {
      const now = clock.monotonicMs();
      const recent = (attempts.get(key) ?? []).filter((at) => now - at < WINDOW_MS);
      attempts.delete(key);
      attempts.set(key, recent);
      if (attempts.size > MOST_KEYS) attempts.delete(attempts.keys().next().value!);
      if (recent.length >= perMinute) return Math.max(1, Math.ceil((recent[0] + WINDOW_MS - now) / 1000));
      recent.push(now);
      return null;
    },
    clear: (key) => void attempts.delete(key),
  };
}
