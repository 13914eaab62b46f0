import { lowerCodePoint, RUN, SEPARATOR, SINGLE, wordClass } from '../unicode-words.ts';

/** Longest token in code points; longer runs are cut (the same in Elasticsearch's `simple_pattern`). */
export const TOKEN_LIMIT = 255;

const WIDE_FIRST = 0xff01;
const WIDE_LAST = 0xff5e;
const WIDE_OFFSET = 0xfee0;
const HALF_KANA_FIRST = 0xff65;
const HALF_KANA_LAST = 0xff9f;
const VOICED = 0xff9e;
const SEMI_VOICED = 0xff9f;
/** Lucene CJKWidthFilter: full-width form of U+FF65–FF9F, in order. */
const KANA =
  '・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309a';
const VOICED_FORMS = new Map<string, string>([
  ['ウ', 'ヴ'],
  ['ヽ', 'ヾ'],
  ['ワ', 'ヷ'],
  ['ヰ', 'ヸ'],
  ['ヱ', 'ヹ'],
  ['ヲ', 'ヺ'],
]);
for (const kana of 'カキクケコサシスセソタチツテトハヒフヘホ') {
  VOICED_FORMS.set(kana, String.fromCharCode(kana.charCodeAt(0) + 1));
}
const SEMI_VOICED_FORMS = new Map<string, string>();
for (const kana of 'ハヒフヘホ') SEMI_VOICED_FORMS.set(kana, String.fromCharCode(kana.charCodeAt(0) + 2));

/** Full-width ASCII to ASCII and half-width Katakana to full width, sound marks composed inside the token. */
function foldWidth(token: string): string {
  let out = '';
  for (let i = 0; i < token.length; i++) {
    const unit = token.charCodeAt(i);
    if (unit >= WIDE_FIRST && unit <= WIDE_LAST) out += String.fromCharCode(unit - WIDE_OFFSET);
    else if (unit >= HALF_KANA_FIRST && unit <= HALF_KANA_LAST) {
      const forms = unit === VOICED ? VOICED_FORMS : unit === SEMI_VOICED ? SEMI_VOICED_FORMS : undefined;
      const composed = out === '' ? undefined : forms?.get(out[out.length - 1]);
      if (composed === undefined) out += KANA[unit - HALF_KANA_FIRST];
      else out = out.slice(0, -1) + composed;
    } else out += token[i];
  }
  return out;
}

/** The folded form of one token: width, then lower case per code point (fl-1, step 4). */
export function foldToken(token: string): string {
  if (/^[\0-\x7f]*$/.test(token)) return token.toLowerCase();
  const wide = /[\uff01-\uff9f]/.test(token) ? foldWidth(token) : token;
  let out = '';
  for (const char of wide) {
    const code = char.codePointAt(0) as number;
    const lowered = lowerCodePoint(code);
    out += lowered === code ? char : String.fromCodePoint(lowered);
  }
  return out;
}

/** A token and where it came from: `[start, end)` in UTF-16 units of the text. */
export interface TokenSpan {
  token: string;
  start: number;
  end: number;
  /** True when the token is a piece of a run longer than TOKEN_LIMIT. */
  cut: boolean;
}

/** Tokenizer fl-1: calls `emit` with the unfolded bounds of every token, in order. `text` must be well formed. */
function eachBound(text: string, emit: (start: number, end: number, cut: boolean) => void): void {
  let start = -1;
  let count = 0;
  let cut = false;
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i);
    const code = unit < 0xd800 || unit > 0xdfff ? unit : (text.codePointAt(i) as number);
    const kind = wordClass(code);
    const next = code > 0xffff ? i + 2 : i + 1;
    if (kind === RUN) {
      if (count === TOKEN_LIMIT) {
        emit(start, i, true);
        count = 0;
        cut = true;
      }
      if (count++ === 0) start = i;
    } else {
      if (count > 0) emit(start, i, cut);
      count = 0;
      cut = false;
      if (kind === SINGLE) emit(i, next, false);
    }
    i = next;
  }
  if (count > 0) emit(start, text.length, cut);
}

/** Folded tokens of a text by tokenizer fl-1 (docs/query.md), exactly as Elasticsearch's analyzer gives them. */
export function tokenize(text: string): string[] {
  const source = text.toWellFormed();
  const tokens: string[] = [];
  eachBound(source, (start, end) => tokens.push(foldToken(source.slice(start, end))));
  return tokens;
}

/** The same tokens with their places, for highlighting and prefilters. */
export function tokenSpans(text: string): TokenSpan[] {
  const source = text.toWellFormed();
  const spans: TokenSpan[] = [];
  eachBound(source, (start, end, cut) => spans.push({ token: foldToken(source.slice(start, end)), start, end, cut }));
  return spans;
}

/** True when the text has at least one token; a phrase without tokens is a literal substring. */
export function hasToken(text: string): boolean {
  for (const char of text) if (wordClass(char.codePointAt(0) as number) !== SEPARATOR) return true;
  return false;
}

/**
 * Lower case per code point of a whole text, length kept: what substring search compares. `İ` gives `i`, `Σ` always `σ`, so that
 * the result equals Java's per-character lower case.
 */
export function lowerText(text: string): string {
  const plain = /[\u0130\u03a3]/.test(text) ? text.replaceAll('\u0130', 'i').replaceAll('\u03a3', 'σ') : text;
  return plain.toLowerCase();
}
