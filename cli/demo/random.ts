/** Seeded randomness, so that the same seed makes the same fleet on every machine. Not for secrets. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, below). */
  int(below: number): number;
  pick<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
  /** `words` × 8 lower-case hex digits. */
  hex(words: number): string;
}

/** Mixes 32-bit integers into one; the finaliser of MurmurHash3 (public domain, A. Appleby). */
export function mix(...values: number[]): number {
  let h = 0x9e3779b9;
  for (const value of values) {
    h ^= value;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/** A 32-bit hash of a text, for seeds of named things. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
const hex8 = (v: number): string => BYTES[v >>> 24] + BYTES[(v >>> 16) & 255] + BYTES[(v >>> 8) & 255] + BYTES[v & 255];

/** 8 × `words` hex digits derived from the values. */
export function hashHex(words: number, ...values: number[]): string {
  let out = '';
  for (let i = 0; i < words; i++) out += hex8(mix(i, ...values));
  return out;
}

/** The generator mulberry32 (public domain, T. Ettinger): 32 bits of state, enough for made-up lines and very fast. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function word(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  const next = (): number => word() / 4_294_967_296;
  return {
    next,
    int: (below) => Math.floor(next() * below),
    pick: (list) => list[Math.floor(next() * list.length)],
    chance: (probability) => next() < probability,
    hex(words) {
      let out = '';
      for (let i = 0; i < words; i++) out += hex8(word());
      return out;
    },
  };
}
