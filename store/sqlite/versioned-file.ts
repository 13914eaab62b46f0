import { DatabaseSync } from 'node:sqlite';
import { FleetlogError } from '../../model/errors.ts';

export interface VersionedFile {
  /** `user_version` that this build writes; newer ones are refused. */
  version: number;
  /** Statements that make an empty file one of this version. */
  create: string;
  /** Pragmas of its own, each with its semicolon. */
  pragmas?: string;
  /** Said when it cannot be opened. */
  hint: string;
}

/** Opens (and creates) a database for writing. Throws `format_newer`, or `corrupt` when the file is no database. */
export function openVersionedFile(file: string, { version, create, pragmas = '', hint }: VersionedFile): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { timeout: 10_000 });
    // FULL: what was acknowledged must survive a power cut.
    db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ${pragmas} BEGIN IMMEDIATE`);
    const { user_version: found } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (found > version) {
      throw new FleetlogError(
        'format_newer',
        `cannot open ${file}: it has version ${found}, this build reads ${version}`,
        { hint: 'start the newer version that wrote it; there is no way back' },
      );
    }
    if (found === 0) db.exec(`${create} PRAGMA user_version=${version}`);
    db.exec('COMMIT');
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof FleetlogError) throw cause;
    throw new FleetlogError('corrupt', `cannot open ${file}`, { hint, cause });
  }
}
