/**
 * Finds the places where a secret may stand, cheaply enough to look at every byte: one 32-bit load every four bytes, whose first
 * three bytes index a table of trigrams. Each word looked for has, in any of the four alignments, a trigram at a sampled place.
 * What is found here is only a candidate; `secret-rules.ts` decides.
 */
const TABLE_BITS = 14;
const slot = (trigram: number): number => Math.imul(trigram, 0x9e3779b1) >>> (32 - TABLE_BITS);
/** Letters of either case fall together; other bytes may too, which costs a look, never a miss. */
const FOLD = 0x202020;

/** Words of six known letters or more: four trigrams from the start cover the four alignments. */
export const WORDS = ['password', 'passwd', 'secret', 'authorization', 'private key', 'github_pat_'] as const;
/** Prefixes of four letters that an alphanumeric token follows and no word character precedes. */
export const PREFIXES = ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'akia', 'asia'] as const;
const BEFORE = ' "\'=:,/([{<@\t\n|;&?`>)]}*!#%+\\~^$.-\r';
const TOKEN = 'abcdefghijklmnopqrstuvwxyz0123456789';

const code = (text: string): number =>
  (text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | FOLD) & 0xffffff;

/** Where the word begins, seen from the trigram, and its first four letters. */
export interface Entry {
  trigram: number;
  back: number;
  word: number;
  next: number;
}

/** Chains of entries by slot, 2^14 of them; 0 is none. The collector's kernel scans by the same tables. */
export function secretTables(): { table: Uint16Array; entries: Entry[] } {
  const table = new Uint16Array(1 << TABLE_BITS);
  const entries: Entry[] = [{ trigram: -1, back: 0, word: 0, next: 0 }];
  const fourOf = (word: string): number => (code(word) | ((word.charCodeAt(3) | 0x20) << 24)) >>> 0;
  const add = (text: string, back: number, word: string): void => {
    const trigram = code(text);
    const at = slot(trigram);
    const four = fourOf(word);
    // `\r` and `-` fall together, and others: found twice, a secret would be counted twice.
    if (entries.some((one) => one.trigram === trigram && one.back === back && one.word === four)) return;
    entries.push({ trigram, back, word: four, next: table[at] });
    table[at] = entries.length - 1;
  };
  for (const word of WORDS) for (let d = 0; d < 4; d++) add(word.slice(d, d + 3), d, word);
  for (const prefix of PREFIXES) {
    for (const c of BEFORE) add(c + prefix.slice(0, 2), -1, prefix);
    add(prefix.slice(0, 3), 0, prefix);
    add(prefix.slice(1, 4), 1, prefix);
    for (const c of TOKEN) add(prefix.slice(2, 4) + c, 2, prefix);
  }
  return { table, entries };
}

const J = 74;

export interface SecretScan {
  /**
   * Calls `candidate` with places in `bytes[0, used)` where a word or token may begin, in two passes. Record starts are for the
   * caller to look at: a prefix there has nothing known before it.
   */
  scan(bytes: Buffer, used: number, candidate: (position: number) => void): void;
}

export function createSecretScan(): SecretScan {
  const { table, entries } = secretTables();
  let words: Uint32Array = new Uint32Array(0);

  function judge(
    bytes: Buffer,
    at: number,
    first: number,
    trigram: number,
    candidate: (position: number) => void,
  ): void {
    for (let i = first; i !== 0; i = entries[i].next) {
      const entry = entries[i];
      if (entry.trigram !== trigram) continue;
      const start = at - entry.back;
      if (start < 0) continue;
      const four =
        (bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24) | 0x20202020) >>>
        0;
      if (four === entry.word) candidate(start);
    }
  }

  return {
    scan(bytes, used, candidate) {
      if (words.buffer !== bytes.buffer)
        words = new Uint32Array(bytes.buffer, bytes.byteOffset, (bytes.byteLength - (bytes.byteLength % 4)) / 4);
      const n = (used + 3) >> 2;
      for (let i = 0; i < n; i++) {
        const trigram = (words[i] | FOLD) & 0xffffff;
        const first = table[Math.imul(trigram, 0x9e3779b1) >>> (32 - TABLE_BITS)];
        if (first !== 0) judge(bytes, i * 4, first, trigram, candidate);
      }
      // JWTs are the base64 of `{"…`: `eyJ`, and a capital J is rare.
      for (let at = bytes.indexOf(J, 2); at >= 0 && at < used; at = bytes.indexOf(J, at + 1))
        if (bytes[at - 1] === 121 && bytes[at - 2] === 101) candidate(at - 2);
    },
  };
}
