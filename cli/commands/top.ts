import type { ApiFigures } from '../../api/contract.ts';
import { type Client, createClient } from '../client.ts';
import { CLIENT, type Command, EXIT, type Io, type Option } from '../command.ts';
import { SCOPE, scopeParams } from '../log-options.ts';
import { type Palette, paletteFor } from '../terminal/color.ts';
import { bytesText } from '../terminal/progress.ts';
import { type Column, table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { writeAll } from '../write.ts';

interface Item {
  labels: Record<string, string>;
  figures: ApiFigures;
}

/** What a table is sorted by, and which figure that is. */
const SORT = {
  cpu: 'cpuCores',
  memory: 'memoryBytes',
  'memory-ratio': 'memoryRatio',
  'net-rx': 'netRxBytesPerSecond',
  'net-tx': 'netTxBytesPerSecond',
  'disk-read': 'diskReadBytesPerSecond',
  'disk-write': 'diskWriteBytesPerSecond',
  disk: 'diskUsedBytes',
  pids: 'pids',
  restarts: 'restarts',
  oom: 'oomKills',
  errors: 'errorsPerMinute',
} as const satisfies Record<string, keyof ApiFigures>;
type Sort = keyof typeof SORT;

const WHERE: Record<string, Option> = Object.fromEntries(Object.entries(SCOPE).filter(([name]) => name !== 'level'));
/** Labels that tell rows apart: an app runs in several envs, a container's name is one host's own. */
const LABELS = {
  app: ['app', 'env'],
  env: ['env'],
  host: ['host'],
  container: ['container', 'app', 'env', 'host'],
} as const;
type By = keyof typeof LABELS;
/** Figures come every ten seconds; asking much more often shows nothing new. */
const EVERY_SECONDS = 5;
/** Clears what is below and puts the new table over the old one: no flicker. */
const HOME = '\x1b[H';
const CLEAR = '\x1b[2J';
const TO_END_OF_LINE = '\x1b[K';
const BELOW = '\x1b[J';
/** A narrow terminal cuts a row where it ends: a row of two lines would move all below it. */
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

export const top: Command = {
  name: 'top',
  summary: 'What uses CPU, memory, network and disk now, over the whole fleet',
  options: {
    ...WHERE,
    by: {
      type: 'text',
      choices: Object.keys(LABELS),
      help: 'a row for each app and env (default), env, host or container',
    },
    metric: {
      type: 'text',
      short: 'm',
      choices: Object.keys(SORT),
      help: 'what to sort by (default cpu), the highest first',
    },
    limit: {
      type: 'number',
      short: 'n',
      value: 'N',
      minimum: 1,
      help: 'most rows (default: what fits the terminal, else 50)',
    },
    every: {
      type: 'number',
      value: 'SECONDS',
      minimum: 1,
      help: `seconds between looks on a terminal (${EVERY_SECONDS})`,
    },
    once: { type: 'flag', help: 'one look, no live table' },
    output: {
      type: 'text',
      short: 'o',
      choices: ['text', 'json', 'ndjson'],
      help: 'a table, one JSON document, or an item a line',
    },
    ...CLIENT,
  },
  examples: [
    ['fleetlog top --by app --metric memory', 'apps by memory, live'],
    ['fleetlog top --by container --host web-01 --metric cpu', 'what keeps a host busy'],
    ["fleetlog top -o json | jq '.items[0]'", 'the heaviest app, for a script'],
  ],
  notes:
    'On a terminal the table is live until Ctrl-C; keys c m n d e sort by CPU, memory, network, disk, errors, and q ends it.',
  async run(args, io) {
    const by = (args.text('by') ?? 'app') as By;
    const output = args.text('output') ?? 'text';
    let sort = (args.text('metric') ?? 'cpu') as Sort;
    const client = await createClient(args, io);
    const params = { ...scopeParams(args), level: undefined, by: LABELS[by] };
    const look = async (): Promise<Item[]> => {
      const { items } = await client.get<{ items: Item[] }>('metrics/now', params);
      return sorted(items, sort);
    };
    const limit = args.number('limit');
    if (output !== 'text') {
      const items = (await look()).slice(0, limit);
      const text =
        output === 'json'
          ? `${JSON.stringify({ items }, null, 2)}\n`
          : items.map((one) => `${JSON.stringify(one)}\n`).join('');
      await writeAll(io.stdout, text);
      return EXIT.ok;
    }
    if (!io.stdout.isTTY || args.flag('once')) {
      const items = await look();
      if (items.length === 0) io.stderr.write('no figures\n');
      else await writeAll(io.stdout, screen(items.slice(0, limit ?? 50), by, sort, paletteFor(io.stdout, io.env)));
      return EXIT.ok;
    }
    return live({
      io,
      client,
      by,
      limit,
      everyMs: (args.number('every') ?? EVERY_SECONDS) * 1000,
      look,
      sort: () => sort,
      setSort: (to) => void (sort = to),
    });
  },
};

/** Highest first; what is not known comes last, and equal ones by name. */
export function sorted(items: readonly Item[], sort: Sort): Item[] {
  const figure = SORT[sort];
  const value = (item: Item): number => item.figures[figure] ?? Number.NEGATIVE_INFINITY;
  const name = (item: Item): string => Object.values(item.labels).join('\0');
  return [...items].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x === y ? (name(a) < name(b) ? -1 : 1) : y - x;
  });
}

