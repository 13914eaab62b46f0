import type { ApiRecord, LogsAnswer, TailSkipped } from '../../api/contract.ts';
import { type Client, createClient, type Params } from '../client.ts';
import { ServerError, UnreachableError } from '../client-errors.ts';
import { CLIENT, type Command, EXIT, type Io } from '../command.ts';
import { readEvents } from '../event-stream.ts';
import { queryText, RECORD_OUTPUT, recordFormat, remarks, SCOPE, scopeParams } from '../log-options.ts';
import { createRecordPrinter, localTime } from '../record-line.ts';
import { paletteFor } from '../terminal/color.ts';
import { writeAll } from '../write.ts';

const DEFAULT_LINES = 20;
/** Between attempts after the server went away; doubled up to the last value. */
const RETRY_MS = { first: 250, most: 5_000 };

export const tail: Command = {
  name: 'tail',
  summary: 'The newest lines of all replicas on all hosts, merged; -f follows',
  arguments: '[QUERY]',
  positionals: [0, Number.POSITIVE_INFINITY],
  query: true,
  options: {
    follow: { type: 'flag', short: 'f', help: 'go on with lines as they come; reconnects without a hole' },
    lines: { type: 'number', short: 'n', value: 'N', help: `lines shown first (default ${DEFAULT_LINES})` },
    ...SCOPE,
    output: { type: 'text', short: 'o', choices: ['text', 'ndjson'], help: 'text for people, ndjson a record a line' },
    ...RECORD_OUTPUT,
    ...CLIENT,
  },
  examples: [
    ['fleetlog tail --app shop -f', 'all replicas of shop, merged in order, each in its own colour'],
    ["fleetlog tail -f 'level:>=error' --env prod", 'errors of everything in prod as they happen'],
    ['fleetlog tail -n 100 --container web-1', 'the last 100 lines of one container'],
  ],
  notes: 'When a terminal cannot keep up the server skips lines and says how many; it never samples silently.',
  async run(args, io) {
    const client = await createClient(args, io);
    const query = queryText(args);
    const last = args.number('lines') ?? DEFAULT_LINES;
    const params = { query, ...scopeParams(args) };
    const format = createRecordPrinter(await recordFormat(args, io, query));
    const json = args.text('output') === 'ndjson';
    const print = (record: ApiRecord) => writeAll(io.stdout, json ? `${JSON.stringify(record)}\n` : format(record));
    if (args.flag('follow')) return follow(client, { ...params, last }, io, print);
    if (last === 0) return EXIT.ok;
    // Without -f the newest lines, however old they are.
    const from = `now-${client.config.query.maxRangeDays}d`;
    const answer = await client.get<LogsAnswer>('logs', { ...params, from, limit: last, order: 'desc' });
    for (const record of answer.records.reverse()) await print(record);
    io.stderr.write(remarks(io, { ...answer, notes: answer.notes.filter((note) => !QUIET.has(note.code)) }));
    return EXIT.ok;
  },
};

/** Remarks that are the point of a tail and no news. */
const QUIET = new Set(['limit_reached', 'range_outside_retention']);

/** Follows until the person stops it, resuming after the last line seen whenever the connection ends. */
async function follow(
  client: Client,
  params: Params,
  io: Io,
  print: (record: ApiRecord) => Promise<void>,
): Promise<number> {
  const palette = paletteFor(io.stderr, io.env);
  let lastId = '';
  let connected = false;
  let wait = RETRY_MS.first;
  while (!io.signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId && { 'last-event-id': lastId }) };
      const response = await client.stream('logs/tail', params, headers);
      if (connected && wait > RETRY_MS.first) io.stderr.write(palette.dim('connected again\n'));
      connected = true;
      wait = RETRY_MS.first;
      for await (const event of readEvents(response.body as AsyncIterable<Uint8Array>)) {
        if (event.id) lastId = event.id;
        if (event.event === 'record') await print(JSON.parse(event.data) as ApiRecord);
        else if (event.event === 'skipped')
          io.stderr.write(palette.warn(skippedText(JSON.parse(event.data) as TailSkipped)));
      }
    } catch (error) {
      if (io.signal.aborted) break;
      // The first connection failing is a mistake to report; later ones are an outage to sit out.
      if (!connected || !passes(error)) throw error;
    }
    if (io.signal.aborted) break;
    if (wait > RETRY_MS.first) io.stderr.write(palette.dim(`connection lost; trying again in ${wait / 1000} s\n`));
    await pause(wait, io.signal);
    wait = Math.min(wait * 2, RETRY_MS.most);
  }
  return EXIT.ok;
}

function passes(error: unknown): boolean {
  if (error instanceof ServerError) return error.status === 429 || error.status >= 500;
  // A body cut off in mid-stream is a TypeError of fetch.
  return error instanceof UnreachableError || error instanceof TypeError;
}

function skippedText({ count, from, to }: TailSkipped): string {
  return `${count} lines skipped, from ${localTime(from)} to ${localTime(to)}: this terminal is too slow; see them with fleetlog search\n`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
