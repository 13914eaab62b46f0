import { readdirSync } from 'node:fs';

/** Names in directories, read once a turn of the event loop: many followers ask about one directory at the same time. */
export function createListings(): (dir: string) => readonly string[] {
  const cached = new Map<string, readonly string[]>();
  return (dir) => {
    let names = cached.get(dir);
    if (names) return names;
    try {
      names = readdirSync(dir);
    } catch {
      names = [];
    }
    if (cached.size === 0) setImmediate(() => cached.clear());
    cached.set(dir, names);
    return names;
  };
}
