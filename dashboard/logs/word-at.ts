/** What a click in a text means: an id, a name, a number, or a Chinese word. */
const TOKEN = /[\p{L}\p{N}\p{M}_$][\p{L}\p{N}\p{M}_$.:/@-]*[\p{L}\p{N}\p{M}_$]|[\p{L}\p{N}\p{M}_$]/gu;
const HAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * The word of `text` at the UTF-16 offset `at`, or null between words. `a=b` gives `a` or `b`; `10.0.3.7:8080`, paths and dotted names hold together;
 * Chinese is cut by the browser's own dictionary.
 */
export function wordIn(text: string, at: number): { start: number; end: number } | null {
  // A line of a megabyte is not looked through for one word.
  const from = Math.max(0, at - 400);
  const part = text.slice(from, at + 400);
  for (const match of part.matchAll(TOKEN)) {
    const start = from + match.index;
    const end = start + match[0].length;
    if (at < start) return null;
    if (at < end) return HAN.test(match[0]) ? chineseWord(text, start, end, at) : { start, end };
  }
  return null;
}

/** Words that the dictionary does not know come as single characters: neighbours of that kind are one word to a reader. */
function chineseWord(text: string, start: number, end: number, at: number): { start: number; end: number } {
  const segments = [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(text.slice(start, end))];
  let from = segments.findLastIndex((one) => start + one.index <= at);
  let to = from;
  const single = (index: number) => segments[index]?.segment.length === 1;
  while (single(from) && single(from - 1)) from -= 1;
  while (single(to) && single(to + 1)) to += 1;
  const last = segments[to];
  return { start: start + segments[from].index, end: start + last.index + last.segment.length };
}

/** The word under a point of the window within `box`, as it is drawn; null beside text. */
export function wordAtPoint(box: Element, x: number, y: number): string | null {
  const caret = caretAt(x, y);
  if (caret === null || !box.contains(caret.node) || caret.node.nodeType !== Node.TEXT_NODE) return null;
  // The text of one line may stand in many pieces: hits, colours, escapes.
  const line = (caret.node.parentElement?.closest('[data-line]') ?? box) as Element;
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  let text = '';
  let offset = -1;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node === caret.node) offset = text.length + caret.offset;
    text += node.textContent;
  }
  if (offset < 0) return null;
  const before = document.createRange();
  before.setStart(caret.node, Math.max(0, caret.offset - 1));
  before.setEnd(caret.node, Math.min(caret.node.textContent?.length ?? 0, caret.offset + 1));
  const near = Array.from(before.getClientRects()).some(
    (rect) => x >= rect.left - 1 && x <= rect.right + 1 && y >= rect.top && y <= rect.bottom,
  );
  if (!near) return null;
  const found = wordIn(text, offset) ?? (offset > 0 ? wordIn(text, offset - 1) : null);
  return found === null ? null : text.slice(found.start, found.end);
}

function caretAt(x: number, y: number): { node: Node; offset: number } | null {
  if ('caretPositionFromPoint' in document) {
    const at = document.caretPositionFromPoint(x, y);
    return at === null ? null : { node: at.offsetNode, offset: at.offset };
  }
  const range = (
    document as unknown as { caretRangeFromPoint?(x: number, y: number): Range | null }
  ).caretRangeFromPoint?.(x, y);
  return range === undefined || range === null ? null : { node: range.startContainer, offset: range.startOffset };
}
