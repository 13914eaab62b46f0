import { DatabaseSync } from 'node:sqlite';
import { FleetlogError } from '../../model/errors.ts';

/** `user_version` of state.db that this build writes; older ones are upgraded in place, newer ones refused. */
export const STATE_VERSION = 1;

const CREATE = `
  CREATE TABLE docs (kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, doc TEXT NOT NULL);
  CREATE UNIQUE INDEX docs_by_id ON docs (kind, id);
  CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT, epoch INTEGER NOT NULL, ms REAL NOT NULL, version INTEGER NOT NULL);
  CREATE TABLE counter (last INTEGER NOT NULL);
  INSERT INTO counter VALUES (0);
`;

/** Opens (and creates) state.db for writing. Throws `format_newer`, or `corrupt` when the file is no database. */
export function openStateFile(file: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { timeout: 10_000 });
    // FULL: a password change that was answered must survive a power cut.
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE');
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > STATE_VERSION) {
      throw new FleetlogError(
        'format_newer',
        `cannot open ${file}: it has version ${version}, this build reads ${STATE_VERSION}`,
        { hint: 'start the newer version that wrote it; there is no way back' },
      );
    }
    if (version === 0) db.exec(`${CREATE} PRAGMA user_version=${STATE_VERSION}`);
    db.exec('COMMIT');
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof FleetlogError) throw cause;
    throw new FleetlogError('corrupt', `cannot open ${file}`, {
      hint: 'the disk may be full or the file damaged; users, tokens and views are in it, lines are not',
      cause,
    });
  }
}
