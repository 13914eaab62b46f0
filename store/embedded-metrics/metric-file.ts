import type { DatabaseSync } from 'node:sqlite';
import { openVersionedFile } from '../sqlite/versioned-file.ts';

/** `user_version` of metrics.db that this build writes; newer ones are refused. */
const METRICS_VERSION = 1;

/**
 * `pending` holds what came since the last sealing, as it came, and is what a crash leaves; `marks` the last time of each collector run. A
 * seal turns an origin's hour into `blocks`; raw ones share the times of their seal.
 */
const CREATE = `
  CREATE TABLE series (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, host TEXT NOT NULL, app TEXT NOT NULL, env TEXT NOT NULL,
    container TEXT NOT NULL, level TEXT NOT NULL, seen INTEGER NOT NULL);
  CREATE TABLE origins (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sealed INTEGER NOT NULL);
  CREATE TABLE marks (origin INTEGER NOT NULL, epoch TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (origin, epoch)) WITHOUT ROWID;
  CREATE TABLE pending (id INTEGER PRIMARY KEY, origin INTEGER NOT NULL, time INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE TABLE seals (id INTEGER PRIMARY KEY, origin INTEGER NOT NULL, start INTEGER NOT NULL, times BLOB NOT NULL);
  CREATE TABLE blocks (level INTEGER NOT NULL, figure INTEGER NOT NULL, start INTEGER NOT NULL, origin INTEGER NOT NULL,
    seal INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE INDEX blocks_by_start ON blocks (level, figure, start);
  CREATE TABLE rolled (figure INTEGER PRIMARY KEY, until INTEGER NOT NULL);
`;

/** Opens (and creates) metrics.db. Throws `format_newer`, or `corrupt` when the file is no database. */
export function openMetricFile(file: string): DatabaseSync {
  return openVersionedFile(file, {
    version: METRICS_VERSION,
    create: CREATE,
    pragmas: 'PRAGMA auto_vacuum=INCREMENTAL;',
    hint: 'the disk may be full or the file damaged; only figures are in it: moved away, they begin anew',
  });
}
