import { RE2JS } from 're2js';
import { regexpNeeds, requiredLiterals } from './regexp-needs.ts';
import { refuse } from './syntax.ts';
import { lowerText } from './tokenize.ts';

export interface Regexp {
  /** True when the pattern matches somewhere in the text. */
  test(text: string): boolean;
  /** Lower-cased literals that every matching text contains, possibly none (`lowerText` of the text, `ſ` taken as `s`). */
  literals: string[];
}

const HINT = 'Patterns are RE2: no look-around, no back-references. Quote the text to search for it as written.';

/**
 * An RE2 pattern on re2js, in linear time: case-insensitive unless the pattern says `(?-i)`; `.` stops at `\n`, `^` and `$` are the
 * whole text's. `at` is where the pattern stands in a query, for the position of the `bad_query` thrown when it cannot be read.
 */
export function compileRegexp(pattern: string, at = 0): Regexp {
  const program = compile(pattern, at);
  const literals = requiredLiterals(regexpNeeds(pattern));
  const has = (text: string): boolean => {
    const lower = lowerText(text);
    return literals.every((literal) => lower.includes(literal)) || text.includes('ſ');
  };
  return { literals, test: (text) => has(text) && program.test(text) };
}

function compile(pattern: string, at: number): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    const { error: reason, input } = error as { error?: string; input?: string | null };
    const place = typeof input === 'string' ? pattern.indexOf(input) : -1;
    const start = at + Math.max(place, 0);
    const end = place < 0 ? at + pattern.length : start + (input as string).length;
    return refuse(`the regular expression is wrong: ${reason ?? (error as Error).message}`, start, end, HINT);
  }
}
