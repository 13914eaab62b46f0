import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FleetlogError } from '../../model/errors.ts';

/** The layout of a data directory that this build writes, and the oldest build (by the same number) that can read it. */
export const DATA_FORMAT = 1;
const FORMAT_LINE = /^fleetlog data format (\d{1,9})\n?$/;
const SQLITE_BUSY = 5;

export interface DataDir {
  /** Absolute. */
  path: string;
  /** Lets the next process in. */
  close(): void;
}

/**
 * Creates the directory (0700) and holds it for this process until `close`. Rejects with `data_locked` while another process
 * has it, `format_newer` when a newer build wrote it, `corrupt` when its format file is none, `bad_config` when it cannot be
 * created or written.
 */
export async function openDataDir(dir: string): Promise<DataDir> {
  const path = resolve(dir);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot create the data directory ${path}`, {
      hint: 'set dataDir to a directory this user may write',
      cause,
    });
  }
  const lock = takeLock(path);
  try {
    await checkFormat(path);
  } catch (error) {
    lock.close();
    throw error;
  }
  let open = true;
  return {
    path,
    close() {
      if (open) lock.close();
      open = false;
    },
  };
}

/**
 * SQLite's exclusive lock is the kernel's, so it goes with the process however that ends. A pid file would not do: in a container
 * every process is pid 1, and two containers may share the directory.
 */
function takeLock(path: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(join(path, 'lock.db'));
    db.exec('PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version=1; COMMIT');
    return db;
  } catch (cause) {
    db?.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new FleetlogError('data_locked', `cannot open the data directory ${path}: another process holds it`, {
        hint: 'stop the other Fleetlog that uses it, or set dataDir (FLEETLOG_DATA_DIR) to another directory',
        cause,
      });
    }
    throw new FleetlogError('bad_config', `cannot lock the data directory ${path}`, {
      hint: 'it must be on a local disk that this user may write and that has room',
      cause,
    });
  }
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, 'format');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new FleetlogError('bad_config', `cannot read ${file}`, { cause });
    return writeFormat(path, file);
  }
  const format = FORMAT_LINE.exec(text);
  if (!format) {
    throw new FleetlogError('corrupt', `cannot read ${file}: it does not name a data format`, {
      hint: 'restore it from a backup, or move the directory away and start afresh',
    });
  }
  if (Number(format[1]) > DATA_FORMAT) {
    throw new FleetlogError(
      'format_newer',
      `cannot open ${path}: it needs a reader of data format ${format[1]}, this build reads ${DATA_FORMAT}`,
      { hint: 'start the newer version that wrote it; there is no way back' },
    );
  }
}

/** Written beside and renamed, so that a crash leaves no half a file that the next start would call corrupt. */
async function writeFormat(path: string, file: string): Promise<void> {
  try {
    const draft = await open(`${file}.new`, 'w', 0o600);
    await draft.writeFile(`fleetlog data format ${DATA_FORMAT}\n`);
    await draft.sync();
    await draft.close();
    await rename(`${file}.new`, file);
    const dir = await open(path, 'r');
    await dir.sync();
    await dir.close();
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot write ${file}`, {
      hint: 'the data directory must be writable and have room',
      cause,
    });
  }
}
