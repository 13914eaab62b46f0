/** One clause of a query as it stands in the text. */
export interface TextClause {
  start: number;
  end: number;
  negated: boolean;
  /** Null for words, phrases and groups. */
  field: string | null;
  /** Plain values of `field:value` or `field:(a b)`; null where the test is another one (`>=`, `*`, words). */
  values: string[] | null;
}

export interface ReadText {
  clauses: TextClause[];
  /** OR at the top: clauses cannot be added or taken away one by one. */
  mixed: boolean;
}

/** As in model/query/syntax.ts, which is not imported: its Unicode table would double the first load. Unit for unit, so offsets stay. */
const WIDE: Readonly<Record<string, string>> = {
  '：': ':',
  '（': '(',
  '）': ')',
  '＊': '*',
  '－': '-',
  '＞': '>',
  '＜': '<',
  '＝': '=',
  '～': '~',
  '\u3000': ' ',
};
/** A field name; `http://…`, `std::string` and `Error: x` are text. */
const FIELD = /^(?:([A-Za-z_@][\w.@-]*)|@"((?:[^"\\]|\\.)*)"):(?!\/\/|[:\s)]|$)/;
const NEGATION = /^-(?=["“”(~@*/]|[\p{L}\p{N}\p{M}_])/u;

/** Splits query text at its top level; never fails, for half-typed text is the usual case. Full-width punctuation counts as in the parser. */
export function readQueryText(text: string): ReadText {
  const clauses: TextClause[] = [];
  let mixed = false;
  let negate: number | null = null;
  for (const [start, end] of topLevel(text)) {
    const part = text.slice(start, end);
    if (part === 'AND') continue;
    if (part === 'OR') {
      mixed = true;
      continue;
    }
    if (part === 'NOT') {
      negate = negate === null ? start : null;
      continue;
    }
    const minus = NEGATION.test(flatten(part));
    const body = minus ? part.slice(1) : part;
    const name = FIELD.exec(flatten(body));
    clauses.push({
      start: negate ?? start,
      end,
      negated: (negate !== null) !== minus,
      field: name === null ? null : (name[1] ?? plain(body.slice(2, name[0].length - 2))),
      values: name === null ? null : valuesOf(body.slice(name[0].length)),
    });
    negate = null;
  }
  return { clauses, mixed };
}

/** The clauses about these fields that name plain values, as they stand in the text; '' where clauses are alternatives. */
export function partsAbout(text: string, fields: readonly string[]): string {
  const { clauses, mixed } = readQueryText(text);
  if (mixed) return '';
  return clauses
    .filter((one) => !one.negated && one.values !== null && one.field !== null && fields.includes(one.field))
    .map((one) => text.slice(one.start, one.end))
    .join(' ');
}

/** Ranges of the parts between top-level blanks; quotes, parentheses and /re/ hold together. */
function topLevel(text: string): [number, number][] {
  const flat = flatten(text);
  const out: [number, number][] = [];
  let start = -1;
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = flat[i];
    if (depth === 0 && /\s/.test(char)) {
      if (start >= 0) out.push([start, i]);
      start = -1;
      continue;
    }
    const first = start < 0 || flat.slice(start, i) === '-' || /[\s(]/.test(flat[i - 1]);
    if (start < 0) start = i;
    if (/["“”]/.test(char)) i = quoteEnd(text, i) - 1;
    else if (char === '/' && first) i = regexpEnd(flat, i) - 1;
    else if (char === '(') depth += 1;
    else if (char === ')') depth = Math.max(0, depth - 1);
  }
  if (start >= 0) out.push([start, text.length]);
  return out;
}

/** A curly quote is closed by any quote, an ASCII one by `"` and by a curly one only when there is no `"`. Open to the end otherwise. */
function quoteEnd(text: string, at: number): number {
  for (const closers of text[at] === '"' ? ['"', '“”'] : ['"“”']) {
    for (let i = at + 1; i < text.length; i += 1) {
      if (closers.includes(text[i])) return i + 1;
      if (text[i] === '\\' && /["\\“”]/.test(text[i + 1] ?? '')) i += 1;
    }
  }
  return text.length;
}

/** Behind the `/` that closes a regular expression; behind the first one when it is a path. */
function regexpEnd(flat: string, at: number): number {
  const found = /^\/(?!\s)(?:[^\\/[]|\\.|\[\^?\]?(?:[^\\\]]|\\.)*\]|\/(?![\s)]|$))+\/(?=[\s)]|$)/.exec(flat.slice(at));
  return at + (found?.[0].length ?? 1);
}

function valuesOf(test: string): string[] | null {
  const flat = flatten(test);
  const group = flat.startsWith('(') && flat.endsWith(')') ? test.slice(1, -1) : null;
  const parts = group === null ? [test] : topLevel(group).map(([start, end]) => group.slice(start, end));
  const values: string[] = [];
  for (const part of parts) {
    if (part === 'OR') continue;
    if (/^["“”]/.test(part)) {
      if (quoteEnd(part, 0) !== part.length || part.length < 2) return null;
      values.push(plain(part.slice(1, -1)));
    } else if (part === '' || /^[<>=~]|[*"“”()]/.test(flatten(part))) return null;
    else values.push(flatten(part));
  }
  return values.length === 0 ? null : values;
}

function plain(quoted: string): string {
  return quoted.replace(/\\(["\\“”])/g, '$1');
}

function flatten(text: string): string {
  return text.replace(/[：（）＊－＞＜＝～\u3000]/g, (char) => WIDE[char]);
}
