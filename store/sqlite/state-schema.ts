import type { DatabaseSync } from 'node:sqlite';
import { openVersionedFile } from './versioned-file.ts';

/** `user_version` of state.db that this build writes; older ones are upgraded in place, newer ones refused. */
const STATE_VERSION = 1;

const CREATE = `
  CREATE TABLE docs (kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, doc TEXT NOT NULL);
  CREATE UNIQUE INDEX docs_by_id ON docs (kind, id);
  CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT, epoch INTEGER NOT NULL, ms REAL NOT NULL, version INTEGER NOT NULL);
  CREATE TABLE counter (last INTEGER NOT NULL);
  INSERT INTO counter VALUES (0);
`;

/** Opens (and creates) state.db for writing. Throws `format_newer`, or `corrupt` when the file is no database. */
export function openStateFile(file: string): DatabaseSync {
  return openVersionedFile(file, {
    version: STATE_VERSION,
    create: CREATE,
    hint: 'the disk may be full or the file damaged; users, tokens and views are in it, lines are not',
  });
}
