import { readFileSync } from 'node:fs';
import { JSON_LEVEL_KEYS } from '../../model/detect-json-level.ts';
import { LEVEL_KEYS } from '../../model/detect-level.ts';
import { isWeakWord, LEVEL_WORDS, levelWord, MONTHS_AND_ZONES } from '../../model/level-words.ts';
import { secretTables } from '../../model/redaction/secret-scan.ts';

/** What kernel.wasm exports; addresses are those of its memory. */
export interface KernelExports {
  BYTES: WebAssembly.Global<'i32'>;
  configure(
    messages: number,
    batchBytes: number,
    lineBytes: number,
    multilineLines: number,
    multilineBytes: number,
    gapUs: number,
  ): void;
  take(start: number, end: number): number;
  readLevels(count: number): number;
  findSecrets(used: number): number;
  learnWord(length: number, value: number): void;
  learnName(length: number, value: number): void;
  learnLetter(byte: number): void;
}

/** Addresses and limits of layout.asc. */
export const AT = {
  base: 0x400,
  streams: 0x440,
  scratch: 0xa00,
  trigrams: 0x8000,
  chains: 0xc000,
  entries: 0x14000,
  candidates: 0x18000,
  joins: 0x28000,
  times: 0x48000,
  offsets: 0x68000,
  raws: 0x88000,
  ends: 0xa8000,
  flags: 0xb8000,
  levels: 0xbc000,
  marks: 0xc0000,
  bytes: 0xc4000,
} as const;
export const CANDIDATE_LIMIT = 0x4000;
const ENTRY_LIMIT = (AT.candidates - AT.entries) / 16;
const PAGE = 65_536;
/** Loads of 64 bytes may begin at the last one. */
const PAD = 128;
const KEY = { LOGFMT: 1, JSON: 2, ZONE: 4, WEAK: 0x80 };

/** Compiles the kernel; null where there is no WebAssembly (`node --jitless`). Throws when kernel.wasm is missing: an installation is not whole. */
export function compileKernel(): WebAssembly.Module | null {
  if (typeof WebAssembly === 'undefined') return null;
  return new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
}

/** An instance with a memory of its own that has `bytes` behind the columns, its tables filled. */
export function loadKernel(module: WebAssembly.Module, bytes: number): { kernel: KernelExports; memory: ArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((AT.bytes + bytes + PAD) / PAGE) });
  const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  if (kernel.BYTES.value !== AT.bytes) throw new Error('cannot use kernel.wasm: it was built for another layout');
  const scratch = Buffer.from(memory.buffer, AT.scratch, 16);
  const teach = (learn: (length: number, value: number) => void, word: string, value: number): void => {
    scratch.fill(0);
    learn(scratch.write(word, 'latin1'), value);
  };
  for (const word of LEVEL_WORDS) {
    const text = Buffer.from(word);
    const weak = isWeakWord(text, 0, text.length) ? KEY.WEAK : 0;
    teach(kernel.learnWord, word, levelWord(text, 0, text.length) | weak);
  }
  for (const key of LEVEL_KEYS) teach(kernel.learnName, key, KEY.LOGFMT);
  for (const key of JSON_LEVEL_KEYS) teach(kernel.learnName, key, KEY.JSON);
  for (const zone of MONTHS_AND_ZONES) teach(kernel.learnName, zone, KEY.ZONE);
  for (const word of [...LEVEL_WORDS, ...LEVEL_KEYS]) {
    kernel.learnLetter(word.charCodeAt(0));
    kernel.learnLetter(word.charCodeAt(0) & ~0x20);
  }
  teachSecrets(memory.buffer);
  return { kernel, memory: memory.buffer };
}

function teachSecrets(memory: ArrayBuffer): void {
  const { table, entries } = secretTables();
  if (entries.length > ENTRY_LIMIT) throw new Error('cannot use kernel.wasm: it has no room for so many trigrams');
  new Uint16Array(memory, AT.chains, table.length).set(table);
  const marks = new Uint8Array(memory, AT.trigrams, table.length);
  for (const [hash, first] of table.entries()) marks[hash] = first === 0 ? 0 : 1;
  const out = new Int32Array(memory, AT.entries, entries.length * 4);
  for (const [i, { trigram, back, word, next }] of entries.entries()) out.set([trigram, back, word, next], i * 4);
}
