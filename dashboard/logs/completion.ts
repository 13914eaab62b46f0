import { readQueryText } from './query-text.ts';
import type { KnownField } from './use-field-names.ts';

/** What stands at the caret and could be finished: the name of a field, or a value of one. */
export type Completion =
  | { kind: 'field'; prefix: string; start: number; end: number; negated: boolean }
  | { kind: 'value'; field: string; prefix: string; start: number; end: number; rest: string };

/** Fields every line has; others are found in the lines. */
export const KNOWN_FIELDS = [
  'level',
  'app',
  'env',
  'host',
  'instance',
  'container',
  'stream',
  'path',
  'image',
  'version',
];
const WIDE_COLON = /[:：]/;

/** What to offer at `caret`, or null where nothing helps: inside quotes, behind an operator sign, in the middle of a word. */
export function completionAt(text: string, caret: number): Completion | null {
  const start = tokenStart(text, caret);
  if (start === null) return null;
  const token = text.slice(start, caret);
  // Only at the end of a word: finishing its middle would tear it.
  if (/^[^\s()（）"“”]/.test(text.slice(caret)) && text[caret] !== undefined) return null;
  const negated = /^[-－]/.test(token);
  const body = negated ? token.slice(1) : token;
  const colon = body.search(WIDE_COLON);
  if (colon < 0) {
    if (body !== '' && !/^[A-Za-z_@][\w.@-]*$/.test(body)) return null;
    return { kind: 'field', prefix: body, start: start + (negated ? 1 : 0), end: caret, negated };
  }
  const field = body.slice(0, colon);
  if (!/^[A-Za-z_@][\w.@-]*$/.test(field)) return null;
  const value = body.slice(colon + 1);
  const list = /^[(（]/.test(value);
  const part = list ? value.slice(Math.max(1, value.lastIndexOf(' ') + 1)) : value;
  if (/["“”*/~]/.test(part) || (/^[<>=]/.test(part) && field !== 'level')) return null;
  return {
    kind: 'value',
    field,
    prefix: part.replace(/^"/, ''),
    start: caret - part.length,
    end: caret,
    rest: without(text, start),
  };
}

/** Start of the term that ends at the caret; null inside quotes. A list `app:(a b` is one term. */
function tokenStart(text: string, caret: number): number | null {
  let start = caret;
  let quoted = false;
  let open = -1;
  let fresh = true;
  for (let i = 0; i < caret; i += 1) {
    const char = text[i];
    if (/["“”]/.test(char) && text[i - 1] !== '\\') quoted = !quoted;
    if (quoted) continue;
    if (/[(（]/.test(char) && i > 0 && WIDE_COLON.test(text[i - 1])) open = i;
    else if (/[)）]/.test(char) && open >= 0) open = -1;
    else if (/[\s(（]/.test(char) && open < 0) {
      fresh = true;
      continue;
    }
    if (fresh) start = i;
    fresh = false;
  }
  if (quoted) return null;
  return fresh ? caret : start;
}

/** The query without the clause that begins at `start`, so that its other values are counted too. */
function without(text: string, start: number): string {
  const clause = readQueryText(text).clauses.find((one) => one.start <= start && start < one.end);
  if (clause === undefined) return text.slice(0, start).trim();
  return `${text.slice(0, clause.start).trimEnd()} ${text.slice(clause.end).trimStart()}`.trim();
}

export interface Choice {
  /** What is put in place of the prefix. */
  insert: string;
  shown: string;
  /** Lines, or null when unknown. */
  count: number | null;
  hint?: string;
  /** Of a field found in lines. */
  kind?: KnownField['kind'];
  share?: KnownField['share'];
}

/** Field names that begin with (then hold) the prefix, the known ones first. */
export function fieldChoices(prefix: string, found: KnownField[]): Choice[] {
  const lower = prefix.toLowerCase();
  const fields = [
    ...KNOWN_FIELDS.map((name): KnownField => ({ name, kind: null, share: null })),
    ...found.filter((field) => !KNOWN_FIELDS.includes(field.name)),
  ];
  const begins = fields.filter(({ name }) => name.toLowerCase().startsWith(lower));
  const holds =
    lower.length < 2
      ? []
      : fields.filter((field) => !begins.includes(field) && field.name.toLowerCase().includes(lower));
  return [...begins, ...holds].slice(0, 8).map(({ name, kind, share }) => {
    const plain = /^[A-Za-z_@][\w.@-]*$/.test(name) ? name : `@"${name.replace(/["\\]/g, '\\$&')}"`;
    return { insert: `${plain}:`, shown: name, count: null, kind, share };
  });
}

const ORDER = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** Values that begin with (then hold) the prefix, with their counts; for `level` also "this and worse". */
export function valueChoices(
  field: string,
  prefix: string,
  values: { value: string; count: number }[],
  write: (field: string, value: string) => string,
): Choice[] {
  const bare = prefix.replace(/^[<>=]+/, '').toLowerCase();
  const sign = /^[<>=]/.test(prefix);
  const plain: Choice[] = sign
    ? []
    : values.map(({ value, count }) => {
        const clause = value === '' || (field === 'level' && value === 'none') ? 'none' : write(field, value);
        return { insert: clause.slice(clause.indexOf(':', clause.startsWith('@"') ? 2 : 0) + 1), shown: value, count };
      });
  const atLeast: Choice[] =
    field !== 'level'
      ? []
      : ['warn', 'error', 'info'].map((level) => {
          const worse = ORDER.slice(ORDER.indexOf(level));
          const found = values.reduce((sum, one) => (worse.includes(one.value) ? sum + one.count : sum), 0);
          const count = values.length === 0 ? null : found;
          return { insert: `>=${level}`, shown: `>=${level}`, count, hint: worse.join(', ') };
        });
  const all = field === 'level' ? [atLeast[0], ...plain, ...atLeast.slice(1)] : plain;
  const begins = all.filter((one) => one.shown.replace(/^>=/, '').toLowerCase().startsWith(bare));
  const holds = all.filter((one) => !begins.includes(one) && one.shown.toLowerCase().includes(bare));
  return [...begins, ...holds].slice(0, 10);
}
