import { isAscii } from 'node:buffer';
import { TEXT_KIND } from './segment-format.ts';

/**
 * UTF-8 bytes of the characters outside ASCII that fold to an ASCII letter or digit in some of our comparisons: full-width
 * digits and letters, K (Kelvin), İ, ſ. Latin-1 view of the bytes.
 */
export const EXOTIC_SOURCE =
  '\\xef(?:\\xbc[\\x90-\\x99\\xa1-\\xba]|\\xbd[\\x81-\\x9a])|\\xe2\\x84\\xaa|\\xc4\\xb0|\\xc5\\xbf';
const EXOTIC = new RegExp(EXOTIC_SOURCE);

/** Bits of `TEXT_KIND` for these UTF-8 bytes. */
export function textKind(text: Buffer): number {
  if (isAscii(text)) return 0;
  return TEXT_KIND.WIDE | (EXOTIC.test(text.toString('latin1')) ? TEXT_KIND.EXOTIC : 0);
}
