import { readPlanes, writePlanes } from './byte-planes.ts';

/**
 * The pattern column of a block: u32 number of distinct patterns, the patterns (two u32 each, high word first), then one
 * index a record as byte planes. `pairs` holds high and low word of each record's pattern.
 */
export function encodePatterns(pairs: Uint32Array, n: number): Buffer {
  const { words, indices } = patternColumn(pairs, n);
  const out = Buffer.allocUnsafe(4 + words.length * 4 + 1 + 4 * n);
  out.writeUInt32LE(words.length / 2, 0);
  for (let w = 0; w < words.length; w++) out.writeUInt32LE(words[w], 4 + 4 * w);
  return out.subarray(0, writePlanes(indices, n, out, 4 + 4 * words.length));
}

/** The patterns of a block's records: the distinct ones, two words each, and which of them each record has. */
export interface PatternColumn {
  words: ArrayLike<number>;
  indices: Uint32Array;
}

export function patternColumn(pairs: Uint32Array, n: number): PatternColumn {
  const ids = createPatternIds();
  const indices = new Uint32Array(n);
  for (let i = 0; i < n; i++) indices[i] = ids.idOf(pairs[2 * i], pairs[2 * i + 1]);
  return { words: ids.words, indices };
}

/** Numbers patterns as they come. */
export interface PatternIds {
  words: readonly number[];
  /** -1 for one that is new when there are `most` already. */
  idOf(high: number, low: number): number;
}

export function createPatternIds(most = Number.POSITIVE_INFINITY): PatternIds {
  const known = new Map<number, number>();
  const words: number[] = [];
  return {
    words,
    idOf(high, low) {
      // 53 bits select and the words are compared, so that patterns that share those bits stay apart.
      let key = (high & 0x1fffff) * 2 ** 32 + low;
      let at = known.get(key);
      while (at !== undefined && (words[2 * at] !== high || words[2 * at + 1] !== low)) at = known.get(++key);
      if (at === undefined) {
        at = words.length / 2;
        if (at >= most) return -1;
        words.push(high, low);
        known.set(key, at);
      }
      return at;
    },
  };
}

/** Throws RangeError when the bytes do not add up. */
export function decodePatternColumn(bytes: Buffer, n: number): PatternColumn {
  const distinct = bytes.readUInt32LE(0);
  const indices = new Uint32Array(n);
  if (readPlanes(bytes, 4 + 8 * distinct, n, indices) !== bytes.length)
    throw new RangeError('patterns do not fill their section');
  for (let i = 0; i < n; i++) if (indices[i] >= distinct) throw new RangeError('a pattern index is too large');
  const words = Uint32Array.from({ length: 2 * distinct }, (_, w) => bytes.readUInt32LE(4 + 4 * w));
  return { words, indices };
}

/** Gives back `pairs`. Throws RangeError when the bytes do not add up. */
export function decodePatterns(bytes: Buffer, n: number): Uint32Array {
  const { words, indices } = decodePatternColumn(bytes, n);
  const pairs = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) {
    pairs[2 * i] = words[2 * indices[i]];
    pairs[2 * i + 1] = words[2 * indices[i] + 1];
  }
  return pairs;
}
