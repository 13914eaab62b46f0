import type { DatabaseSync } from 'node:sqlite';
import type { Kind } from './figures.ts';
import type { Entry } from './rates.ts';

/** Labels of a series. A container that is replaced under its name goes on in the same one. */
export interface SeriesLabels {
  kind: Kind;
  host: string;
  app: string;
  env: string;
  container: string;
  level: string;
}

/** Numbers for label sets: all of them in memory, for every question goes through them. */
export interface SeriesTable {
  /** Its number; a new one is written in the transaction that is open. `day` is when it is seen, so that it can go with its figures. */
  of(host: string, entry: Entry, day: number): number;
  all(): ReadonlyMap<number, SeriesLabels>;
  /** Removes those not seen since the day. */
  forget(before: number): void;
  /** After a rollback: what is on disk counts. */
  reload(): void;
}

interface Row extends SeriesLabels {
  id: number;
  seen: number;
}

export function openSeriesTable(db: DatabaseSync): SeriesTable {
  const insert = db.prepare(
    'INSERT INTO series (kind, host, app, env, container, level, seen) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id',
  );
  const see = db.prepare('UPDATE series SET seen = ? WHERE id = ?');
  const labels = new Map<number, SeriesLabels>();
  const seen = new Map<number, number>();
  const ids = new Map<string, number>();
  const key = (one: SeriesLabels): string =>
    JSON.stringify([one.kind, one.host, one.app, one.env, one.container, one.level]);

  function reload(): void {
    for (const map of [labels, seen, ids]) map.clear();
    for (const row of db.prepare('SELECT * FROM series').all() as unknown as Row[]) {
      const { id, seen: day, ...rest } = row;
      labels.set(id, rest);
      seen.set(id, day);
      ids.set(key(rest), id);
    }
  }
  reload();

  return {
    of(host, entry, day) {
      const { kind, app, env, container, level } = entry;
      const one = { kind, host, app, env, container, level };
      const text = key(one);
      const known = ids.get(text);
      if (known !== undefined) {
        if (seen.get(known) !== day) {
          see.run(day, known);
          seen.set(known, day);
        }
        return known;
      }
      const { id } = insert.get(kind, host, app, env, container, level, day) as { id: number };
      labels.set(id, one);
      seen.set(id, day);
      ids.set(text, id);
      return id;
    },
    all: () => labels,
    forget(before) {
      db.prepare('DELETE FROM series WHERE seen < ?').run(before);
      reload();
    },
    reload,
  };
}
