import type { StreamLine } from '../discovery.ts';
import { microsFromRfc3339 } from './times.ts';

/** Joins the parts of one output's lines and cuts them at the cap. */
export interface LineJoiner {
  /** A line with this stamp begins. */
  begin(stamp: string): void;
  add(bytes: Buffer): void;
  /** The line that is open, if one is. */
  finish(): Generator<StreamLine>;
  open(): boolean;
  stamp(): string;
  /** Bytes of the open line so far, those cut off included. */
  length(): number;
}

/** `terminal`: a carriage return before the line's end is the terminal's, not the program's. */
export function createLineJoiner(stream: StreamLine['stream'], lineBytes: number, terminal = false): LineJoiner {
  let open = false;
  let stamp = '';
  let time = 0;
  let parts: Buffer[] = [];
  let kept = 0;
  let cut = 0;
  let lastByte = -1;

  function begin(text: string): void {
    open = true;
    stamp = text;
    // A line without a stamp has the time of the one before.
    time = microsFromRfc3339(text) ?? time;
    parts = [];
    kept = 0;
    cut = 0;
    lastByte = -1;
  }

  return {
    begin,
    add(bytes) {
      if (!open) begin('');
      if (bytes.length === 0) return;
      const keep = bytes.subarray(0, Math.max(0, lineBytes - kept));
      // A view would keep the whole network chunk alive for as long as the line waits.
      if (keep.length > 0) parts.push(Buffer.from(keep));
      kept += keep.length;
      cut += bytes.length - keep.length;
      lastByte = bytes[bytes.length - 1];
    },
    *finish() {
      if (!open) return;
      open = false;
      stamp = '';
      let line = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      parts = [];
      if (terminal && lastByte === 13) {
        if (cut > 0) cut--;
        else line = line.subarray(0, -1);
      }
      yield cut > 0 ? { stream, time, line, cutBytes: cut } : { stream, time, line };
    },
    open: () => open,
    stamp: () => stamp,
    length: () => kept + cut,
  };
}
