import { createClient } from '../client.ts';
import { CLIENT, type Command, EXIT, type Option } from '../command.ts';
import { RANGE, rangeParams, SCOPE, scopeParams } from '../log-options.ts';
import { type Palette, paletteFor } from '../terminal/color.ts';
import { bytesText } from '../terminal/progress.ts';
import { type Column, table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { writeAll } from '../write.ts';

interface Part {
  limit: number | null;
  p95: number | null;
  ratio: number | null;
  hint: 'raise' | 'lower' | 'no_limit' | 'fits' | 'unknown';
  proposed: number | null;
}

interface Item {
  app: string;
  env: string;
  cpu: Part;
  memory: Part;
  cpuThrottledRatio: number | null;
  oomKills: number | null;
}

const WHERE: Record<string, Option> = Object.fromEntries(Object.entries(SCOPE).filter(([name]) => name !== 'level'));

export const capacity: Command = {
  name: 'capacity',
  summary: 'Limits beside what was used in a week, by app: what to raise and what to lower',
  options: {
    ...WHERE,
    ...RANGE,
    output: { type: 'text', short: 'o', choices: ['text', 'json'], help: 'a table or one JSON document' },
    ...CLIENT,
  },
  examples: [
    ['fleetlog capacity --env prod', 'a week of env prod'],
    ['fleetlog capacity -o json | jq \'.items[] | select(.memory.hint == "raise").app\'', 'apps that need more memory'],
  ],
  notes: 'USED is the p95: nineteen of twenty moments stayed at or below. A proposed limit is 30 % above it.',
  async run(args, io) {
    const client = await createClient(args, io);
    const params = { ...scopeParams(args), level: undefined, ...rangeParams('capacity', args) };
    const answer = await client.get<{ items: Item[] }>('capacity', params);
    if (args.text('output') === 'json') await writeAll(io.stdout, `${JSON.stringify(answer, null, 2)}\n`);
    else if (answer.items.length === 0) io.stderr.write('no figures\n');
    else await writeAll(io.stdout, table(answer.items, columns(paletteFor(io.stdout, io.env))));
    return EXIT.ok;
  },
};

function columns(palette: Palette): Column<Item>[] {
  const cores = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
  const bytes = (value: number | null): string => (value === null ? '-' : bytesText(value));
  const part = (title: string, of: (item: Item) => Part, amount: (value: number | null) => string): Column<Item>[] => [
    { title: `${title} LIMIT`, cell: (item) => amount(of(item).limit), align: 'right' },
    { title: 'USED', cell: (item) => amount(of(item).p95), align: 'right' },
    {
      title: 'HINT',
      cell: (item) => hintText(of(item), amount),
      paint: (text, item) =>
        of(item).hint === 'raise' ? palette.bad(text) : of(item).hint === 'fits' ? palette.good(text) : text,
    },
  ];
  return [
    { title: 'APP', cell: ({ app }) => visible(app), paint: (text) => palette.bold(text) },
    { title: 'ENV', cell: ({ env }) => visible(env) },
    ...part('CPU', ({ cpu }) => cpu, cores),
    ...part('MEM', ({ memory }) => memory, bytes),
    {
      title: 'THROTTLED',
      cell: ({ cpuThrottledRatio: ratio }) => (ratio === null ? '-' : `${Math.round(ratio * 100)}%`),
      align: 'right',
    },
    { title: 'OOM', cell: ({ oomKills }) => (oomKills === null ? '-' : String(oomKills)), align: 'right' },
  ];
}

function hintText({ hint, proposed }: Part, amount: (value: number | null) => string): string {
  if (hint === 'unknown') return '-';
  if (hint === 'fits') return 'fits';
  return hint === 'no_limit' ? `set ${amount(proposed)}` : `${hint} to ${amount(proposed)}`;
}
