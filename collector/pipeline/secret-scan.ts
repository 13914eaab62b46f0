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

function buildTable(): Uint8Array {
  const table = new Uint8Array(1 << TABLE_BITS);
  for (const word of WORDS) for (let d = 0; d < 4; d++) table[slot(code(word.slice(d, d + 3)))] = 1;
  for (const prefix of PREFIXES) {
    for (const c of BEFORE) table[slot(code(c + prefix.slice(0, 2)))] = 1;
    table[slot(code(prefix.slice(0, 3)))] = 1;
    table[slot(code(prefix.slice(1, 4)))] = 1;
    for (const c of TOKEN) table[slot(code(prefix.slice(2, 4) + c))] = 1;
  }
  return table;
}

const J = 74;

export interface SecretScan {
  /**
   * Calls `candidate` with positions in `bytes[0, used)`, increasing within each of two passes; something may begin at most
   * four bytes before or after. Record starts are for the caller to look at: a prefix there has nothing known before it.
   */
  scan(bytes: Buffer, used: number, candidate: (position: number) => void): void;
}

export function createSecretScan(): SecretScan {
  const table = buildTable();
  let words: Uint32Array = new Uint32Array(0);
  return {
    scan(bytes, used, candidate) {
      if (words.buffer !== bytes.buffer)
        words = new Uint32Array(bytes.buffer, bytes.byteOffset, (bytes.byteLength - (bytes.byteLength % 4)) / 4);
      const n = (used + 3) >> 2;
      for (let i = 0; i < n; i++) {
        if (table[Math.imul((words[i] | FOLD) & 0xffffff, 0x9e3779b1) >>> (32 - TABLE_BITS)] !== 0) candidate(i * 4);
      }
      // JWTs are the base64 of `{"…`: `eyJ`, and a capital J is rare.
      for (let at = bytes.indexOf(J, 2); at >= 0 && at < used; at = bytes.indexOf(J, at + 1))
        if (bytes[at - 1] === 121 && bytes[at - 2] === 101) candidate(at - 2);
    },
  };
}
