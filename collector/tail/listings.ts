import { readdirSync } from 'node:fs';

/** Names in directories. */
export interface Listings {
  /** Read once a turn of the event loop: many followers ask about one directory at the same time, and an event follows a change. */
  recent(dir: string): readonly string[];
  fresh(dir: string): readonly string[];
}

export function createListings(): Listings {
  const cached = new Map<string, readonly string[]>();
  function fresh(dir: string): readonly string[] {
    try {
      return readdirSync(dir);
    } catch {
      return [];
    }
  }
  return {
    fresh,
    recent(dir) {
      let names = cached.get(dir);
      if (names) return names;
      names = fresh(dir);
      if (cached.size === 0) setImmediate(() => cached.clear());
      cached.set(dir, names);
      return names;
    },
  };
}
