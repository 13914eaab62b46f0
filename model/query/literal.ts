import { isSpace, refuse } from './syntax.ts';

/** A piece of text read from a query and where it ended. */
export interface Literal {
  text: string;
  end: number;
}

/**
 * Reads the quoted text that opens at `at`. `\"` and `\\` are escapes, any other backslash is itself (so a pasted Windows path
 * stays whole). A curly opening quote is closed by any quote, an ASCII one by `"` only, so that text in curly quotes can be quoted.
 */
export function readQuoted(text: string, at: number): Literal {
  return (
    findQuoted(text, at) ??
    refuse('a quote is opened and not closed', at, text.length, 'Close it with ", or remove it.')
  );
}

/** Where the quoted text that opens at `at` ends, or 0 when it is not closed. */
export function quotedEnd(text: string, at: number): number {
  return findQuoted(text, at)?.end ?? 0;
}

function findQuoted(text: string, at: number): Literal | null {
  return readUntil(text, at + 1, text[at] === '"' ? ['"'] : ['”', '“', '"']);
}

function readUntil(text: string, from: number, marks: string[]): Literal | null {
  let out = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (marks.includes(char)) return { text: out, end: i + 1 };
    if (char === '\\' && i + 1 < text.length && '"\\”“'.includes(text[i + 1])) out += text[++i];
    else out += char;
  }
  return null;
}

/** Writes a text so that `readQuoted` gives it back. */
export function quote(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const next = text[i + 1];
    const escapes = char === '"' || (char === '\\' && (next === undefined || '"\\”“'.includes(next)));
    out += escapes ? `\\${char}` : char;
  }
  return `${out}"`;
}

/**
 * Reads a `/re/` literal at `at`, or null when what stands there is text: a path (`/api/v1`), a lone slash, a comment.
 * A literal is closed by the first `/` that is neither escaped nor in a class, directly before a space, `)` or the end, and neither
 * begins nor ends with a space. `\/` gives `/`.
 */
export function readRegexp(text: string, flat: string, at: number): Literal | null {
  if (flat[at] !== '/' || at + 1 >= text.length || isSpace(flat[at + 1])) return null;
  let pattern = '';
  let inClass = false;
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '\\' && i + 1 < text.length) {
      i++;
      pattern += text[i] === '/' ? '/' : `\\${text[i]}`;
      continue;
    }
    if (char === '/' && !inClass) {
      const next = flat[i + 1];
      const closed = next === undefined || isSpace(next) || next === ')';
      return closed && pattern !== '' && !isSpace(text[i - 1]) ? { text: pattern, end: i + 1 } : null;
    }
    if (inClass) inClass = char !== ']';
    else if (char === '[') {
      inClass = true;
      if (text[i + 1] === '^') pattern += text[i++];
      if (text[i + 1] === ']') {
        pattern += text[i++];
      }
    }
    pattern += text[i];
  }
  return null;
}

/** Writes a pattern as a `/re/` literal. */
export function regexpLiteral(pattern: string): string {
  const bare = pattern !== '' && !isSpace(pattern[0]) && !isSpace(pattern[pattern.length - 1]);
  let out = '';
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '\\' && i + 1 < pattern.length) out += pattern[i] + pattern[++i];
    else out += pattern[i] === '/' ? '\\/' : pattern[i];
  }
  return bare ? `/${out}/` : `/(?:${out})/`;
}
