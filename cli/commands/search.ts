import type { ApiGap, ApiNote, ApiRecord, LogsAnswer } from '../../api/contract.ts';
import { type Client, createClient, type Params } from '../client.ts';
import { type Arguments, CLIENT, type Command, EXIT, type Io } from '../command.ts';
import {
  queryText,
  RANGE,
  RECORD_OUTPUT,
  rangeParams,
  recordFormat,
  remarks,
  SCOPE,
  scopeParams,
} from '../log-options.ts';
import { createRecordPrinter } from '../record-line.ts';
import { paletteFor } from '../terminal/color.ts';
import { writeAll } from '../write.ts';

/** Rows asked for at once; a page of this size comes back in well under a second. */
const PAGE_ROWS = 1_000;

export const search: Command = {
  name: 'search',
  summary: 'Find lines by words, phrases and fields',
  arguments: '[QUERY]',
  positionals: [0, Number.POSITIVE_INFINITY],
  query: true,
  options: {
    ...SCOPE,
    ...RANGE,
    limit: {
      type: 'number',
      short: 'n',
      value: 'N',
      minimum: 1,
      help: 'most rows (default 200); the newest ones unless --order asc',
    },
    order: {
      type: 'text',
      choices: ['asc', 'desc'],
      help: 'desc newest first, asc oldest first; without it text shows the newest rows, oldest first',
    },
    output: {
      type: 'text',
      short: 'o',
      choices: ['text', 'json', 'ndjson'],
      help: 'text for people, json one document, ndjson a record a line',
    },
    ...RECORD_OUTPUT,
    ...CLIENT,
  },
  examples: [
    ['fleetlog search timeout --app shop --since 2h', 'lines of app shop with the word timeout, of the last two hours'],
    ['fleetlog search 支付回调处理失败', 'Chinese text, found anywhere in a line'],
    [`fleetlog search 'level:>=warn -"connection reset"' --env prod`, 'warnings and worse without that phrase'],
    [
      "fleetlog search 'status:>=500 app:order-*' -o ndjson --limit 10000 | jq .message",
      'fields of JSON and logfmt lines, for scripts',
    ],
    [
      "fleetlog search '/cost=[5-7]\\d\\dms/' --since 10:30 --until 11:00",
      'a regular expression (RE2), between two local times',
    ],
  ],
  notes:
    'Remarks (gaps, "complete up to", limits) go to standard error. The query language is explained in docs/query.md.',
  async run(args, io) {
    const output = args.text('output') ?? 'text';
    const limit = args.number('limit') ?? 200;
    const query = queryText(args);
    const order = args.text('order');
    const params = { query, ...scopeParams(args), ...rangeParams('search', args), order: order ?? 'desc' };
    const client = await createClient(args, io);
    const print = await printer(args, io, query);
    const found = await collect(client, params, limit, async (records) => {
      // Rows that come in the order they are shown need not be held.
      if (output === 'ndjson')
        await writeAll(io.stdout, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      else if (output === 'text' && order) await print(records);
      else return true;
      return false;
    });
    if (output === 'json') await writeAll(io.stdout, `${JSON.stringify(found, null, 2)}\n`);
    if (output === 'text' && !order) await print(found.records.reverse());
    if (output !== 'json') io.stderr.write(endOf(io, found, limit));
    return EXIT.ok;
  },
};

async function printer(
  args: Arguments,
  io: Io,
  query: string | undefined,
): Promise<(records: ApiRecord[]) => Promise<void>> {
  const format = createRecordPrinter(await recordFormat(args, io, query));
  return (records) => writeAll(io.stdout, records.map(format).join(''));
}

interface Found {
  records: ApiRecord[];
  next: string | null;
  completeTo: string | null;
  gaps: ApiGap[];
  notes: ApiNote[];
  stats: LogsAnswer['stats'];
}

/** Follows `next` until `limit` rows; `page` says whether its rows are to be held. The remarks are the first page's. */
async function collect(
  client: Client,
  params: Params,
  limit: number,
  page: (records: ApiRecord[]) => Promise<boolean>,
): Promise<Found> {
  let found: Found | null = null;
  let count = 0;
  let cursor: string | undefined;
  for (;;) {
    const answer: LogsAnswer = await client.get('logs', {
      ...params,
      limit: Math.min(PAGE_ROWS, client.config.query.maxRows, limit - count),
      cursor,
    });
    const held = await page(answer.records);
    count += answer.records.length;
    if (found === null) found = { ...answer, records: [] };
    if (held) for (const record of answer.records) found.records.push(record);
    found.next = answer.next;
    if (answer.next === null || count >= limit) return found;
    cursor = answer.next;
  }
}

function endOf(io: Io, found: Found, limit: number): string {
  const palette = paletteFor(io.stderr, io.env);
  const notes = found.notes.filter((note) => note.code !== 'limit_reached');
  const more =
    found.next === null
      ? ''
      : `${palette.warn(`there are more than ${limit} lines; --limit N shows more, "fleetlog export" all`)}\n`;
  return more + remarks(io, { ...found, notes });
}
