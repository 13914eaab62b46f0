/**
 * Log text made safe for a terminal (CVE-2021-25743 is what happens otherwise): colour sequences are taken out, every other control
 * character, direction override and zero-width character is shown by a visible sign. `\n` stays.
 */
export function visible(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return text
    .replace(COLOUR, '')
    .replace(/\r(?=\n|$)/g, '')
    .replace(/\t/g, '    ')
    .replace(HIDDEN, sign);
}

// ESC [ 1;31 m, and its one-character form U+009B.
const COLOUR = /(?:\x1b\[|\x9b)[\d;:]*m/g;
// All of C0 but \n, DEL, C1; direction marks, embeddings, overrides and isolates; zero-width space; line separators; BOM; tags.
const HIDDEN =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const SUSPECT = new RegExp(HIDDEN.source, 'u');

function sign(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}