const KEYS: Record<string, Sort> = { c: 'cpu', m: 'memory', n: 'net-rx', d: 'disk-write', e: 'errors' };

async function live(view: {
  io: Io;
  client: Client;
  by: By;
  limit: number | undefined;
  everyMs: number;
  look(): Promise<Item[]>;
  sort(): Sort;
  setSort(sort: Sort): void;
}): Promise<number> {
  const { io, by, everyMs } = view;
  const { stdin, stdout } = io;
  const palette = paletteFor(stdout, io.env);
  let wake = (): void => {};
  let ended = io.signal.aborted;
  const end = (): void => {
    ended = true;
    wake();
  };
  const onKey = (key: string): void => {
    if (key === 'q' || key === '\x03') end();
    const sort = KEYS[key];
    if (sort) view.setSort(sort);
    wake();
  };
  io.signal.addEventListener('abort', end, { once: true });
  stdin.setRawMode?.(true);
  stdin.setEncoding('utf8');
  stdin.on('data', onKey);
  stdout.write(NO_WRAP + CLEAR);
  try {
    while (!ended) {
      const items = await view.look();
      const rows = (stdout as { rows?: number }).rows ?? 24;
      const text = screen(items.slice(0, view.limit ?? Math.max(1, rows - 2)), by, view.sort(), palette);
      const lines = text.split('\n').map((line) => line + TO_END_OF_LINE);
      stdout.write(`${HOME}${lines.join('\n')}${BELOW}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (ended) wake();
      });
    }
    return EXIT.ok;
  } finally {
    stdin.off('data', onKey);
    stdin.setRawMode?.(false);
    stdin.pause();
    io.signal.removeEventListener('abort', end);
    stdout.write(`${WRAP}\n`);
  }
}

/** Columns of a table by these labels; the one it is sorted by is bold. */
export function screen(items: readonly Item[], by: By, sort: Sort, palette: Palette): string {
  const label = (name: string): Column<Item> => ({
    title: name.toUpperCase(),
    cell: ({ labels }) => visible(labels[name] ?? ''),
    ...(name === by && { paint: (text) => palette.bold(text) }),
  });
  const figure = (title: string, name: Sort, cell: (figures: ApiFigures) => string): Column<Item> => ({
    title: name === sort ? `${title}▼` : title,
    cell: ({ figures }) => cell(figures),
    align: 'right',
    ...(name === sort && { paint: (text) => palette.bold(text) }),
  });
  const some = (value: number | null, text: (value: number) => string): string => (value === null ? '-' : text(value));
  const bytes = (value: number | null): string => some(value, bytesText);
  const rate = (value: number | null): string => some(value, (n) => `${bytesText(n)}/s`);
  const whole = (value: number | null): string => some(value, (n) => Math.round(n).toLocaleString('en'));
  const columns: Column<Item>[] = [
    ...LABELS[by].map(label),
    figure('CPU', 'cpu', ({ cpuCores }) => some(cpuCores, (n) => n.toFixed(2))),
    figure('MEM', 'memory', ({ memoryBytes }) => bytes(memoryBytes)),
    figure('LIMIT', 'memory-ratio', ({ memoryRatio }) => some(memoryRatio, (n) => `${Math.round(n * 100)}%`)),
    figure('NET RX', 'net-rx', ({ netRxBytesPerSecond }) => rate(netRxBytesPerSecond)),
    figure('NET TX', 'net-tx', ({ netTxBytesPerSecond }) => rate(netTxBytesPerSecond)),
    figure('READ', 'disk-read', ({ diskReadBytesPerSecond }) => rate(diskReadBytesPerSecond)),
    figure('WRITE', 'disk-write', ({ diskWriteBytesPerSecond }) => rate(diskWriteBytesPerSecond)),
    figure('PIDS', 'pids', ({ pids }) => whole(pids)),
    figure('RESTARTS', 'restarts', ({ restarts }) => whole(restarts)),
    figure('ERR/MIN', 'errors', ({ errorsPerMinute }) => some(errorsPerMinute, (n) => n.toFixed(1))),
  ];
  return table(items, columns);
}
