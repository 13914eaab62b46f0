import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';

export interface ServerSent {
  event: string;
  id: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: what an event carries depends on its name
  data: any;
}

export interface Tail {
  status: number;
  events: ServerSent[];
  records(): { message: string; id: string }[];
  messages(): string[];
  lastId(): string | null;
  /** Resolves when `right` holds, or rejects after a bound. */
  until(right: (tail: Tail) => boolean, ms?: number): Promise<void>;
  /** Stops reading, so that the other side is held up, and goes on. */
  pause(): void;
  resume(): void;
  ended(): boolean;
  close(): void;
}

/** A reader of server-sent events over plain http, which can be slow on purpose. Resolves with the headers. */
export function openTail(url: string, headers: Record<string, string>): Promise<Tail> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers }, (response: IncomingMessage) => {
      const events: ServerSent[] = [];
      let lastId: string | null = null;
      let rest = '';
      let ended = false;
      let changed = (): void => undefined;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const frames = (rest + chunk).split('\n\n');
        rest = frames.pop()!;
        for (const text of frames) {
          const frame: ServerSent = { event: 'message', id: null, data: null };
          for (const line of text.split('\n')) {
            const [, name, value] = /^(\w*): ?(.*)$/s.exec(line) ?? [];
            if (name === 'event') frame.event = value;
            if (name === 'id') lastId = frame.id = value;
            if (name === 'data') frame.data = JSON.parse(value);
          }
          if (frame.data !== null) events.push(frame);
        }
        changed();
      });
      const end = (): void => {
        ended = true;
        changed();
      };
      response.on('close', end);
      response.on('error', end);
      const tail: Tail = {
        status: response.statusCode!,
        events,
        records: () => events.filter((one) => one.event === 'record').map((one) => one.data),
        messages: () => tail.records().map((record) => record.message),
        lastId: () => lastId,
        until(right, ms = 15_000) {
          if (right(tail)) return Promise.resolve();
          return new Promise((done, fail) => {
            const timer = setTimeout(() => {
              fail(
                new Error(`a tail never came to that; ${events.length} events, last ${JSON.stringify(events.at(-1))}`),
              );
            }, ms);
            changed = () => {
              if (!right(tail)) return;
              clearTimeout(timer);
              changed = () => undefined;
              done();
            };
          });
        },
        pause: () => response.pause(),
        resume: () => response.resume(),
        ended: () => ended,
        close: () => call.destroy(),
      };
      resolve(tail);
    });
    call.on('error', reject);
    call.end();
  });
}
