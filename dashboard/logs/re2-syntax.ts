/**
 * Stands in for re2js in the page, where RE2 itself would be a fifth of the script: the page never matches by it, it only wants to say early
 * that an expression cannot be read. Whatever it lets pass the server still judges, with the place of the mistake.
 */
export class RE2JS {
  static readonly CASE_INSENSITIVE = 1;

  /** Throws as re2js does for what RE2 surely refuses. */
  static compile(pattern: string, _flags?: number): RE2JS {
    const bare = withoutQuotes(pattern);
    const foreign = /\((?=\?<?[=!])|\\[1-9]/.exec(bare.replace(/\\\\/g, '  '));
    if (foreign !== null)
      throw refusal(foreign[0] === '(' ? 'invalid perl operator' : 'invalid escape sequence', pattern);
    try {
      new RegExp(asScript(bare));
    } catch (error) {
      throw refusal(
        (error as Error).message.replace(/^Invalid regular expression: \/[\s\S]*\/\w*: /, '').toLowerCase(),
        pattern,
      );
    }
    return new RE2JS();
  }

  test(_text: string): boolean {
    return false;
  }
}

function refusal(error: string, input: string): Error {
  return Object.assign(new Error(error), { error, input });
}

/** `\Q…\E` is text. */
function withoutQuotes(pattern: string): string {
  return pattern.replace(/\\Q[\s\S]*?(?:\\E|$)/g, 'q');
}

/** The syntax RE2 has beyond that of scripts, as something of the same shape. */
function asScript(pattern: string): string {
  return pattern
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?[imsU-]+\)/g, '')
    .replace(/\(\?[imsU-]+:/g, '(?:')
    .replace(/\[\[:\^?\w+:\]/g, '[a')
    .replace(/\[:\^?\w+:\]/g, 'a')
    .replace(/([*+?}])\+/g, '$1');
}
