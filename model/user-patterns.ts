import { RE2JS } from 're2js';
import { FleetlogError } from './errors.ts';

/** Compiles a user's RE2 pattern (linear time whatever the text); throws `bad_config` naming the key it stands in. */
export function compilePattern(pattern: string, key: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot use pattern ${JSON.stringify(pattern)} of ${key}`, {
      cause,
      hint: `RE2 syntax without look-around and back-references: ${(cause as Error).message}`,
    });
  }
}

const SPECIAL = /[\\^$.|?*+()[\]{}]/;

/**
 * The longest run of plain characters that every match of `pattern` must hold, or '' when none can be read off (alternatives,
 * flags). A search for it in native code spares most lines the pattern.
 */
export function requiredLiteral(pattern: string): string {
  if (/\||\(\?/.test(pattern)) return '';
  let best = '';
  let current = '';
  let depth = 0;
  const end = (): void => {
    if (current.length > best.length) best = current;
    current = '';
  };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (c === '\\') {
      const next = pattern[++i] ?? '';
      if (!SPECIAL.test(next)) {
        end();
        // Classes and numbers such as \d, \pL, \x41: give up what follows.
        if (/[pPxQ]/.test(next)) return best;
        continue;
      }
      if (depth === 0 && !quantified(pattern, i + 1)) current += next;
      else end();
    } else if (c === '[') {
      end();
      const close = pattern.indexOf(']', i + 2);
      if (close < 0) return best;
      i = close;
    } else if (c === '(') {
      end();
      depth++;
    } else if (c === ')') {
      end();
      depth--;
    } else if (c === '{') {
      end();
      const close = pattern.indexOf('}', i);
      if (close < 0) return best;
      i = close;
    } else if (SPECIAL.test(c)) end();
    else if (depth === 0 && !quantified(pattern, i + 1)) current += c;
    else end();
  }
  end();
  return best;
}

const quantified = (pattern: string, at: number): boolean => /[?*{]/.test(pattern[at] ?? '');
