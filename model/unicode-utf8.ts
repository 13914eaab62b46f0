/**
 * The code point of the UTF-8 sequence at `at`, or -1 when the bytes there are no whole, valid sequence before `end`
 * (WHATWG: over-long forms, surrogates and values over U+10FFFF are invalid). ASCII is a sequence of one.
 */
export function codePointAtByte(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const need = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (at + need >= end) return -1;
  const second = bytes[at + 1];
  if (second >> 6 !== 2) return -1;
  if (need === 1) return ((lead & 0x1f) << 6) | (second & 0x3f);
  const third = bytes[at + 2];
  if (third >> 6 !== 2) return -1;
  if (need === 2) {
    const code = ((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
    return code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? -1 : code;
  }
  const fourth = bytes[at + 3];
  if (fourth >> 6 !== 2) return -1;
  const code = ((lead & 0x07) << 18) | ((second & 0x3f) << 12) | ((third & 0x3f) << 6) | (fourth & 0x3f);
  return code < 0x1_0000 || code > 0x10_ffff ? -1 : code;
}

/** Bytes of a code point in UTF-8. */
export function utf8Length(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
}

/**
 * Bytes that one U+FFFD stands for when the bytes at `at` are invalid: the maximal subpart of WHATWG's decoder, which is what
 * TextDecoder and Node's `toString` replace at once.
 */
export function invalidLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0xc2 || lead > 0xf4) return 1;
  const need = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  let length = 1;
  while (length <= need && at + length < end) {
    const byte = bytes[at + length];
    if (byte < (length === 1 ? low : 0x80) || byte > (length === 1 ? high : 0xbf)) break;
    length++;
  }
  return length;
}
