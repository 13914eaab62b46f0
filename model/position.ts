/**
 * A line's permanent identity: the byte offset of its first byte in one generation of one raw file.
 * `fid` is 32 hex digits (128 bits), `gen` a 31-bit hash of the generation's first raw line, `offset` bytes.
 */
export interface Position {
  fid: string;
  gen: number;
  offset: number;
}

/** A position with its time: the total order of all records, `(time, fid, gen, offset)`. Time is µs since the epoch. */
export interface RecordKey extends Position {
  time: number;
}

/** Negative when `a` comes before `b`. */
export function compareKeys(a: RecordKey, b: RecordKey): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.fid !== b.fid) return a.fid < b.fid ? -1 : 1;
  if (a.gen !== b.gen) return a.gen - b.gen;
  return a.offset - b.offset;
}

const BYTES = 7 + 16 + 4 + 7;

/** The API's opaque, URL-safe `id`: time and position, 46 base64url characters, the same in every store. */
export function encodeRecordId(key: RecordKey): string {
  const out = Buffer.alloc(BYTES);
  out.writeUIntBE(Math.floor(key.time / 2 ** 24), 0, 4);
  out.writeUIntBE(key.time % 2 ** 24, 4, 3);
  out.write(key.fid, 7, 16, 'hex');
  out.writeUInt32BE(key.gen, 23);
  // Seven bytes: positions of events are microseconds, more than 48 bits hold.
  out.writeUIntBE(Math.floor(key.offset / 2 ** 24), 27, 4);
  out.writeUIntBE(key.offset % 2 ** 24, 31, 3);
  return out.toString('base64url');
}

/** Reverses `encodeRecordId`; null when the text is no id. */
export function decodeRecordId(id: string): RecordKey | null {
  if (!/^[A-Za-z0-9_-]{46}$/.test(id)) return null;
  const raw = Buffer.from(id, 'base64url');
  if (raw.length !== BYTES) return null;
  return {
    time: raw.readUIntBE(0, 4) * 2 ** 24 + raw.readUIntBE(4, 3),
    fid: raw.toString('hex', 7, 23),
    gen: raw.readUInt32BE(23),
    offset: raw.readUIntBE(27, 4) * 2 ** 24 + raw.readUIntBE(31, 3),
  };
}
