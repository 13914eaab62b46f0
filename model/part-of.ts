import { crc32 } from 'node:zlib';

/**
 * Which of `of` parts a key (a fid, or a host's name) belongs to: its Kafka partition, and the part of a status that speaks of it. It
 * never changes: another answer would let newer lines of a file overtake older ones.
 */
export function partOf(key: string, of: number): number {
  return crc32(key) % of;
}
