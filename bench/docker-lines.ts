import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** One line as the program in the container wrote it; parts are joined. */
export interface DockerLine {
  text: string;
  stream: string;
  /** RFC 3339 with nanoseconds, of its first part. */
  time: string;
}

interface Raw {
  log: string;
  stream: string;
  time: string;
}

/**
 * Reads a json-file log as plainly as can be: whole lines, `JSON.parse`, parts joined until one ends in a newline. Shares
 * nothing with the collector, so that it can judge it. A last line without its newline is not given.
 */
export function* dockerLines(path: string): Generator<DockerLine> {
  let open: DockerLine | null = null;
  for (const line of path.endsWith('.gz') ? splitLines([gunzipSync(readFileSync(path))]) : splitLines(chunks(path))) {
    const raw = JSON.parse(line) as Raw;
    const whole = raw.log.endsWith('\n');
    const text = whole ? raw.log.slice(0, -1) : raw.log;
    if (open) open.text += text;
    else open = { text, stream: raw.stream, time: raw.time };
    if (!whole) continue;
    yield open;
    open = null;
  }
}

/** The lines of a live log and what rotation left of it, oldest first. */
export function* rotatedLines(path: string): Generator<DockerLine> {
  let n = 0;
  while (existsSync(`${path}.${n + 1}`) || existsSync(`${path}.${n + 1}.gz`)) n++;
  for (; n >= 1; n--) yield* dockerLines(existsSync(`${path}.${n}`) ? `${path}.${n}` : `${path}.${n}.gz`);
  yield* dockerLines(path);
}

function* chunks(path: string): Generator<Buffer> {
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(1 << 20);
      const n = readSync(fd, chunk);
      if (n === 0) return;
      yield chunk.subarray(0, n);
    }
  } finally {
    closeSync(fd);
  }
}

/** Cuts bytes into lines; what follows the last newline is left out. */
export function* splitLines(source: Iterable<Uint8Array>): Generator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for (const piece of source) {
    const chunk =
      rest.length > 0 ? Buffer.concat([rest, piece]) : Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield chunk.toString('utf8', from, at);
      from = at + 1;
    }
    rest = chunk.subarray(from);
  }
}

/** The same for a stream that comes over the network. */
export async function* streamLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of source) {
    const chunk: Buffer = rest.length > 0 ? Buffer.concat([rest, piece]) : Buffer.from(piece);
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield chunk.toString('utf8', from, at);
      from = at + 1;
    }
    rest = chunk.subarray(from);
  }
  if (rest.length > 0) yield rest.toString('utf8');
}

/** '2026-11-21T10:24:57.961032438Z' → '2026-11-21T10:24:57.961032Z': nanoseconds round down, six decimals always. */
export function toMicros(time: string): string {
  const dot = time.indexOf('.');
  const fraction = dot < 0 ? '' : time.slice(dot + 1, -1);
  return `${time.slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}
