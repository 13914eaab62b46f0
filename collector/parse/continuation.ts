/**
 * Which lines belong to the record before them: traces of Java, .NET, Node, Python and Go, and PEM blocks (joined so that a key
 * logged line by line can be redacted as one). A pure function of the lines, so that a re-read joins alike.
 */
export const KIND = { PLAIN: 0, TRACE: 1, PYTHON: 2, PYTHON_DONE: 3, GO: 4, PEM: 5, PEM_DONE: 6 } as const;

/** The line starts a record of its own. */
export const STARTS = -1;

export interface JoinRules {
  /** Kind of a record that begins with this line. */
  begin(b: Buffer, start: number, end: number): number;
  /** The record's new kind when the line goes on with a record of `kind`, else STARTS. `severe` says whether the record warns. */
  join(b: Buffer, start: number, end: number, kind: number, severe: () => boolean): number;
  /** Blank lines inside such a record belong to it if more of it follows. */
  spansBlanks(kind: number): boolean;
  /** Every record may go on for long, so each is held for the full wait. */
  holdsAll: boolean;
}

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const CAUSED_BY = ascii('Caused by:');
const SUPPRESSED = ascii('Suppressed:');
const TRACEBACK = ascii('Traceback (most recent call last):');
const DURING = ascii('During handling of the above exception');
const DIRECT = ascii('The above exception was the direct cause');
const END_OF = ascii('--- End of');
const MORE = ascii('... ');
const GOROUTINE = ascii('goroutine ');
const PANIC = ascii('panic: ');
const FATAL_ERROR = ascii('fatal error: ');
const SIGNAL = ascii('[signal ');
const CREATED_BY = ascii('created by ');
const EXIT_STATUS = ascii('exit status ');
const ELIDED = ascii('...additional frames elided');
const PRIVATE_KEY = ascii('PRIVATE KEY-----');
const BEGIN = ascii('-----BEGIN ');
const DASHES = ascii('-----');

function starts(b: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (b[start + i] !== text[i]) return false;
  return true;
}

const WORD = new Uint8Array(256);
for (const c of ascii('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$.')) WORD[c] = 1;
const BASE64 = new Uint8Array(256);
for (const c of ascii('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=-_')) BASE64[c] = 1;

const ENDINGS = ['Exception', 'Error', 'Throwable', 'Failure', 'Fault', 'Warning', 'Exit', 'Interrupt'].map(ascii);

function endsWith(b: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start >= text.length && starts(b, end - text.length, end, text);
}

/**
 * Length of the exception name a line begins with (`java.lang.IllegalStateException: …`), or 0. `dotted` asks for a package; Python's
 * and Node's builtin errors have none.
 */
function exceptionName(b: Uint8Array, start: number, end: number, dotted: boolean): number {
  let q = start;
  let dots = 0;
  while (q < end && WORD[b[q]] === 1) {
    if (b[q] === 46) dots++;
    q++;
  }
  if (q === start || (dotted && dots === 0)) return 0;
  // `name: message`, `name` alone, or Node's `name [CODE]: message`.
  if (q < end && b[q] !== 58 && b[q] !== 13 && !(b[q] === 32 && q + 1 < end && b[q + 1] === 91)) return 0;
  for (const ending of ENDINGS) if (endsWith(b, start, q, ending)) return q - start;
  return 0;
}

/** Python ends a traceback with `module.Name: message`, whatever the name, or the bare name. */
function pythonFinal(b: Uint8Array, start: number, end: number): boolean {
  let q = start;
  let last = start;
  while (q < end && WORD[b[q]] === 1) {
    if (b[q] === 46) last = q + 1;
    q++;
  }
  if (q === start) return false;
  if (q < end && !(b[q] === 58 && (q + 1 === end || b[q + 1] === 32))) return false;
  const c = b[last];
  return (c >= 65 && c <= 90) || exceptionName(b, start, end, false) > 0;
}

/** `main.run(0xc000, 0x1)` and `main.(*T).f(...)`: a frame of a goroutine. */
function goFrame(b: Uint8Array, start: number, end: number): boolean {
  if (b[end - 1] !== 41) return false;
  for (let q = start; q < end; q++) {
    if (b[q] === 40) return q > start;
    if (b[q] === 32) return false;
  }
  return false;
}

