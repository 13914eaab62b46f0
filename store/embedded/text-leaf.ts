import { cutKey } from '../../model/fields.ts';
import { patternAsked } from '../../model/query/pattern-asked.ts';
import { isWordBefore } from '../../model/query/syntax.ts';
import { type BloomPlan, bloomPlan } from '../../model/query/text-plan.ts';
import { lowerText, tokenize } from '../../model/query/tokenize.ts';
import { type PhraseQuery, type Query, RECORD_FIELDS } from '../../model/query/tree.ts';
import { SINGLE, wordClass } from '../../model/unicode-words.ts';
import { ESCAPED, nativeRegexp } from './native-regexp.ts';
import { literalClasses, type Needle, type NeedlePart } from './needle.ts';

/**
 * Text tests on the UTF-8 bytes of a message seen as a latin-1 string: many times faster than decoding. They hold for records
 * without "exotic" characters (see text-kind.ts); others take the exact evaluator.
 *
 * `find` is an expression source that occurs in every matching record (null: none is known), `weight` its length in
 * characters, the longer the rarer; `needles` are the same for the kernel: one of them occurs in every matching record. `quick` says 1 (matches), 0 (does not) or -1 (ask the exact evaluator).
 */
export interface TextLeaf {
  find: Find | null;
  quick(record: string): Verdict;
}

export interface Find {
  source: string;
  weight: number;
  needles: readonly Needle[];
}

export type Verdict = 1 | 0 | -1;

const UNKNOWN: TextLeaf = { find: null, quick: () => -1 };

/** From this length on a run may be cut into tokens (TOKEN_LIMIT of the tokenizer); shorter records hold no such run. */
const LONG_RUN = 255;

/** What may stand between tokens of a phrase: bytes that are neither ASCII word characters nor, between Han, part of Han characters. */
const GAP = '[^\\w]+';
const GAP_AT_HAN = '[^\\w]*?';
const GAP_IN_HAN = '(?:[^\\w\\xe4-\\xe9]|\\xe4\\xb7[\\x80-\\xbf]|[\\xe4-\\xe9](?![\\x80-\\xbf]{2}))*';

