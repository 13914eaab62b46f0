/** Reads the fields of a JSON-object line without building objects: values keep the text they were written with. */

const DEEPEST = 32;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
};

interface Reader {
  text: string;
  at: number;
  take: (key: string, value: string) => void;
}

/**
 * Calls `take` for each leaf of the JSON object that the text is, nested keys joined by dots: strings decoded, numbers, `true`, `false`
 * and arrays as written, `null` left out. False when the text is no JSON object from its first to its last character; what was taken
 * until then must be dropped. Raw control characters in strings (joined lines) are let through; arrays are only balanced.
 */
export function readJsonFields(text: string, take: (key: string, value: string) => void): boolean {
  const reader: Reader = { text, at: 0, take };
  space(reader);
  if (text[reader.at] !== '{' || !readObject(reader, '', 0)) return false;
  space(reader);
  return reader.at === text.length;
}

function space(reader: Reader): void {
  for (;;) {
    const unit = reader.text.charCodeAt(reader.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    reader.at++;
  }
}

function readObject(reader: Reader, prefix: string, depth: number): boolean {
  const { text } = reader;
  const start = reader.at++;
  space(reader);
  if (text[reader.at] === '}') {
    reader.at++;
    if (depth > 0) reader.take(prefix, text.slice(start, reader.at));
    return true;
  }
  for (;;) {
    const key = readString(reader);
    if (key === null) return false;
    space(reader);
    if (text[reader.at++] !== ':') return false;
    space(reader);
    if (!readValue(reader, depth === 0 ? key : `${prefix}.${key}`, depth)) return false;
    space(reader);
    const next = text[reader.at++];
    if (next === '}') return true;
    if (next !== ',') return false;
    space(reader);
  }
}

function readValue(reader: Reader, key: string, depth: number): boolean {
  const { text, at } = reader;
  const first = text[at];
  if (first === '"') {
    const value = readString(reader);
    if (value === null) return false;
    reader.take(key, value);
    return true;
  }
  if (first === '{' && depth < DEEPEST) return readObject(reader, key, depth + 1);
  if (first === '{' || first === '[') {
    if (!skipNested(reader)) return false;
    reader.take(key, text.slice(at, reader.at));
    return true;
  }
  for (const word of ['true', 'false', 'null']) {
    if (!text.startsWith(word, at)) continue;
    reader.at += word.length;
    if (word !== 'null') reader.take(key, word);
    return true;
  }
  NUMBER.lastIndex = at;
  const number = NUMBER.exec(text);
  if (number === null) return false;
  reader.at += number[0].length;
  reader.take(key, number[0]);
  return true;
}

/** Where the string that opens at `open` is closed, or -1. */
function stringEnd(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close > 0) {
    let slashes = close;
    while (text.charCodeAt(slashes - 1) === 0x5c) slashes--;
    if ((close - slashes) % 2 === 0) return close;
    close = text.indexOf('"', close + 1);
  }
  return -1;
}

function readString(reader: Reader): string | null {
  const { text, at } = reader;
  if (text[at] !== '"') return null;
  const close = stringEnd(text, at);
  if (close < 0) return null;
  reader.at = close + 1;
  const raw = text.slice(at + 1, close);
  return raw.includes('\\') ? decodeEscapes(raw) : raw;
}

function decodeEscapes(raw: string): string | null {
  let valid = true;
  const text = raw.replace(/\\(?:u([0-9A-Fa-f]{4})|([\s\S]))/g, (_, hex: string | undefined, char: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (Object.hasOwn(ESCAPES, char)) return ESCAPES[char];
    valid = false;
    return '';
  });
  return valid ? text.toWellFormed() : null;
}

/** Skips an array or object by its brackets and strings, whatever its depth. */
function skipNested(reader: Reader): boolean {
  const { text } = reader;
  const open: string[] = [];
  while (reader.at < text.length) {
    const char = text[reader.at];
    if (char === '"') {
      const close = stringEnd(text, reader.at);
      if (close < 0) return false;
      reader.at = close;
    } else if (char === '[' || char === '{') open.push(char === '[' ? ']' : '}');
    else if ((char === ']' || char === '}') && open.pop() !== char) return false;
    reader.at++;
    if (open.length === 0) return true;
  }
  return false;
}
