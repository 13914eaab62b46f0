import type { StreamLine } from '../discovery.ts';
import { createLineJoiner, type LineJoiner } from './line-joiner.ts';
import { microsFromRfc3339 } from './times.ts';

/** Docker's copier cuts lines into parts of exactly this many bytes, the last one shorter (moby `daemon/logger/copier.go`). */
const PART_BYTES = 16_384;
/** `2026-11-21T15:35:44.123456789Z `; the parts of one line repeat its stamp. */
const STAMP_BYTES = 31;
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /g;

/**
 * `GET /containers/{id}/logs` without a TTY: frames of `[stream, 0, 0, 0, u32 length BE]` and a payload that begins with a stamp
 * (Docker Engine API, "Attach to a container"). A line longer than 16 KiB is several frames, of which json-file ends the last with a
 * newline and the driver `local` none.
 */
export async function* readFrames(body: AsyncIterable<Buffer>, lineBytes: number): AsyncGenerator<StreamLine> {
  const outputs = { 1: createLineJoiner('stdout', lineBytes), 2: createLineJoiner('stderr', lineBytes) };
  let buffer: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    let at = 0;
    while (buffer.length - at >= 8) {
      const length = buffer.readUInt32BE(at + 4);
      if (buffer.length - at - 8 < length) break;
      const kind = buffer[at];
      const payload = buffer.subarray(at + 8, at + 8 + length);
      at += 8 + length;
      // 3 is the engine's own complaint in mid-stream; it is no line of the container.
      if (kind === 3) throw new Error(`docker says: ${payload.toString('utf8').trim()}`);
      yield* takePayload(kind === 2 ? outputs[2] : outputs[1], payload);
    }
    buffer = buffer.subarray(at);
  }
  yield* outputs[1].finish();
  yield* outputs[2].finish();
}

function* takePayload(output: LineJoiner, payload: Buffer): Generator<StreamLine> {
  const space = payload.indexOf(32);
  const stamp = space > 0 && space < 40 ? payload.toString('latin1', 0, space) : '';
  const stamped = microsFromRfc3339(stamp) !== null;
  // Another stamp is another line, whether or not the last part of the one before said that it was the last.
  if (stamped && output.stamp() !== stamp) {
    yield* output.finish();
    output.begin(stamp);
  }
  const text = stamped ? payload.subarray(space + 1) : payload;
  const ends = text.length > 0 && text[text.length - 1] === 10;
  output.add(ends ? text.subarray(0, -1) : text);
  if (ends || text.length < PART_BYTES) yield* output.finish();
}

/** The same of a container with a TTY: raw bytes without frames, all of it stdout; `\r\n` ends a line. */
export async function* readRaw(body: AsyncIterable<Buffer>, lineBytes: number): AsyncGenerator<StreamLine> {
  const output = createLineJoiner('stdout', lineBytes, true);
  let buffer: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (;;) {
      const step = nextStep(output, buffer, false);
      if (!step) break;
      buffer = buffer.subarray(step.used);
      if (step.ends) yield* output.finish();
    }
  }
  while (buffer.length > 0) {
    const step = nextStep(output, buffer, true) ?? addAll(output, buffer);
    buffer = buffer.subarray(step.used);
    if (step.ends) yield* output.finish();
  }
  yield* output.finish();
}

interface Step {
  used: number;
  ends: boolean;
}

function addAll(output: LineJoiner, buffer: Buffer): Step {
  output.add(buffer);
  return { used: buffer.length, ends: true };
}

/** Takes a stamp, a part or the rest of a line off the buffer; null when more bytes must come first. */
function nextStep(output: LineJoiner, buffer: Buffer, last: boolean): Step | null {
  if (buffer.length === 0) return null;
  const newline = buffer.indexOf(10);
  if (!output.open()) {
    const space = buffer.indexOf(32);
    // A stamp ends at the first blank; wait for it unless the line is over already.
    if (space < 0 && newline < 0 && buffer.length < STAMP_BYTES && !last) return null;
    const stamped = space > 0 && space < 40 && (newline < 0 || space < newline);
    output.begin(stamped ? buffer.toString('latin1', 0, space) : '');
    return { used: stamped ? space + 1 : 0, ends: false };
  }
  const end = newline < 0 ? buffer.length : newline;
  const room = PART_BYTES - (output.length() % PART_BYTES);
  if (output.length() >= PART_BYTES) {
    const next = nextStamp(buffer.toString('latin1', 0, Math.min(end, room + STAMP_BYTES)), output.stamp());
    if (next >= 0) {
      output.add(buffer.subarray(0, next));
      return { used: next, ends: true };
    }
  }
  if (end >= room && output.stamp() !== '') {
    // A part may end here, and then the line's stamp stands once more before the next.
    if (newline < 0 && buffer.length < room + STAMP_BYTES && !last) return null;
    output.add(buffer.subarray(0, room));
    const again = `${output.stamp()} `;
    const repeats = buffer.toString('latin1', room, room + again.length) === again;
    return { used: repeats ? room + again.length : room, ends: false };
  }
  if (newline < 0) return null;
  output.add(buffer.subarray(0, newline));
  return { used: newline + 1, ends: true };
}

/**
 * Where the next line's stamp stands in what looks like the rest of a line in parts: the driver `local` puts no newline after the last
 * part. Only later stamps of full width count, so a log that quotes a time is hardly mistaken for it.
 */
function nextStamp(text: string, stamp: string): number {
  for (const match of text.matchAll(STAMP)) if (match[0].slice(0, -1) > stamp) return match.index;
  return -1;
}
