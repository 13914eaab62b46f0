const BACKSLASH = 92;
const QUOTE = 34;

/** Value of a hex digit, or a number over 15. */
function hex(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const low = c | 0x20;
  return low >= 97 && low <= 102 ? low - 87 : 1 << 20;
}

function hex4(b: Uint8Array, p: number): number {
  return (hex(b[p]) << 12) | (hex(b[p + 1]) << 8) | (hex(b[p + 2]) << 4) | hex(b[p + 3]);
}

/** What a backslash and this byte mean; 0 is no such escape. */
const SIMPLE = new Uint8Array(256);
for (const [name, value] of [
  ['"', 34],
  ['\\', 92],
  ['/', 47],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
] as const)
  SIMPLE[name.charCodeAt(0)] = value;

/** Bytes that end a run. */
const STOPS = new Uint8Array(256);
STOPS[BACKSLASH] = 1;
STOPS[QUOTE] = 1;

/** After an escape the next one is usually near; look this far byte by byte before asking native code. */
const NEAR = 48;

/**
 * Un-escapes the JSON string body `b[p, e)` to `b[o…]`, in one buffer so that runs are moved natively. Gives the new end, or -1
 * for an escape JSON does not know or a quote that should have ended the string. Lone surrogates become U+FFFD, as JSON.parse and UTF-8 make of them.
 */
export function unescapeJson(b: Buffer, p: number, e: number, o: number): number {
  while (p < e) {
    let at = p;
    const near = Math.min(e, p + NEAR);
    for (let c = b[at]; at < near && STOPS[c] === 0; c = b[++at]) b[o++] = c;
    if (at < e && b[at] === QUOTE) return -1;
    if (at === e) return o;
    if (b[at] !== BACKSLASH) {
      let next = b.indexOf(BACKSLASH, at);
      if (next < 0 || next > e) next = e;
      const quote = b.indexOf(QUOTE, at);
      if (quote >= 0 && quote < next) return -1;
      b.copyWithin(o, at, next);
      o += next - at;
      if (next === e) return o;
      at = next;
    }
    const c = b[at + 1];
    if (at + 1 >= e) return -1;
    if (c !== 117) {
      const value = SIMPLE[c];
      if (value === 0) return -1;
      b[o++] = value;
      p = at + 2;
      continue;
    }
    if (at + 6 > e) return -1;
    let u = hex4(b, at + 2);
    if (u > 0xffff) return -1;
    p = at + 6;
    if (u >= 0xd800 && u < 0xe000) {
      let low = 0;
      if (u < 0xdc00 && p + 6 <= e && b[p] === BACKSLASH && b[p + 1] === 117) low = hex4(b, p + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      } else u = 0xfffd;
    }
    o = writeUtf8(b, o, u);
  }
  return o;
}

function writeUtf8(b: Buffer, o: number, u: number): number {
  if (u < 0x80) {
    b[o++] = u;
  } else if (u < 0x800) {
    b[o++] = 0xc0 | (u >> 6);
    b[o++] = 0x80 | (u & 63);
  } else if (u < 0x10000) {
    b[o++] = 0xe0 | (u >> 12);
    b[o++] = 0x80 | ((u >> 6) & 63);
    b[o++] = 0x80 | (u & 63);
  } else {
    b[o++] = 0xf0 | (u >> 18);
    b[o++] = 0x80 | ((u >> 12) & 63);
    b[o++] = 0x80 | ((u >> 6) & 63);
    b[o++] = 0x80 | (u & 63);
  }
  return o;
}
