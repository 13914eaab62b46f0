import { DatabaseSync } from 'node:sqlite';
import type { LinesBatch } from '../../model/batch.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import type { Delivery } from '../../transport/bus.ts';

/** A durable list of records that knows them by their position, as every store does; several processes may write it. */
export interface PositionList {
  /** Resolves when they are in the list; those that are already there count as delivered again. */
  take(deliveries: Delivery[]): Promise<void>;
  counts(): { records: number; deliveredAgain: number };
  /** Offsets by fid, in the order of their arrival. */
  byFid(): Map<string, number[]>;
  /** Records each writer has added. */
  byWriter(): Map<string, number>;
  close(): void;
}

export function openPositionList(file: string, writer = String(process.pid)): PositionList {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
  db.exec(`CREATE TABLE IF NOT EXISTS record (n INTEGER PRIMARY KEY AUTOINCREMENT, fid TEXT, at INTEGER, writer TEXT, UNIQUE (fid, at));
    CREATE TABLE IF NOT EXISTS again (n INTEGER PRIMARY KEY);`);
  const insert = db.prepare('INSERT OR IGNORE INTO record (fid, at, writer) VALUES (?, ?, ?)');
  const again = db.prepare('INSERT INTO again DEFAULT VALUES');
  const number = (sql: string): number => (db.prepare(sql).get() as { n: number }).n;
  return {
    async take(deliveries) {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { batch } of deliveries) {
          const { kind, fid, offsets, count } = decodeBatch(Buffer.from(batch)) as LinesBatch;
          if (kind !== 'lines') continue;
          for (let i = 0; i < count; i++) if (insert.run(fid, offsets[i], writer).changes === 0) again.run();
        }
        db.exec('COMMIT');
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      }
    },
    counts: () => ({
      records: number('SELECT count(*) AS n FROM record'),
      deliveredAgain: number('SELECT count(*) AS n FROM again'),
    }),
    byFid() {
      const lists = new Map<string, number[]>();
      for (const row of db.prepare('SELECT fid, at FROM record ORDER BY n').all() as { fid: string; at: number }[]) {
        const list = lists.get(row.fid);
        if (list) list.push(row.at);
        else lists.set(row.fid, [row.at]);
      }
      return lists;
    },
    byWriter() {
      const rows = db.prepare('SELECT writer, count(*) AS n FROM record GROUP BY writer').all();
      return new Map((rows as { writer: string; n: number }[]).map((row) => [row.writer, row.n]));
    },
    close: () => db.close(),
  };
}
