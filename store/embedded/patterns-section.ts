import { readPlanes, writePlanes } from './byte-planes.ts';

/**
 * The pattern column of a block: u32 number of distinct patterns, the patterns (two u32 each, high word first), then one
 * index a record as byte planes. `pairs` holds high and low word of each record's pattern.
 */
export function encodePatterns(pairs: Uint32Array, n: number): Buffer {
  const known = new Map<number, number>();
  const words: number[] = [];
  const indices = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const high = pairs[2 * i];
    const low = pairs[2 * i + 1];
    // 53 bits select and the words are compared, so that patterns that share those bits stay apart.
    let key = (high & 0x1fffff) * 2 ** 32 + low;
    let at = known.get(key);
    while (at !== undefined && (words[2 * at] !== high || words[2 * at + 1] !== low)) at = known.get(++key);
    if (at === undefined) {
      at = words.length / 2;
      words.push(high, low);
      known.set(key, at);
    }
    indices[i] = at;
  }
  const out = Buffer.allocUnsafe(4 + words.length * 4 + 1 + 4 * n);
  out.writeUInt32LE(words.length / 2, 0);
  for (let w = 0; w < words.length; w++) out.writeUInt32LE(words[w], 4 + 4 * w);
  return out.subarray(0, writePlanes(indices, n, out, 4 + 4 * words.length));
}

/** Gives back `pairs`. Throws RangeError when the bytes do not add up. */
export function decodePatterns(bytes: Buffer, n: number): Uint32Array {
  const distinct = bytes.readUInt32LE(0);
  const indices = new Uint32Array(n);
  if (readPlanes(bytes, 4 + 8 * distinct, n, indices) !== bytes.length)
    throw new RangeError('patterns do not fill their section');
  const pairs = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) {
    if (indices[i] >= distinct) throw new RangeError('a pattern index is too large');
    pairs[2 * i] = bytes.readUInt32LE(4 + 8 * indices[i]);
    pairs[2 * i + 1] = bytes.readUInt32LE(8 + 8 * indices[i]);
  }
  return pairs;
}
