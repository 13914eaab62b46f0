/**
 * Docker's RFC 3339 times with up to nine decimals → integer µs since the epoch, rounded down; null for its zero time
 * (`0001-01-01T00:00:00Z`, "never") and for anything that is no time.
 */
export function microsFromRfc3339(text: string | null | undefined): number | null {
  if (!text) return null;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return null;
  const ms = Date.parse(match[1] + match[3]);
  if (Number.isNaN(ms) || ms <= 0) return null;
  return ms * 1000 + Number((match[2] ?? '').padEnd(6, '0').slice(0, 6));
}

/** µs → the `seconds.nanoseconds` form of the Docker API's `since` and `until`. */
export function engineTime(us: number): string {
  const whole = Math.floor(us / 1e6);
  return `${whole}.${String(us - whole * 1e6).padStart(6, '0')}000`;
}
