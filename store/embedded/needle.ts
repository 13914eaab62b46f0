/**
 * What `find` of the kernel looks for: parts of byte classes one behind the other, with gaps between parts. It has at least one part; the
 * first one has a byte (or letter in both cases) among its first 48 places to search by.
 */
export interface Needle {
  parts: readonly NeedlePart[];
  /** An ASCII word character must not come directly before, or behind. */
  closedLeft: boolean;
  closedRight: boolean;
  /** A record that holds it matches; otherwise the record must be asked. */
  exact: boolean;
}

export interface NeedlePart {
  /** Per place a table of 256: not 0 for bytes that may stand there. */
  classes: readonly Uint8Array[];
  /** What may lie before it: `words` asks for bytes that are no ASCII word characters, `loose` lets them be. */
  gap: 'none' | 'words' | 'loose';
}

const HEADER = 0x400;
const MOST_PARTS = 100;
/** Longer ones are cut: what is left finds nearly the same. */
const MOST_PLACES = 400;
/** Both anchors are read 64 bytes at a time, of which the zeros behind the text hold 128. */
const LAST_ANCHOR = 48;
const GAPS = { none: 0, words: 1, loose: 2 } as const;

/** Letters of log lines, the frequent first; digits are more frequent than any. */
const FREQUENT = 'etaoinrsldcpumhgfbyvwkxqjz';

/** The class of one byte, letters in both cases. */
export function byteClass(byte: number): Uint8Array {
  const table = new Uint8Array(256);
  table[byte] = 1;
  if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) table[byte ^ 0x20] = 1;
  return table;
}

export function literalClasses(text: string): Uint8Array[] {
  return Array.from(Buffer.from(text), byteClass);
}

/** How rare an anchor is in logs, the larger the rarer. */
function rarity(byte: number): number {
  if (byte >= 0x61 && byte <= 0x7a) return 2 + FREQUENT.indexOf(String.fromCharCode(byte));
  if (byte >= 0x80) return (byte & 0xc0) === 0x80 ? 12 : 4;
  return byte >= 0x30 && byte <= 0x39 ? 1 : 3;
}

interface Anchor {
  place: number;
  fold: number;
  byte: number;
}

/** The anchor that stands for a class, or null when the class is no single byte or letter. */
function anchorOf(table: Uint8Array, place: number): Anchor | null {
  const bytes: number[] = [];
  for (let byte = 0; byte < 256 && bytes.length < 3; byte++) if (table[byte]) bytes.push(byte);
  if (bytes.length === 1) return { place, fold: 0, byte: bytes[0] };
  const letter = bytes.length === 2 && bytes[1] === (bytes[0] | 0x20) && bytes[1] >= 0x61 && bytes[1] <= 0x7a;
  return letter ? { place, fold: 0x20, byte: bytes[1] } : null;
}

/** The needle as the kernel reads it; null when there is nothing to search by. */
export function needleImage(needle: Needle): Uint8Array | null {
  const [first] = needle.parts;
  const anchors = first.classes
    .slice(0, LAST_ANCHOR)
    .flatMap((table, place) => anchorOf(table, place) ?? [])
    .sort((a, b) => rarity(b.byte) - rarity(a.byte));
  if (anchors.length === 0) return null;
  const [a, b = a] = anchors;
  const { kept, places, whole } = cut(needle);
  const out = new Uint8Array(HEADER + places * 256);
  const header = new Uint32Array(out.buffer, 0, HEADER / 4);
  const flags = (needle.closedLeft ? 1 : 0) | (needle.closedRight && whole ? 2 : 0) | (needle.exact && whole ? 4 : 0);
  header.set([kept.length, flags, a.place, b.place, a.fold, a.byte, b.fold, b.byte]);
  let at = HEADER;
  kept.forEach(({ classes, gap }, i) => {
    header.set([classes.length, GAPS[gap]], 8 + 2 * i);
    for (const table of classes) {
      out.set(table, at);
      at += 256;
    }
  });
  return out;
}

/** The part a needle begins with, for looking through a block as if it were one record. */
export function opening({ parts: [first] }: Needle): Needle {
  return { parts: [first], closedLeft: false, closedRight: false, exact: true };
}

function cut({ parts }: Needle): { kept: NeedlePart[]; places: number; whole: boolean } {
  const kept: NeedlePart[] = [];
  let places = 0;
  for (const { classes, gap } of parts) {
    const room = Math.min(classes.length, MOST_PLACES - places);
    if (kept.length === MOST_PARTS || room === 0) return { kept, places, whole: false };
    kept.push({ classes: classes.slice(0, room), gap });
    places += room;
    if (room < classes.length) return { kept, places, whole: false };
  }
  return { kept, places, whole: true };
}
