import { readFileSync } from 'node:fs';
import { wordClass } from '../../../model/unicode-words.ts';

/** What kernel.wasm exports: functions, and addresses in its memory. */
interface Exports {
  memory: WebAssembly.Memory;
  begin(size: number): void;
  /** Bits of TEXT_KIND. */
  readTokens(count: number): number;
  leftCount(): number;
  insert(hash: number): void;
  bloomBytes(): number;
  writeBloom(): number;
  readPatterns(count: number): void;
  room(size: number): void;
  /** Bits of TEXT_KIND. */
  textKind(size: number): number;
  /** Number of hits. */
  find(first: number, last: number): number;
  HITS: WebAssembly.Global<'i32'>;
  NEEDLE: WebAssembly.Global<'i32'>;
  NEEDLE_LIMIT: WebAssembly.Global<'i32'>;
  TEXT: WebAssembly.Global<'i32'>;
  TEXT_LIMIT: WebAssembly.Global<'i32'>;
  ENDS: WebAssembly.Global<'i32'>;
  PATTERNS: WebAssembly.Global<'i32'>;
  LEFT: WebAssembly.Global<'i32'>;
  CLASSES: WebAssembly.Global<'i32'>;
  CLASS_LIMIT: WebAssembly.Global<'i32'>;
}

/** One block at a time; what is written and read is copied, so that nothing of the memory is kept over a call. */
export interface Kernel {
  /** Longest text of a block, bytes. Ends of messages are bounded by BLOCK_RECORDS. */
  readonly textLimit: number;
  load(text: Uint8Array, ends: Uint32Array, count: number): void;
  /** Tokens of the loaded block into the empty set; `left` are the messages that are for `eachTokenHash` and `insert`. */
  readTokens(): { kind: number; left: Uint32Array };
  insert(hash: number): void;
  /** The filter of the set. Uses the set up: `load` comes next. */
  bloom(): Buffer;
  /** Patterns of the loaded block, two words a message. */
  readPatterns(out: Uint32Array): void;
  /** Longest image of a needle, bytes. */
  readonly needleLimit: number;
  /** Loads a block for `textKind` and `find` only. The same array must hold the same bytes when it comes again. */
  loadText(text: Uint8Array, ends: Uint32Array, count: number): void;
  /** Bits of TEXT_KIND of the loaded block. */
  textKind(): number;
  /**
   * Records [first, last) of the loaded block that hold a needle (see needle.ts), ascending, as `record << 1 | sure`. Without `sure` the
   * record must be asked. Valid until the next call.
   */
  find(image: Uint8Array, first: number, last: number): Uint32Array;
}

/** An instance with its own memory, at first 4 MiB and at most 16. Throws when kernel.wasm is missing: an installation is not whole. */
export function createKernel(): Kernel {
  const module = new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const kernel = new WebAssembly.Instance(module).exports as unknown as Exports;
  const [TEXT, ENDS, PATTERNS, LEFT, CLASSES, HITS, NEEDLE] = [
    kernel.TEXT.value,
    kernel.ENDS.value,
    kernel.PATTERNS.value,
    kernel.LEFT.value,
    kernel.CLASSES.value,
    kernel.HITS.value,
    kernel.NEEDLE.value,
  ];
  const classes = new Uint8Array(kernel.memory.buffer, CLASSES, kernel.CLASS_LIMIT.value);
  for (let code = 0; code < classes.length; code++) classes[code] = wordClass(code);
  let records = 0;
  let bytes = 0;
  /** What `loadText` has put there, as long as nothing else was. */
  let loaded: Uint8Array | null = null;
  // The buffer is another one after memory has grown.
  const words = (at: number, length: number) => new Uint32Array(kernel.memory.buffer, at, length);
  return {
    textLimit: kernel.TEXT_LIMIT.value,
    load(text, ends, count) {
      loaded = null;
      kernel.begin(text.length);
      new Uint8Array(kernel.memory.buffer).set(text, TEXT);
      words(ENDS, count).set(ends.subarray(0, count));
      records = count;
    },
    readTokens() {
      const kind = kernel.readTokens(records);
      return { kind, left: words(LEFT, kernel.leftCount()).slice() };
    },
    insert: kernel.insert,
    bloom() {
      const at = kernel.writeBloom();
      return Buffer.from(new Uint8Array(kernel.memory.buffer, at, kernel.bloomBytes()));
    },
    readPatterns(out) {
      kernel.readPatterns(records);
      out.set(words(PATTERNS, 2 * records));
    },
    needleLimit: kernel.NEEDLE_LIMIT.value,
    loadText(text, ends, count) {
      if (loaded !== text) {
        bytes = text.length;
        kernel.room(bytes);
        new Uint8Array(kernel.memory.buffer).set(text, TEXT);
        loaded = text;
      }
      words(ENDS, count).set(ends.subarray(0, count));
    },
    textKind: () => kernel.textKind(bytes),
    find(image, first, last) {
      new Uint8Array(kernel.memory.buffer).set(image, NEEDLE);
      return words(HITS, kernel.find(first, last));
    },
  };
}