function pemLine(b: Uint8Array, from: number, end: number): number {
  let start = from;
  while (start < end && (b[start] === 32 || b[start] === 9)) start++;
  if (starts(b, start, end, DASHES)) return starts(b, start, end, BEGIN) ? STARTS : KIND.PEM_DONE;
  for (let q = start; q < end; q++) {
    if (BASE64[b[q]] === 1 || (b[q] === 13 && q === end - 1)) continue;
    // RFC 1421 headers: `Proc-Type: 4,ENCRYPTED`.
    return b[q] === 58 && q + 1 < end && b[q + 1] === 32 && q - start < 20 ? KIND.PEM : STARTS;
  }
  return KIND.PEM;
}

function opensPem(b: Uint8Array, start: number, end: number): boolean {
  const to = b[end - 1] === 13 ? end - 1 : end;
  return b[to - 1] === 45 && endsWith(b, start, to, PRIVATE_KEY) && !isEndLine(b, start);
}

const isEndLine = (b: Uint8Array, start: number): boolean =>
  b[start + 5] === 69 && b[start + 6] === 78 && b[start + 7] === 68;

function begin(b: Buffer, start: number, end: number): number {
  if (end > start && (b[end - 1] === 45 || b[end - 1] === 13) && opensPem(b, start, end)) return KIND.PEM;
  const c = b[start];
  if (c === 84 && starts(b, start, end, TRACEBACK)) return KIND.PYTHON;
  if (c === 103 && starts(b, start, end, GOROUTINE)) return KIND.GO;
  if (c === 112 && starts(b, start, end, PANIC)) return KIND.GO;
  if (c === 102 && starts(b, start, end, FATAL_ERROR)) return KIND.GO;
  return KIND.PLAIN;
}

function join(b: Buffer, start: number, end: number, kind: number, severe: () => boolean): number {
  const c = b[start];
  if (kind === KIND.PEM) {
    const next = pemLine(b, start, end);
    if (next !== STARTS) return next;
  }
  // Most lines of a log begin with a digit: a stamp.
  if (c >= 48 && c <= 57) return STARTS;
  if (c === 32 || c === 9) {
    if (b[end - 1] === 45 && opensPem(b, start, end)) return KIND.PEM;
    return kind === KIND.PLAIN || kind === KIND.PYTHON_DONE ? KIND.TRACE : kind;
  }
  if (kind === KIND.PYTHON && pythonFinal(b, start, end)) return KIND.PYTHON_DONE;
  if (kind === KIND.PYTHON_DONE && (starts(b, start, end, DURING) || starts(b, start, end, DIRECT)))
    return KIND.PYTHON_DONE;
  switch (c) {
    case 67: // C
      if (starts(b, start, end, CAUSED_BY)) return KIND.TRACE;
      break;
    case 83: // S
      if (starts(b, start, end, SUPPRESSED)) return KIND.TRACE;
      break;
    case 84: // T
      if (starts(b, start, end, TRACEBACK)) return kind === KIND.PYTHON_DONE || severe() ? KIND.PYTHON : STARTS;
      break;
    case 46: // .
      if (kind === KIND.TRACE && starts(b, start, end, MORE)) return KIND.TRACE;
      if (kind === KIND.GO && starts(b, start, end, ELIDED)) return KIND.GO;
      break;
    case 45: // -
      if (kind === KIND.TRACE && starts(b, start, end, END_OF)) return KIND.TRACE;
      break;
    case 125: // } closes the properties Node prints after a stack
      if (kind === KIND.TRACE && end - start === 1) return KIND.TRACE;
      break;
    case 103: // g
      if (starts(b, start, end, GOROUTINE)) return KIND.GO;
      break;
  }
  if (kind === KIND.GO) {
    if (c === 91 ? starts(b, start, end, SIGNAL) : goFrame(b, start, end)) return KIND.GO;
    if (starts(b, start, end, CREATED_BY) || starts(b, start, end, EXIT_STATUS)) return KIND.GO;
    if (starts(b, start, end, PANIC)) return KIND.GO;
  }
  if (exceptionName(b, start, end, kind !== KIND.TRACE) > 0) return KIND.TRACE;
  return STARTS;
}

export const traceRules: JoinRules = {
  begin,
  join,
  spansBlanks: (kind) => kind === KIND.GO || kind === KIND.PYTHON_DONE || kind === KIND.TRACE || kind === KIND.PEM,
  holdsAll: false,
};

/** Rules of one app's own start pattern: a line it does not find goes on with the record before. */
export function startPatternRules(isStart: (text: string) => boolean): JoinRules {
  return {
    begin,
    join(b, start, end, kind) {
      if (kind === KIND.PEM) {
        const next = pemLine(b, start, end);
        if (next !== STARTS) return next;
      }
      return isStart(b.toString('utf8', start, end)) ? STARTS : KIND.TRACE;
    },
    spansBlanks: () => true,
    holdsAll: true,
  };
}
