import type { Mark } from './mark.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b|[{}[\],]/g;

/** True when the whole text looks like a JSON object: worth colouring and printing. */
export function looksJson(text: string): boolean {
  const start = text.trimStart();
  return start.startsWith('{') && text.trimEnd().endsWith('}');
}

/** Colours for keys, strings, numbers and constants; positions only, the text is never rewritten. */
export function jsonMarks(text: string): Mark[] {
  const marks: Mark[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const found = match[0];
    const start = match.index;
    const colon = match[1]?.length ?? 0;
    const first = found[0];
    const tone =
      first === '"'
        ? colon > 0
          ? 'key'
          : 'string'
        : /[{}[\],]/.test(first)
          ? 'quiet'
          : /[tfn]/.test(first)
            ? 'boolean'
            : 'number';
    marks.push({ start, end: start + found.length - colon, tone });
  }
  return marks;
}

/** Indented by two spaces without parsing numbers (a 64-bit id keeps its digits); null when it is no JSON object. */
export function prettyJson(text: string): string | null {
  if (!looksJson(text) || text.length > 200_000) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = '';
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const token = match[0];
    if (token === '{' || token === '[') {
      depth += 1;
      out += `${token}\n${'  '.repeat(depth)}`;
    } else if (token === '}' || token === ']') {
      depth -= 1;
      out =
        out.endsWith(
          `${'[{'.includes(out.trimEnd().at(-1)!) ? out.trimEnd().at(-1) : ''}\n${'  '.repeat(depth + 1)}`,
        ) && '[{'.includes(out.trimEnd().at(-1)!)
          ? out.trimEnd() + token
          : `${out}\n${'  '.repeat(depth)}${token}`;
    } else if (token === ',') out += `,\n${'  '.repeat(depth)}`;
    else out += token === ':' ? ': ' : token;
  }
  return out;
}
