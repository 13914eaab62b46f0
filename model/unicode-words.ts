import table from './unicode-words.json' with { type: 'json' };

/** Classes of tokenizer fl-1: what separates, what forms runs, and Han and Hiragana, which are one token each. */
export const SEPARATOR = 0;
export const RUN = 1;
export const SINGLE = 2;

/** Code points below this are looked up in an array, the rest (rare in logs) by bisection. */
const DIRECT = 0x3_0000;

const direct = new Uint8Array(DIRECT);
const far: [first: number, last: number, kind: number][] = [];
for (const [kind, ranges] of [
  [RUN, table.runs],
  [SINGLE, table.singles],
] as const) {
  for (const [first, last] of ranges) {
    if (first < DIRECT) direct.fill(kind, first, last + 1);
    else far.push([first, last, kind]);
  }
}
far.sort((a, b) => a[0] - b[0]);

const lower = new Map<number, number>();
for (const [first, last, step, delta] of table.lower) {
  for (let code = first; code <= last; code += step) lower.set(code, code + delta);
}

function farClass(code: number): number {
  let low = 0;
  let high = far.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = far[middle];
    if (code < range[0]) high = middle - 1;
    else if (code > range[1]) low = middle + 1;
    else return range[2];
  }
  return SEPARATOR;
}

/** SEPARATOR, RUN or SINGLE by the Unicode 15.0 table, whatever Unicode the runtime knows. */
export function wordClass(code: number): number {
  return code < DIRECT ? direct[code] : farClass(code);
}

/** Simple lower case of a word character by the same table; other code points come back unchanged. */
export function lowerCodePoint(code: number): number {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  return lower.get(code) ?? code;
}
