import type { ServerResponse } from 'node:http';
import type { TailSkipped } from '../contract.ts';
import { formatTime } from '../times.ts';

/** Frames written at once; larger pieces hold the socket's buffer longer than they save calls. */
const WRITE_BYTES = 64 << 10;
/** Text held for a slow client besides the row limit: long lines count too. */
const HELD_CHARS = 4 << 20;

/** Server-sent events to one client that may be slow. What it cannot take in time is counted and told, in its place. */
export interface EventStream {
  /** A record; `id` is where to go on after it. */
  record(id: string, json: string, time: number): void;
  /** Records that are not sent, of any reason. */
  skip(id: string, reason: TailSkipped['reason'], count: number, from: number, to: number): void;
  /** Any other event; `id` null leaves the client's last id as it is. */
  event(name: string, data: object, id: string | null): void;
  comment(): void;
  /** True when everything has been handed to the system. */
  idle(): boolean;
  /** Resolves when less than half of what may be held is waiting. */
  room(): Promise<void>;
  end(): void;
}

interface Skipped {
  id: string;
  reason: TailSkipped['reason'];
  count: number;
  from: number;
  to: number;
}

export function createEventStream(
  raw: ServerResponse,
  limits: { rows: number },
  told: (skipped: TailSkipped) => void,
): EventStream {
  let queue: string[] = [];
  let chars = 0;
  let skipped: Skipped | null = null;
  let roomy: (() => void)[] = [];
  let scheduled = false;

  const hasRoom = (): boolean => queue.length < limits.rows / 2 && chars < HELD_CHARS / 2;

  function flush(): void {
    scheduled = false;
    let at = 0;
    while (at < queue.length && !raw.writableNeedDrain) {
      let piece = '';
      while (at < queue.length && piece.length < WRITE_BYTES) piece += queue[at++];
      chars -= piece.length;
      raw.write(piece);
    }
    if (at > 0) queue = queue.slice(at);
    if (queue.length === 0 && skipped) tell();
    if (roomy.length > 0 && hasRoom()) {
      for (const go of roomy) go();
      roomy = [];
    }
  }

  function push(frame: string): void {
    queue.push(frame);
    chars += frame.length;
    if (queue.length >= limits.rows / 4 || chars >= WRITE_BYTES) {
      flush();
      return;
    }
    if (scheduled) return;
    scheduled = true;
    // Frames of one turn travel together.
    queueMicrotask(flush);
  }

  function tell(): void {
    const { id, reason, count, from, to } = skipped!;
    skipped = null;
    const data: TailSkipped = { count, reason, from: formatTime(from), to: formatTime(to) };
    told(data);
    push(frame('skipped', data, id));
  }

  function skip(id: string, reason: TailSkipped['reason'], count: number, from: number, to: number): void {
    if (skipped && skipped.reason !== reason) tell();
    skipped = skipped
      ? { id, reason, count: skipped.count + count, from: Math.min(skipped.from, from), to: Math.max(skipped.to, to) }
      : { id, reason, count, from, to };
    if (queue.length === 0) tell();
  }

  raw.on('drain', flush);
  raw.on('close', () => {
    for (const go of roomy) go();
    roomy = [];
  });

  return {
    record(id, json, time) {
      // Once skipping, on until the client has caught up: one gap that is named, not many small ones.
      if (skipped || queue.length >= limits.rows || chars >= HELD_CHARS) skip(id, 'slow_client', 1, time, time);
      else push(`${id ? `id: ${id}\n` : ''}event: record\ndata: ${json}\n\n`);
    },
    skip,
    event(name, data, id) {
      push(frame(name, data, id));
    },
    comment() {
      if (queue.length === 0 && !raw.writableNeedDrain) raw.write(': still here\n\n');
    },
    idle: () => queue.length === 0 && skipped === null && !raw.writableNeedDrain,
    room() {
      if (hasRoom() || raw.closed) return Promise.resolve();
      return new Promise((resolve) => roomy.push(resolve));
    },
    end() {
      raw.end(queue.join(''));
      queue = [];
    },
  };
}

const frame = (name: string, data: object, id: string | null): string =>
  `${id === null ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
