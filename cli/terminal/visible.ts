import { visible as withHiddenShown } from '../../dashboard/text/visible.ts';

/**
 * Log text made safe for a terminal (CVE-2021-25743 is what happens otherwise): colour sequences are taken out, every other control
 * character, direction override and zero-width character is shown as an escape, as on the page. `\n` stays.
 */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return withHiddenShown(
    text
      .replace(COLOUR, '')
      .replace(/\r(?=\n|$)/g, '')
      .replace(/\t/g, '    '),
  );
}

const PLAIN = /^[\x20-\x7e\n]*$/;
// ESC [ 1;31 m, and its one-character form U+009B.
const COLOUR = /(?:\x1b\[|\x9b)[\d;:]*m/g;
