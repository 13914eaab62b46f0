import type { ApiEvent } from '../../api/contract.ts';
import { createClient } from '../client.ts';
import { UnreachableError } from '../client-errors.ts';
import { type Arguments, EXIT, type Io } from '../command.ts';
import { rangeParams, scopeParams } from '../log-options.ts';
import { localTime } from '../record-line.ts';
import { paletteFor } from '../terminal/color.ts';
import { visible } from '../terminal/visible.ts';
import { padText } from '../terminal/width.ts';
import { writeAll } from '../write.ts';

/** Events are few; asking more often shows them hardly earlier than the store has them. */
const EVERY_MS = 1_000;
/** An event of a host that is behind comes late: so far back is looked again. */
const LATE = 'now-10m';
/** Ids remembered: of more than came in that time. */
const REMEMBERED = 20_000;

interface Page {
  items: ApiEvent[];
  next: string | null;
}

/** Prints events as they come, each once, until the person stops it. A server that is away is waited for after the first answer. */
export async function followEvents(args: Arguments, io: Io): Promise<number> {
  const client = await createClient(args, io);
  const palette = paletteFor(io.stdout, io.env);
  const where = { ...scopeParams(args), level: undefined, type: args.list('type') };
  const seen = new Set<string>();
  let range: ReturnType<typeof rangeParams> = rangeParams('events', args);
  let answered = false;

  const line = (event: ApiEvent): string => {
    const bad = event.type === 'die' || event.type === 'oom';
    const type = padText(event.type, 8);
    const rest = [event.app, event.env, event.host, event.containerName, event.image ?? ''].map(visible).join('  ');
    const exit = event.exitCode === undefined ? '' : `  exit ${event.exitCode}`;
    return `${palette.dim(localTime(event.time))}  ${bad ? palette.bad(type) : type}  ${rest}${exit}\n`;
  };

  async function look(asked: typeof range): Promise<ApiEvent[]> {
    const items: ApiEvent[] = [];
    let cursor: string | undefined;
    do {
      const page: Page = await client.get('events', { ...where, ...asked, cursor });
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return items.sort((a, b) => (a.time < b.time ? -1 : 1));
  }

  while (!io.signal.aborted) {
    try {
      const fresh = (await look(range)).filter(({ id }) => !seen.has(id));
      for (const event of fresh) {
        seen.add(event.id);
        await writeAll(io.stdout, args.text('output') === 'ndjson' ? `${JSON.stringify(event)}\n` : line(event));
      }
      range = { from: LATE, to: undefined };
      // What lies before the range that was asked for is no news.
      if (!answered) for (const { id } of await look(range)) seen.add(id);
      answered = true;
      for (const id of seen) {
        if (seen.size <= REMEMBERED) break;
        seen.delete(id);
      }
    } catch (error) {
      if (io.signal.aborted) break;
      if (!answered || !(error instanceof UnreachableError)) throw error;
    }
    await pause(io.signal);
  }
  return EXIT.ok;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, EVERY_MS);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
