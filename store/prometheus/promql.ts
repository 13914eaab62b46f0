/**
 * PromQL made of values, so that no value is ever read as PromQL. Names of series, labels and functions come from our own tables;
 * everything a caller can choose passes `quote` and, inside a pattern, `escapePattern`.
 */

/** A string literal. PromQL takes Go's escapes, of which JSON's are a part; half a surrogate pair is no text in Go. */
export function quote(value: string): string {
  return JSON.stringify(value.toWellFormed());
}

/** One of these patterns must match the label's whole value; `*` is any run of characters. */
export interface Matcher {
  label: string;
  patterns: readonly string[];
}

/** `app="shop"`, or `app=~"shop|pay-(?s:.*)"`: Prometheus anchors regular expressions at both ends. */
export function matcher({ label, patterns }: Matcher): string {
  if (patterns.length === 1 && !patterns[0].includes('*')) return `${label}=${quote(patterns[0])}`;
  return `${label}=~${quote(patterns.map(regularExpression).join('|'))}`;
}

/** Without `s` a dot would not match a line's end, and a name with one would be hidden or shown by accident. */
function regularExpression(pattern: string): string {
  return pattern.split(/\*+/).map(escapePattern).join('(?s:.*)');
}

/** Every character that means something in RE2, as its `QuoteMeta` does. */
function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

export function selector(series: string, matchers: readonly Matcher[]): string {
  return matchers.length === 0 ? series : `${series}{${matchers.map(matcher).join(',')}}`;
}

/** µs as PromQL's duration; whole milliseconds. */
export function duration(us: number): string {
  const ms = Math.round(us / 1000);
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** µs as the seconds since the epoch that the HTTP API takes. */
export function instant(us: number): string {
  return (us / 1e6).toFixed(3);
}
