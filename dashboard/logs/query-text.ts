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

const OPEN = '(（';
const CLOSE = ')）';
const QUOTES = '"“”';
/** A field name as in model/query/syntax.ts; `http://…`, `std::string` and `Error: x` are text. */
const FIELD = /^(?:([A-Za-z_@][\w.@-]*)|@"((?:[^"\\]|\\.)*)")[:：](?!\/\/|[:：\s]|$)/;

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
    const minus = /^[-－]/.test(part) && part.length > 1;
    const body = minus ? part.slice(1) : part;
    const name = FIELD.exec(body);
    const field = name === null ? null : (name[1] ?? name[2].replace(/\\(.)/g, '$1'));
    clauses.push({
      start: negate ?? start,
      end,
      negated: (negate !== null) !== minus,
      field,
      values: name === null ? null : valuesOf(body.slice(name[0].length)),
    });
    negate = null;
  }
  return { clauses, mixed };
}

/** Ranges of the parts between top-level blanks; quotes, parentheses and /re/ hold together. */
function topLevel(text: string): [number, number][] {
  const out: [number, number][] = [];
  let start = -1;
  let depth = 0;
  let closing: string | null = null;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (closing !== null) {
      if (char === '\\') i += 1;
      else if (closing.includes(char)) closing = null;
      continue;
    }
    if (depth === 0 && /[\s\u3000]/.test(char)) {
      if (start >= 0) out.push([start, i]);
      start = -1;
      continue;
    }
    const first = start < 0 || /^[-－]$/.test(text.slice(start, i));
    if (start < 0) start = i;
    if (QUOTES.includes(char)) closing = QUOTES;
    else if (char === '/' && first) closing = '/';
    else if (OPEN.includes(char)) depth += 1;
    else if (CLOSE.includes(char)) depth = Math.max(0, depth - 1);
  }
  if (start >= 0) out.push([start, text.length]);
  return out;
}

function valuesOf(test: string): string[] | null {
  const group = /^[(（](.*)[)）]$/s.exec(test);
  const parts = group === null ? [test] : topLevel(group[1]).map(([start, end]) => group[1].slice(start, end));
  const values: string[] = [];
  for (const part of parts) {
    if (part === 'OR') continue;
    const quoted = /^["“”]((?:[^"“”\\]|\\.)*)["“”]$/s.exec(part);
    if (quoted !== null) values.push(quoted[1].replace(/\\(.)/gs, '$1'));
    else if (/^[<>=~＜＞＝]|[*＊"“”()（）]/.test(part) || part === '') return null;
    else values.push(part.replace(/\\(.)/gs, '$1'));
  }
  return values.length === 0 ? null : values;
}
