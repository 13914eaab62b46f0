import { crc32 } from 'node:zlib';

/** Files of the checkpoint: 8 bytes `FLCK` + u16 version + u16 0, then frames `u32 length, u32 crc32, payload` (little endian). */
const MAGIC = 'FLCK';
export const CHECKPOINT_VERSION = 1;
export const FILE_HEADER_BYTES = 8;
const FRAME_HEADER_BYTES = 8;
/** Longest payload: a longer length is damage, not a record. */
const MAX_PAYLOAD = 64 << 20;

export function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt16LE(CHECKPOINT_VERSION, 4);
  return header;
}

export function frame(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const out = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  out.write(payload, FRAME_HEADER_BYTES, 'utf8');
  out.writeUInt32LE(length, 0);
  out.writeUInt32LE(crc32(out.subarray(FRAME_HEADER_BYTES)), 4);
  return out;
}

/** What a file of ours holds: its version (null: no header of ours) and every payload before the first damaged or torn frame. */
export function readFrames(bytes: Buffer): { version: number | null; payloads: string[]; whole: boolean } {
  const payloads: string[] = [];
  if (bytes.length < FILE_HEADER_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC)
    return { version: null, payloads, whole: false };
  const version = bytes.readUInt16LE(4);
  let at = FILE_HEADER_BYTES;
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    const from = at + FRAME_HEADER_BYTES;
    if (length > MAX_PAYLOAD || from + length > bytes.length) break;
    const payload = bytes.subarray(from, from + length);
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) break;
    payloads.push(payload.toString('utf8'));
    at = from + length;
  }
  return { version, payloads, whole: at === bytes.length };
}
