import { createHash, randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';

/** What tells one file from all others that ever had its name or inode (reliability, case 16). */
export interface FileIdentity {
  dev: string;
  ino: string;
  /** ns since the epoch; `0` where the filesystem has no birth times. */
  birth: string;
}

export function identityOf(stat: BigIntStats): FileIdentity {
  return { dev: String(stat.dev), ino: String(stat.ino), birth: String(stat.birthtimeNs > 0n ? stat.birthtimeNs : 0n) };
}

export const identityKey = (id: FileIdentity): string => `${id.dev}:${id.ino}:${id.birth}`;

/** Device numbers of some filesystems change at a reboot: the rest of the identity then still tells. */
export const rebootKey = (id: FileIdentity): string => `${id.ino}:${id.birth}`;

/** First `digits` hex digits of the hash of all parts. */
function hash(digits: number, ...parts: string[]): string {
  return createHash('sha1').update(parts.join('\0')).digest('hex').slice(0, digits);
}

/** Files of one container (or one directory) of one host share the first 40 bits of their fid. */
export function ownerHash(host: string, container: string, directory: string): string {
  return hash(10, host, container ? `container ${container}` : `directory ${directory}`);
}

const birthDigits = (ms: number): string => Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0').slice(-12);

/** 40 bits owner ‖ 48 bits birth in ms ‖ 40 bits of filesystem, inode and birth: derived, so a lost checkpoint changes nothing. */
export function deriveFid(owner: string, id: FileIdentity): string {
  return owner + birthDigits(Number(BigInt(id.birth) / 1_000_000n)) + hash(10, id.dev, id.ino, id.birth);
}

/** Where there is no birth time. Must be durable before anything is sent under it. */
export function mintFid(owner: string, nowMs: number): string {
  return owner + birthDigits(nowMs) + randomBytes(5).toString('hex');
}

/** A container read through the Docker API has no file: its first line tells generations apart. */
export function streamFid(host: string, container: string): string {
  return ownerHash(host, container, '') + birthDigits(0) + hash(10, 'api', container);
}

/** Bytes of the first line that count. */
export const HEAD_BYTES = 1_024;

/** 31-bit hash of a generation's first raw line: its `gen`. */
export function lineHash(bytes: Buffer, start: number, end: number): number {
  const line = bytes.subarray(start, Math.min(end, start + HEAD_BYTES));
  return createHash('sha1').update(line).digest().readUInt32BE(0) & 0x7fffffff;
}

/** Another 31 bits for a generation that begins with the same line as one before it. */
export function rehash(gen: number): number {
  return createHash('sha1').update(`again ${gen}`).digest().readUInt32BE(0) & 0x7fffffff;
}
