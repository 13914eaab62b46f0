import { RUN, SEPARATOR, SINGLE, wordClass } from '../unicode-words.ts';
import { isWordBefore } from './syntax.ts';
import { lowerText, tokenize } from './tokenize.ts';

/** Tests a message; `lower` is `lowerText(message)`. */
export type TextTest = (message: string, lower: () => string) => boolean;

/** Runs as long as this are cut into tokens, and then places need the tokenizer itself. */
const LONG_RUN = 255;

/**
 * The tokens of `text`, adjacent and in order, the last by prefix if asked. Text without tokens is a literal substring.
 * Candidates come from a search in the lowered message and are checked in place; full-width forms and runs that the tokenizer
 * would cut take the exact way through `tokenize`.
 */
export function compilePhrase(text: string, byPrefix: boolean): TextTest {
  const tokens = tokenize(text);
  // `order-*` asks for the word before the dash, not for words that begin with it.
  const prefix = byPrefix && isWordBefore(text, text.length);
  if (tokens.length === 0) return compileSubstring(text);
  const exact = (message: string): boolean => hasSequence(tokenize(message), tokens, prefix);
  if (tokens.some((token) => token.length >= LONG_RUN)) return exact;
  const rarest = tokens.reduce((best, token) => (token.length > best.length ? token : best));
  return (message, lower) => {
    if (/[\uff01-\uff9f]/.test(message)) return exact(message);
    const folded = lower();
    if (!folded.includes(rarest)) return false;
    for (let at = folded.indexOf(tokens[0]); at >= 0; at = folded.indexOf(tokens[0], at + 1)) {
      const found = sequenceAt(message, folded, at, tokens, prefix);
      if (found === null) return exact(message);
      if (found) return true;
    }
    return false;
  };
}

/** A literal substring, case-insensitive. */
export function compileSubstring(text: string): TextTest {
  const needle = lowerText(text.toWellFormed());
  return (_, lower) => lower().includes(needle);
}

function hasSequence(all: string[], tokens: string[], prefix: boolean): boolean {
  const last = tokens.length - 1;
  for (let start = 0; start + last < all.length; start++) {
    let i = 0;
    while (i < last && all[start + i] === tokens[i]) i++;
    if (i < last) continue;
    if (prefix ? all[start + last].startsWith(tokens[last]) : all[start + last] === tokens[last]) return true;
  }
  return false;
}

function classAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return wordClass(unit < 0xd800 || unit > 0xdbff ? unit : (text.codePointAt(at) as number));
}

function classBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && at > 1 ? classAt(text, at - 2) : wordClass(unit);
}

function width(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff ? 2 : 1;
}

/** True when the tokens stand at `at`; null when a run here is so long that the tokenizer may cut it. */
function sequenceAt(message: string, folded: string, at: number, tokens: string[], prefix: boolean): boolean | null {
  if (at > 0 && classAt(message, at) === RUN && classBefore(message, at) === RUN) {
    return at >= LONG_RUN && isLongRun(message, at) ? null : false;
  }
  let place = at;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (i > 0) while (place < message.length && classAt(message, place) === SEPARATOR) place += width(message, place);
    if (!folded.startsWith(token, place)) return false;
    const kind = classAt(message, place);
    const end = place + token.length;
    if (kind === SEPARATOR || (kind === RUN && !isRun(message, place, end))) return false;
    const open = kind !== SINGLE && end < message.length && classAt(message, end) === RUN;
    // A longer run is another token, except to a prefix, or where the tokenizer cuts.
    if (open && !(prefix && i === tokens.length - 1)) return isLongAhead(message, place) ? null : false;
    place = end;
  }
  return true;
}

/** Every character of the range belongs to runs: lower-casing may have made a word letter of something that is none. */
function isRun(text: string, from: number, end: number): boolean {
  for (let i = from; i < end; i += width(text, i)) if (classAt(text, i) !== RUN) return false;
  return true;
}

function isLongRun(text: string, at: number): boolean {
  for (let i = at - 1; i >= at - LONG_RUN; i--) {
    const unit = text.charCodeAt(i);
    const isHighSurrogate = unit >= 0xd800 && unit <= 0xdbff;
    if (!isHighSurrogate && classBefore(text, i + 1) !== RUN) return false;
  }
  return true;
}

function isLongAhead(text: string, from: number): boolean {
  let count = 0;
  for (let i = from; i < text.length && classAt(text, i) === RUN; i += width(text, i))
    if (++count > LONG_RUN) return true;
  return false;
}
