/** What every text that a pattern matches must contain, as lower-cased literals; `any` promises nothing. */
export type Need =
  | { type: 'any' }
  | { type: 'literal'; text: string }
  | { type: 'and'; items: Need[] }
  | { type: 'or'; items: Need[] };

const ANY: Need = { type: 'any' };
const REPEAT = /\{(\d+)(?:,\d*)?\}/y;
/** Perl classes and assertions of RE2 that stand for no fixed text. */
const NO_TEXT = 'dDwWsSbBAz';
const CONTROL: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07' };

interface Reader {
  pattern: string;
  at: number;
}

/** Raised inside on syntax this reader does not know; the pattern then needs `any`. */
class Unknown extends Error {}

/**
 * Reads a valid RE2 pattern as far as its literals. Only letters that case folding leaves among ASCII, and characters without
 * case, count as text: the result holds for case-insensitive matching, when `ſ` in the text is taken as `s`.
 */
export function regexpNeeds(pattern: string): Need {
  try {
    const reader: Reader = { pattern, at: 0 };
    const need = readAlternatives(reader);
    return reader.at === pattern.length ? need : ANY;
  } catch (error) {
    if (error instanceof Unknown) return ANY;
    throw error;
  }
}

/** The literals that must all be there. */
export function requiredLiterals(need: Need): string[] {
  if (need.type === 'literal') return [need.text];
  return need.type === 'and' ? need.items.flatMap(requiredLiterals) : [];
}

function readAlternatives(reader: Reader): Need {
  const branches = [readSequence(reader)];
  while (reader.pattern[reader.at] === '|') {
    reader.at++;
    branches.push(readSequence(reader));
  }
  if (branches.length === 1) return branches[0];
  return branches.some((branch) => branch.type === 'any') ? ANY : { type: 'or', items: branches };
}

/** One atom: its text when it is a fixed character, else what it needs. */
type Atom = { text: string } | { need: Need };

function readSequence(reader: Reader): Need {
  const items: Need[] = [];
  let run = '';
  const flush = (next: string): void => {
    if (run !== '') items.push({ type: 'literal', text: run });
    run = next;
  };
  while (reader.at < reader.pattern.length && !'|)'.includes(reader.pattern[reader.at])) {
    const atoms = readAtoms(reader);
    const least = readRepeat(reader);
    atoms.forEach((atom, i) => {
      const times = i === atoms.length - 1 ? least : null;
      if ('need' in atom) {
        flush('');
        if (times !== 0 && atom.need.type !== 'any') items.push(atom.need);
      } else if (times === null) run += atom.text;
      else if (times === 0) flush('');
      else {
        run += atom.text;
        flush(atom.text);
      }
    });
  }
  flush('');
  return items.length === 0 ? ANY : items.length === 1 ? items[0] : { type: 'and', items };
}

/** The least number of times of the quantifier here, or null when there is none. */
function readRepeat(reader: Reader): number | null {
  let least: number | null = null;
  for (;;) {
    const char = reader.pattern[reader.at];
    let times: number;
    if (char === '*' || char === '?') times = 0;
    else if (char === '+') times = 1;
    else {
      REPEAT.lastIndex = reader.at;
      const match = char === '{' ? REPEAT.exec(reader.pattern) : null;
      if (match === null) return least;
      times = Math.min(1, Number(match[1]));
      reader.at += match[0].length - 1;
    }
    reader.at++;
    least = least === null ? times : Math.min(least, times);
    if (reader.pattern[reader.at] === '?') reader.at++;
  }
}

function fixed(char: string): Atom {
  const plain = char < '\x80' || (char.toLowerCase() === char && char.toUpperCase() === char);
  return plain ? { text: char.toLowerCase() } : { need: ANY };
}

function readAtoms(reader: Reader): Atom[] {
  const { pattern } = reader;
  const char = String.fromCodePoint(pattern.codePointAt(reader.at) as number);
  if (char === '\\') return readEscape(reader);
  if (char === '(') return [readGroup(reader)];
  if (char === '[') return [readClass(reader)];
  reader.at += char.length;
  return ['.^$'.includes(char) ? { need: ANY } : fixed(char)];
}

function readEscape(reader: Reader): Atom[] {
  const { pattern } = reader;
  const char = pattern[reader.at + 1];
  reader.at += 2;
  if (char === 'Q') {
    const end = pattern.indexOf('\\E', reader.at);
    const text = pattern.slice(reader.at, end < 0 ? pattern.length : end);
    reader.at = end < 0 ? pattern.length : end + 2;
    return text === '' ? [{ need: ANY }] : [...text].map(fixed);
  }
  if (char === 'p' || char === 'P') {
    const close = pattern[reader.at] === '{' ? pattern.indexOf('}', reader.at) : reader.at;
    reader.at = close + 1;
    return [{ need: ANY }];
  }
  if (NO_TEXT.includes(char)) return [{ need: ANY }];
  if (Object.hasOwn(CONTROL, char)) return [{ text: CONTROL[char] }];
  if (/[A-Za-z0-9_]/.test(char) || char > '\x7f') throw new Unknown();
  return [{ text: char }];
}

function readGroup(reader: Reader): Atom {
  const { pattern } = reader;
  reader.at++;
  if (pattern[reader.at] === '?') {
    const head = /\?(?:P?<\w+>|[imsU]*(?:-[imsU]+)?[:)])/y;
    head.lastIndex = reader.at;
    const match = head.exec(pattern);
    if (match === null) throw new Unknown();
    reader.at += match[0].length;
    if (match[0].endsWith(')')) return { need: ANY };
  }
  const need = readAlternatives(reader);
  if (pattern[reader.at] !== ')') throw new Unknown();
  reader.at++;
  return { need };
}

/** A class stands for no fixed text, unless it holds one plain character: `[.]`. */
function readClass(reader: Reader): Atom {
  const { pattern } = reader;
  const single = /\[([^\\^[\]])\]/y;
  single.lastIndex = reader.at;
  const match = single.exec(pattern);
  if (match !== null) {
    reader.at += match[0].length;
    return fixed(match[1]);
  }
  let i = reader.at + 1;
  if (pattern[i] === '^') i++;
  if (pattern[i] === ']') i++;
  while (i < pattern.length && pattern[i] !== ']') {
    if (pattern[i] === '\\') i++;
    else if (pattern.startsWith('[:', i)) {
      const close = pattern.indexOf(':]', i + 2);
      if (close > 0) i = close + 1;
    }
    i++;
  }
  reader.at = i + 1;
  return { need: ANY };
}