export function compileLeaf(query: Query): TextLeaf {
  switch (query.type) {
    case 'phrase':
      return phraseLeaf(query);
    case 'substring':
      return substringLeaf(query.text);
    case 'regexp':
      return regexpLeaf(query.pattern);
    case 'field':
      // A pattern is a hash of the message: none of its digits stand in the text.
      return patternAsked(query.field, query.test) === null ? fieldLeaf(query) : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/** A Han character whose UTF-8 begins with E4–E9 and which is a token of its own: it has no case and no other form. */
function isPlainHan(char: string): boolean {
  const code = char.codePointAt(0) as number;
  return code >= 0x4000 && code <= 0x9fff && wordClass(code) === SINGLE;
}

const isAsciiWord = (token: string): boolean => /^[a-z0-9_]+$/.test(token);

/** The characters of `text` as an expression over UTF-8 bytes, ASCII letters in both cases. */
export function bytesSource(text: string): string {
  let out = '';
  for (const char of text) {
    if (/[a-z]/i.test(char)) out += `[${char.toLowerCase()}${char.toUpperCase()}]`;
    else if (char < '\x80') out += ESCAPED.test(char) ? `\\${char}` : char;
    else for (const byte of Buffer.from(char)) out += `\\x${byte.toString(16)}`;
  }
  return out;
}

/** The stretch of consecutive items that weighs most. */
function heaviest<T>(items: T[], weigh: (item: T) => number): { from: number; to: number; weight: number } {
  let best = { from: 0, to: 0, weight: 0 };
  for (let from = 0; from < items.length; from++) {
    let weight = 0;
    let to = from;
    for (; to < items.length; to++) {
      const more = weigh(items[to]);
      if (more === 0) break;
      weight += more;
    }
    if (weight > best.weight) best = { from, to, weight };
    from = to;
  }
  return best;
}

function phraseLeaf(query: PhraseQuery): TextLeaf {
  const tokens = tokenize(query.text);
  if (tokens.length === 0) return substringLeaf(query.text);
  if (tokens.some((token) => token.length >= LONG_RUN)) return UNKNOWN;
  const weigh = (token: string): number => (isAsciiWord(token) ? token.length : isPlainHan(token) ? 2 : 0);
  const { from, to, weight } = heaviest(tokens, weigh);
  if (weight === 0) return UNKNOWN;
  // As compilePhrase: `order-*` asks for the word before the dash.
  const prefix = query.prefix && isWordBefore(query.text, query.text.length);
  const stretch = tokens.slice(from, to);
  let source = bytesSource(stretch[0]);
  let bytes = Buffer.byteLength(stretch[0]);
  const parts: NeedlePart[] = [{ classes: literalClasses(stretch[0]), gap: 'none' }];
  for (let i = 1; i < stretch.length; i++) {
    const words = isAsciiWord(stretch[i - 1]) && isAsciiWord(stretch[i]);
    const han = !isAsciiWord(stretch[i - 1]) && !isAsciiWord(stretch[i]);
    source += (words ? GAP : han ? GAP_IN_HAN : GAP_AT_HAN) + bytesSource(stretch[i]);
    bytes += Buffer.byteLength(stretch[i]);
    parts.push({ classes: literalClasses(stretch[i]), gap: words ? 'words' : 'loose' });
  }
  const whole = stretch.length === tokens.length;
  const needle = {
    parts,
    closedLeft: whole && isAsciiWord(tokens[0]),
    closedRight: whole && isAsciiWord(tokens[tokens.length - 1]) && !prefix,
    exact: whole,
  };
  const find = { source, weight, needles: [needle] };
  const expression = new RegExp(source, 'g');
  if (!whole) return { find, quick: (record) => found(expression, record) };
  return { find, quick: phraseTest(expression, stretch, bytes, prefix) };
}

function found(expression: RegExp, record: string): Verdict {
  expression.lastIndex = 0;
  return expression.test(record) ? -1 : 0;
}

const EDGE = 0;
const WORD = 1;
const WIDE = 2;

function classAt(record: string, at: number): number {
  const unit = at < 0 || at >= record.length ? 0 : record.charCodeAt(at);
  if (unit >= 0x80) return WIDE;
  const word =
    (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || unit === 0x5f;
  return word ? WORD : EDGE;
}

function phraseTest(
  expression: RegExp,
  tokens: string[],
  tokenBytes: number,
  prefix: boolean,
): (record: string) => Verdict {
  const closedLeft = isAsciiWord(tokens[0]);
  const closedRight = isAsciiWord(tokens[tokens.length - 1]) && !prefix;
  const ascii = tokens.every(isAsciiWord);
  return (record) => {
    let unsure = false;
    expression.lastIndex = 0;
    for (let hit = expression.exec(record); hit !== null; hit = expression.exec(record)) {
      const at = hit.index;
      const end = at + hit[0].length;
      const left = closedLeft ? classAt(record, at - 1) : EDGE;
      const right = closedRight ? classAt(record, end) : EDGE;
      if (left === WORD || right === WORD) unsure ||= record.length > LONG_RUN;
      else if (left === WIDE || right === WIDE) unsure = true;
      else if (ascii ? hasWide(hit[0]) : hit[0].length !== tokenBytes) unsure = true;
      else return 1;
      expression.lastIndex = at + 1;
    }
    return unsure ? -1 : 0;
  };
}

function hasWide(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return true;
  return false;
}

/** ASCII and Han have one lower-case form each, whatever stands around them. */
const weighChar = (char: string): number => (char < '\x80' ? 1 : isPlainHan(char) ? 2 : 0);

function substringLeaf(text: string): TextLeaf {
  const chars = [...lowerText(text.toWellFormed())];
  if (chars.length === 0) return { find: null, quick: () => 1 };
  const { from, to, weight } = heaviest(chars, weighChar);
  if (weight === 0) return UNKNOWN;
  const literal = chars.slice(from, to).join('');
  const source = bytesSource(literal);
  const expression = new RegExp(source);
  const whole = to - from === chars.length;
  return {
    find: { source, weight, needles: [literalNeedle(literal, whole)] },
    quick: (record) => (expression.test(record) ? (whole ? 1 : -1) : 0),
  };
}

function regexpLeaf(pattern: string): TextLeaf {
  const plan = nativeRegexp(pattern);
  const sources = plan.literals.map((literal) => {
    const chars = [...literal];
    const { from, to, weight } = heaviest(chars, weighChar);
    const text = chars.slice(from, to).join('');
    const needle = plan.fixed ? openNeedle(plan.fixed, true) : literalNeedle(text, false);
    return { source: bytesSource(text), weight, needles: [needle] };
  });
  const find = sources.reduce<TextLeaf['find']>((best, one) => (one.weight > (best?.weight ?? 0) ? one : best), null);
  const { native } = plan;
  if (native) return { find, quick: (record) => (record.length > plan.longest ? -1 : native.test(record) ? 1 : 0) };
  if (!find) return UNKNOWN;
  const expression = new RegExp(find.source, 'g');
  return { find, quick: (record) => found(expression, record) };
}

/** A field's key and value stand in the message as they are, unless a backslash tells that some character is escaped. */
function fieldLeaf(query: Extract<Query, { type: 'field' }>): TextLeaf {
  // Tests on source, stream or level are in no text; they are left here only when a query has very many combinations of them.
  if ((RECORD_FIELDS as readonly string[]).includes(query.field)) return UNKNOWN;
  const key = cutKey(query.field) === query.field ? query.field.slice(query.field.lastIndexOf('.') + 1) : '';
  const tokens = planTokens(bloomPlan(query)).filter((token) => isAsciiWord(token) || [...token].every(isPlainHan));
  const literals = [...tokens, ...(/^[\x20-\x7e]+$/.test(key) ? [key] : [])];
  const best = literals.reduce((a, b) => (b.length > a.length ? b : a), '');
  if (best === '') return UNKNOWN;
  const source = `${bytesSource(best)}|\\\\`;
  const expression = new RegExp(source, 'g');
  const needles = [literalNeedle(best, false), literalNeedle('\\', false)];
  return { find: { source, weight: best.length, needles }, quick: (record) => found(expression, record) };
}

/** Tokens that every record with the field must have; the alternative to them is the mark of an escape. */
function planTokens(plan: BloomPlan): string[] {
  if (plan.type === 'or') return plan.items[0] ? planTokens(plan.items[0]) : [];
  if (plan.type === 'and') return plan.items.flatMap(planTokens);
  return plan.type === 'token' ? [plan.token] : [];
}

function literalNeedle(text: string, exact: boolean): Needle {
  return openNeedle(literalClasses(text), exact);
}

function openNeedle(classes: Uint8Array[], exact: boolean): Needle {
  return { parts: [{ classes, gap: 'none' }], closedLeft: false, closedRight: false, exact };
}
