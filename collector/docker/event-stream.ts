/** One event of the engine about a container. */
export interface EngineEvent {
  id: string;
  /** As the engine calls it: `create`, `die`, `health_status: healthy`… */
  action: string;
  /** µs, rounded down. */
  time: number;
  /** `name`, `image`, the container's labels, and facts of the action such as `exitCode`. */
  attributes: Record<string, string>;
}

interface Message {
  Type?: string;
  Action?: string;
  status?: string;
  id?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
}

/** Longest event accepted; labels are in it, and an endless one must not fill the memory. */
const EVENT_BYTES = 4 << 20;

/** Reads `GET /events`: one JSON document a line. Lines that are no container event are passed over. */
export async function* readEvents(body: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent> {
  let rest: Buffer[] = [];
  let held = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, at));
      const event = parseEvent(Buffer.concat(rest).toString('utf8'));
      rest = [];
      held = 0;
      from = at + 1;
      if (event) yield event;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      held += chunk.length - from;
    }
    if (held > EVENT_BYTES) throw new Error('an event of the engine is longer than 4 MiB');
  }
}

export function parseEvent(line: string): EngineEvent | null {
  let message: Message;
  try {
    message = JSON.parse(line) as Message;
  } catch {
    return null;
  }
  const id = message.Actor?.ID ?? message.id;
  const action = message.Action ?? message.status;
  // Nanoseconds do not fit a double: take the digits, not the number.
  const nanos = /"timeNano":(\d{16,})/.exec(line)?.[1];
  if (message.Type !== 'container' || !id || !action || !nanos) return null;
  return { id, action, time: Number(nanos.slice(0, -3)), attributes: message.Actor?.Attributes ?? {} };
}
