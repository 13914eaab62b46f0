import { cutKey, cutValue } from '../../model/fields.ts';
import { numericValue } from '../../model/query/scalar.ts';

/**
 * Fields of lines as terms of two keyword fields, so that no number of keys grows the mapping: `kv` holds `key U+001F value`, `nv`
 * holds `key U+001F <16 hex digits>` for values that read as numbers. U+001E escapes what would be ambiguous or cannot be UTF-8.
 */
const SEPARATOR = '\u001f';
/** Sorts right behind everything that begins with a key and its separator. */
const BEHIND = ' ';

function escaped(text: string): string {
  if (!/[\u001e\u001f]/.test(text) && text.isWellFormed()) return text;
  return text.replace(/[\u001e\u001f]|\p{Cs}/gu, (char) => `\u001e${char.charCodeAt(0).toString(16)};`);
}

/** What `kv` holds for a field. */
export function valueTerm(key: string, value: string): string {
  return keyStart(key) + escaped(value);
}

/** What `nv` holds for a field, null when the value is no number. */
export function numberTerm(key: string, value: string): string | null {
  const number = numericValue(value);
  return number === null ? null : keyStart(key) + orderedNumber(number);
}

/** The beginning of every term of a key. */
export function keyStart(key: string): string {
  return escaped(cutKey(key)) + SEPARATOR;
}

/** Right behind every term of a key. */
export function keyEnd(key: string): string {
  return escaped(cutKey(key)) + BEHIND;
}

/** A literal of a value as it stands in terms. */
export function valuePart(text: string): string {
  return escaped(text);
}

export function wholeValue(text: string): string {
  return cutValue(text);
}

/** The value of a `kv` term of that key. */
export function valueOfTerm(key: string, term: string): string {
  const value = term.slice(keyStart(key).length);
  return value.includes('\u001e')
    ? value.replace(/\u001e([0-9a-f]+);/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : value;
}

const bits = new DataView(new ArrayBuffer(8));

/** 16 hex digits whose string order is the order of the numbers: IEEE-754 with the sign bit turned, all bits for negative ones. */
export function orderedNumber(number: number): string {
  bits.setFloat64(0, number + 0);
  let high = bits.getUint32(0);
  let low = bits.getUint32(4);
  if (high >>> 31 === 1) {
    high = ~high >>> 0;
    low = ~low >>> 0;
  } else high = (high | 0x8000_0000) >>> 0;
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
