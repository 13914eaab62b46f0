import type { Query } from '../../model/query/tree.ts';

/** Finds what the query matched in a line: ascending, not overlapping UTF-16 ranges. */
export type HitFinder = (text: string) => [number, number][];

const WORD = '[\\p{L}\\p{N}\\p{M}_]';
const SINGLE = '[\\p{Script=Han}\\p{Script=Hiragana}]';
const RUN = `[[\\p{L}\\p{N}\\p{M}_]--[\\p{Script=Han}\\p{Script=Hiragana}]]`;
const TOKENS = /[\p{Script=Han}\p{Script=Hiragana}]|[[\p{L}\p{N}\p{M}_]--[\p{Script=Han}\p{Script=Hiragana}]]+/gv;
/** Beyond this a line is not searched for marks: a mark there would not be seen, and the page must stay quick. */
const SEARCHED = 20_000;

/** Positive texts of a query as one finder; negated parts and fields leave no mark. */
export function hitFinder(query: Query | null): HitFinder {
  const sources = query === null ? [] : sourcesOf(query).slice(0, 50);
  if (sources.length === 0) return () => [];
  const patterns = sources.map((source) => new RegExp(source, 'giv'));
  return (text) => {
    const folded = fold(text.length > SEARCHED ? text.slice(0, SEARCHED) : text);
    const found: [number, number][] = [];
    for (const pattern of patterns) {
      for (const match of folded.matchAll(pattern)) {
        if (match[0] !== '') found.push([match.index, match.index + match[0].length]);
        if (found.length > 500) break;
      }
    }
    return merge(found);
  };
}

function sourcesOf(query: Query): string[] {
  switch (query.type) {
    case 'and':
    case 'or':
      return query.items.flatMap(sourcesOf);
    case 'phrase':
      return [phraseSource(query.text, query.prefix)];
    case 'substring':
      return [literal(fold(query.text))];
    case 'regexp':
      return regexpSource(query.pattern);
    default:
      return [];
  }
}

function phraseSource(text: string, prefix: boolean): string {
  const tokens = fold(text).match(TOKENS);
  if (tokens === null) return literal(fold(text));
  const single = (token: string) => new RegExp(`^${SINGLE}$`, 'v').test(token);
  let source = single(tokens[0]) ? '' : `(?<!${RUN})`;
  tokens.forEach((token, index) => {
    const touching = index > 0 && (single(token) || single(tokens[index - 1]));
    if (index > 0) source += `[^${WORD.slice(1, -1)}]${touching ? '*' : '+'}`;
    source += literal(token);
  });
  return single(tokens[tokens.length - 1]) || prefix ? source : `${source}(?!${RUN})`;
}

/** RE2 runs in the store; the browser's engine backtracks, so only patterns that cannot run away are marked: one open repetition at most. */
function regexpSource(pattern: string): string[] {
  if (
    pattern.length > 200 ||
    (pattern.match(/[*+]|\{\d+,\d*\}/g) ?? []).length > 1 ||
    /\)[*+{?]|\(\?|\\[pPQ]/.test(pattern)
  )
    return [];
  try {
    new RegExp(pattern, 'giv');
    return [`(?:${pattern})`];
  } catch {
    return [];
  }
}

/** Full-width ASCII to ASCII, one unit for one unit, so that offsets stay. */
function fold(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0));
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/&\-!#%,:;<=>@`~"']/g, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

function merge(found: [number, number][]): [number, number][] {
  found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const out: [number, number][] = [];
  for (const [start, end] of found) {
    const last = out.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}
