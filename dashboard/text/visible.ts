/**
 * Characters a reader cannot see but a terminal or the bidi algorithm obeys (reliability S16): C0 and C1 controls but tab and newline, bidi marks,
 * overrides and isolates, zero-width characters, line separators, soft hyphen, language tags. A joiner inside an emoji is no trick and stays.
 */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d|\u200d(?!\p{Extended_Pictographic})|[\ud800-\udfff]/gu;

/** Offsets of hidden characters in `text`, with the escape to show instead: `\x1b`, `\u202e`. */
export function hiddenIn(text: string): { start: number; end: number; shown: string }[] {
  return Array.from(text.matchAll(HIDDEN), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
    shown: escapeOf(match[0].codePointAt(0)!),
  }));
}

/** The same as text, for titles, attributes and places that take no markup. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (found) => escapeOf(found.codePointAt(0)!));
}

function escapeOf(code: number): string {
  if (code === 0x0d) return '\\r';
  if (code === 0x1b) return '\\e';
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}
