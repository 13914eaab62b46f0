import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FleetlogError } from '../../model/errors.ts';

/** What must outlive a restart so that events are neither lost nor told twice. */
export interface EventState {
  /** µs; every event up to here is safe. */
  lastEventUs: number;
  /** Last offset by fid, of the containers that had events most recently. */
  offsets: [string, number][];
  /** Keys of the newest safe events, oldest first. */
  recent: string[];
}

/** Header: magic `FLEV`, u16 version, u16 0, u32 crc32 of the JSON after it; little endian. */
const MAGIC = Buffer.from('FLEV');
const VERSION = 1;
const HEADER = 12;
const FILE = 'events';

/**
 * Reads the state; null when there is none or it is damaged (then events of the down-time are not asked for again, which is said).
 * Throws `format_newer` for a file of a newer version.
 */
export async function readEventState(dir: string, damaged: (why: string) => void): Promise<EventState | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(dir, FILE));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') damaged(`cannot read it: ${(cause as Error).message}`);
    return null;
  }
  if (bytes.length < HEADER || !bytes.subarray(0, 4).equals(MAGIC)) {
    damaged('no magic');
    return null;
  }
  const version = bytes.readUInt16LE(4);
  if (version > VERSION)
    throw new FleetlogError('format_newer', `cannot read ${join(dir, FILE)}: version ${version}`, {
      hint: 'start the version of Fleetlog that wrote it, or remove the file: it only remembers which events are stored',
    });
  const json = bytes.subarray(HEADER);
  if (crc32(json) !== bytes.readUInt32LE(8)) {
    damaged('checksum differs');
    return null;
  }
  return JSON.parse(json.toString('utf8')) as EventState;
}

/** Replaces the state so that after a crash either the old or the new one is there, whole. */
export async function writeEventState(dir: string, state: EventState): Promise<void> {
  const json = Buffer.from(JSON.stringify(state), 'utf8');
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt32LE(crc32(json), 8);
  await mkdir(dir, { recursive: true });
  const next = join(dir, `${FILE}.next`);
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(Buffer.concat([header, json]));
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(next, { force: true });
    throw error;
  }
  await file.close();
  await rename(next, join(dir, FILE));
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
