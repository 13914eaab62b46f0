/** Names of the built-in rules, as they stand in masks and counts. */
export const SECRET_RULES = ['private_key', 'aws_key', 'github_token', 'jwt', 'password'] as const;

/** What a built-in rule found: bytes [start, end) are the secret. */
export interface Secret {
  rule: (typeof SECRET_RULES)[number];
  start: number;
  end: number;
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isUpper = (c: number): boolean => c >= 65 && c <= 90;
const isLetter = (c: number): boolean => (c | 0x20) >= 97 && (c | 0x20) <= 122;
const isWord = (c: number): boolean => isDigit(c) || isLetter(c) || c === 95;
const isBase64Url = (c: number): boolean => isWord(c) || c === 45;

/** End of the run of bytes from `p` that `is` accepts, before `end`. */
function run(b: Uint8Array, p: number, end: number, is: (c: number) => boolean): number {
  let q = p;
  while (q < end && is(b[q])) q++;
  return q;
}

/** True when the lower-case `word` stands at `p` in any case. */
function stands(b: Uint8Array, p: number, end: number, word: string): boolean {
  if (p + word.length > end) return false;
  for (let i = 0; i < word.length; i++) {
    const c = word.charCodeAt(i);
    if ((c >= 97 && c <= 122 ? b[p + i] | 0x20 : b[p + i]) !== c) return false;
  }
  return true;
}

function exact(b: Uint8Array, p: number, end: number, text: string): boolean {
  if (p + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (b[p + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Longest quoted value; beyond it the value ends at the next delimiter. */
const QUOTED_BYTES = 8_192;
const DELIMITERS = new Uint8Array(256);
for (const c of ' \t\r\n,;&"\'})]<>|') DELIMITERS[c.charCodeAt(0)] = 1;

/** A value from `p`: quoted (also with escaped quotes, as in JSON inside JSON) or up to a delimiter. */
function value(b: Uint8Array, p: number, end: number): { start: number; end: number } {
  let start = p;
  while (start < end && b[start] === 92) start++;
  const slashes = start - p;
  const quote = b[start];
  if (start < end && (quote === 34 || quote === 39)) {
    start++;
    const limit = Math.min(end, start + QUOTED_BYTES);
    let escapes = 0;
    for (let q = start; q < limit; q++) {
      if (b[q] === 92) escapes++;
      else {
        if (b[q] === quote && escapes <= slashes) return { start, end: q - escapes };
        if (b[q] === 10) break;
        escapes = 0;
      }
    }
  } else start = p;
  let q = start;
  while (q < end && DELIMITERS[b[q]] === 0) q++;
  if (slashes > 0 && q > start && b[q] === quote) while (q > start && b[q - 1] === 92) q--;
  return { start, end: q };
}

const SCHEMES = ['basic', 'bearer', 'digest', 'token', 'apikey', 'negotiate', 'ntlm', 'hawk'];

/** Already masked, or no value at all. */
function harmless(b: Uint8Array, start: number, end: number): boolean {
  if (end <= start) return true;
  if (run(b, start, end, (c) => c === 42) === end) return true;
  if (end - start === 4 && stands(b, start, end, 'null')) return true;
  return exact(b, start, end, '[redacted');
}

/** `word`, then an optional (escaped) quote, spaces, `=` or `:` (full width too), then its value. */
function keyed(b: Uint8Array, at: number, end: number, word: string): Secret | null {
  let p = run(b, at + word.length, end, (c) => c === 92);
  if (b[p] === 34 || b[p] === 39) p++;
  p = run(b, p, end, (c) => c === 32);
  if (p >= end) return null;
  if (b[p] === 61 || b[p] === 58) p++;
  else if (b[p] === 0xef && b[p + 1] === 0xbc && (b[p + 2] === 0x9a || b[p + 2] === 0x9d)) p += 3;
  else return null;
  p = run(b, p, end, (c) => c === 32);
  let found = value(b, p, end);
  if (word === 'authorization') {
    const from = found.start;
    for (const scheme of SCHEMES) {
      if (!stands(b, from, end, scheme) || b[from + scheme.length] !== 32) continue;
      const token = run(b, from + scheme.length, end, (c) => c === 32);
      // A quoted header holds the whole value already.
      found = found.end > token ? { start: token, end: found.end } : value(b, token, end);
      break;
    }
  }
  return harmless(b, found.start, found.end) ? null : { rule: 'password', start: found.start, end: found.end };
}

const PEM_BEGIN = '-----BEGIN ';

function privateKey(b: Buffer, at: number, start: number, end: number): Secret | null {
  let head = at;
  const least = Math.max(start, at - 40);
  while (head >= least && !exact(b, head, end, PEM_BEGIN)) head--;
  if (head < least || !exact(b, at, end, 'PRIVATE KEY-----')) return null;
  return { rule: 'private_key', start: head, end: pemEnd(b, at, end) };
}

/** Behind the `-----END …-----` line, or `end`: half a key is as secret as a whole one. */
export function pemEnd(b: Buffer, from: number, end: number): number {
  const at = b.subarray(from, end).indexOf('-----END ');
  if (at < 0) return end;
  const close = b.subarray(from + at + 9, Math.min(end, from + at + 60)).indexOf('-----');
  return close < 0 ? end : from + at + 9 + close + 5;
}

function jwt(b: Uint8Array, at: number, end: number): Secret | null {
  const first = run(b, at, end, isBase64Url);
  if (first - at < 10 || first >= end || b[first] !== 46 || !exact(b, first + 1, end, 'ey')) return null;
  const second = run(b, first + 1, end, isBase64Url);
  if (second - first < 10 || second >= end || b[second] !== 46) return null;
  return { rule: 'jwt', start: at, end: run(b, second + 1, end, isBase64Url) };
}

/** Judges the place `at` inside the record [start, end); null when no secret begins there. */
export function secretAt(b: Buffer, at: number, start: number, end: number): Secret | null {
  const before = at > start ? b[at - 1] : 32;
  switch (b[at] | 0x20) {
    case 112: // p
      if (stands(b, at, end, 'password')) return keyed(b, at, end, 'password');
      if (stands(b, at, end, 'passwd')) return keyed(b, at, end, 'passwd');
      if (b[at] === 80 && stands(b, at, end, 'private key')) return privateKey(b, at, start, end);
      return null;
    case 115: // s
      return stands(b, at, end, 'secret') ? keyed(b, at, end, 'secret') : null;
    case 97: // a
      if (stands(b, at, end, 'authorization')) return keyed(b, at, end, 'authorization');
      if ((exact(b, at, end, 'AKIA') || exact(b, at, end, 'ASIA')) && !isWord(before)) {
        const to = run(b, at, end, (c) => isUpper(c) || isDigit(c));
        return to - at === 20 && (to === end || !isWord(b[to])) ? { rule: 'aws_key', start: at, end: to } : null;
      }
      return null;
    case 103: // g
      if (isWord(before) || b[at] !== 103) return null;
      if (b[at + 1] === 104 && b[at + 3] === 95 && 'pousr'.includes(String.fromCharCode(b[at + 2]))) {
        const to = run(b, at + 4, end, isWord);
        return to - at >= 40 ? { rule: 'github_token', start: at, end: to } : null;
      }
      if (exact(b, at, end, 'github_pat_')) {
        const to = run(b, at, end, isWord);
        return to - at >= 33 ? { rule: 'github_token', start: at, end: to } : null;
      }
      return null;
    case 101: // e
      return exact(b, at, end, 'eyJ') && !isWord(before) ? jwt(b, at, end) : null;
    default:
      return null;
  }
}
