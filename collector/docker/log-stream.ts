import type { StreamLine } from '../discovery.ts';
import { microsFromRfc3339 } from './times.ts';

/** Docker cuts lines at this many bytes; in a TTY stream the stamp of the next part follows without a newline. */
const PART_BYTES = 16_384;
/** `2026-11-21T15:35:44.123456789Z ` */
const STAMP_BYTES = 31;

interface Line {
  stamp: string;
  time: number;
  parts: Buffer[];
  bytes: number;
  cut: number;
}

/** Joins the parts of one output; yields whole lines. */
function createJoiner(stream: StreamLine['stream'], lineBytes: number) {
  let line: Line | null = null;
  let lastTime = 0;

  function finish(): StreamLine | null {
    if (!line) return null;
    const { time, parts, cut } = line;
    line = null;
    const whole: StreamLine = { stream, time, line: parts.length === 1 ? parts[0] : Buffer.concat(parts) };
    return cut > 0 ? { ...whole, cutBytes: cut } : whole;
  }

  /** The stamp opens a line, or repeats before a later part of it. */
  function stamp(text: string): void {
    lastTime = microsFromRfc3339(text) ?? lastTime;
    line ??= { stamp: text, time: lastTime, parts: [], bytes: 0, cut: 0 };
  }

  function add(bytes: Buffer): void {
    line ??= { stamp: '', time: lastTime, parts: [], bytes: 0, cut: 0 };
    const keep = bytes.subarray(0, Math.max(0, lineBytes - line.bytes));
    // A view would keep the whole network chunk alive for as long as the line waits.
    if (keep.length > 0) line.parts.push(Buffer.from(keep));
    line.bytes += keep.length;
    line.cut += bytes.length - keep.length;
  }

  return {
    stamp,
    add,
    finish,
    stampText: () => line?.stamp ?? '',
    open: () => line !== null,
    length: () => (line ? line.bytes + line.cut : 0),
  };
}

/**
 * `GET /containers/{id}/logs` without a TTY: frames of `[stream, 0, 0, 0, u32 length BE]` and a payload that begins with a stamp;
 * a payload without a newline at its end is a part of a longer line (Docker Engine API, "Attach to a container").
 */
export async function* readFrames(body: AsyncIterable<Buffer>, lineBytes: number): AsyncGenerator<StreamLine> {
  const outputs = { 1: createJoiner('stdout', lineBytes), 2: createJoiner('stderr', lineBytes) };
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
      const output = kind === 2 ? outputs[2] : outputs[1];
      yield* takePayload(output, payload);
    }
    buffer = buffer.subarray(at);
  }
  for (const output of [outputs[1], outputs[2]]) {
    const last = output.finish();
    if (last) yield last;
  }
}

function* takePayload(output: ReturnType<typeof createJoiner>, payload: Buffer): Generator<StreamLine> {
  const space = payload.indexOf(32);
  const stamped = space > 0 && space < 40 && microsFromRfc3339(payload.toString('latin1', 0, space)) !== null;
  if (stamped) output.stamp(payload.toString('latin1', 0, space));
  const text = stamped ? payload.subarray(space + 1) : payload;
  const ends = text.length > 0 && text[text.length - 1] === 10;
  output.add(ends ? text.subarray(0, -1) : text);
  if (!ends) return;
  const line = output.finish();
  if (line) yield line;
}

/** The same of a container with a TTY: raw bytes, a stamp at each line's start, all of it stdout; `\r\n` ends a line. */
export async function* readRaw(body: AsyncIterable<Buffer>, lineBytes: number): AsyncGenerator<StreamLine> {
  const output = createJoiner('stdout', lineBytes);
  let buffer: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (;;) {
      const newline = buffer.indexOf(10);
      if (!output.open()) {
        // A stamp ends at the first blank; wait for it unless the line is over already.
        const space = buffer.indexOf(32);
        if (space < 0 && newline < 0 && buffer.length < STAMP_BYTES) break;
        if (space > 0 && space < 40 && (newline < 0 || space < newline)) {
          output.stamp(buffer.toString('latin1', 0, space));
          buffer = buffer.subarray(space + 1);
          continue;
        }
      }
      const room = PART_BYTES - (output.length() % PART_BYTES);
      const end = newline < 0 ? buffer.length : newline;
      if (end >= room && output.stampText() !== '') {
        // A part may end here, and then the line's stamp stands once more before the next.
        if (newline < 0 && buffer.length < room + STAMP_BYTES) break;
        output.add(buffer.subarray(0, room));
        buffer = buffer.subarray(room);
        const again = `${output.stampText()} `;
        if (buffer.toString('latin1', 0, again.length) === again) buffer = buffer.subarray(again.length);
        continue;
      }
      if (newline < 0) break;
      output.add(buffer.subarray(0, newline));
      buffer = buffer.subarray(newline + 1);
      const line = output.finish();
      if (line) yield withoutReturn(line);
    }
  }
  if (buffer.length > 0) output.add(buffer);
  const last = output.finish();
  if (last) yield withoutReturn(last);
}

function withoutReturn(line: StreamLine): StreamLine {
  const { length } = line.line;
  return length > 0 && line.line[length - 1] === 13 ? { ...line, line: line.line.subarray(0, -1) } : line;
}
