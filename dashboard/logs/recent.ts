const KEY = 'fleetlog.recent';
const KEPT = 12;

/** Queries run in this browser, newest first. */
export function recentQueries(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string').slice(0, KEPT) : [];
  } catch {
    return [];
  }
}

export function rememberQuery(query: string): void {
  if (query.trim() === '') return;
  keep([query, ...recentQueries().filter((other) => other !== query)].slice(0, KEPT));
}

export function forgetQueries(): void {
  keep([]);
}

function keep(queries: string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(queries));
  } catch {
    // Blocked storage only means no memory.
  }
}
