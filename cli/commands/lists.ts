import type { ApiApp, ApiContainer, ApiEvent, ApiHost, ApiNote } from '../../api/contract.ts';
import { type Client, createClient, type Params } from '../client.ts';
import { type Arguments, CLIENT, type Command, EXIT, type Io, type Option, UsageError } from '../command.ts';
import { noteText, RANGE, rangeParams, SCOPE, scopeParams } from '../log-options.ts';
import { localTime } from '../record-line.ts';
import { type Palette, paletteFor } from '../terminal/color.ts';
import { type Column, table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { writeAll } from '../write.ts';
import { followEvents } from './follow-events.ts';

interface Page<T> {
  items: T[];
  next: string | null;
  notes: ApiNote[];
}

const WHERE: Record<string, Option> = Object.fromEntries(Object.entries(SCOPE).filter(([name]) => name !== 'level'));
const OUTPUT: Record<string, Option> = {
  output: {
    type: 'text',
    short: 'o',
    choices: ['text', 'json', 'ndjson'],
    help: 'a table, one JSON document, or an item a line',
  },
};

export const apps = lister<ApiApp>({
  name: 'apps',
  summary: 'What runs where: apps by env, with lines and errors of the last 24 h',
  options: WHERE,
  examples: [
    ['fleetlog apps --env prod', 'apps of env prod'],
    ["fleetlog apps -o json | jq '.items[] | select(.errors > 0).app'", 'apps that logged errors'],
  ],
  columns: (p) => [
    { title: 'APP', cell: (app) => visible(app.app), paint: (text) => p.bold(text) },
    { title: 'ENV', cell: (app) => visible(app.env) },
    { title: 'RUNNING', cell: (app) => `${app.running}/${app.instances}`, align: 'right' },
    { title: 'LINES 24H', cell: (app) => count(app.lines), align: 'right' },
    {
      title: 'ERRORS',
      cell: (app) => count(app.errors),
      align: 'right',
      paint: (text, app) => (app.errors > 0 ? p.bad(text) : text),
    },
    { title: 'RESTARTS', cell: (app) => count(app.restarts), align: 'right' },
    { title: 'LAST LINE', cell: (app) => ago(app.lastLineAt) },
    { title: 'VERSIONS', cell: (app) => visible(app.versions.join(', ')) },
    { title: 'HOSTS', cell: (app) => visible(app.hosts.join(', ')) },
  ],
});

const listHosts = lister<ApiHost>({
  name: 'hosts',
  summary: 'Hosts that collect, whether they report, and how far behind they are',
  options: WHERE,
  examples: [
    ['fleetlog hosts', 'every host and its last sign of life'],
    ['fleetlog hosts forget web-07', 'a host that is no more: answers do not call it a gap any longer'],
  ],
  columns: (p) => [
    { title: 'HOST', cell: (host) => visible(host.host), paint: (text) => p.bold(text) },
    {
      title: 'STATE',
      cell: (host) => host.state,
      paint: (text, host) => (host.state === 'reporting' ? p.good(text) : p.bad(text)),
    },
    { title: 'RUNNING', cell: (host) => `${host.running}/${host.containers}`, align: 'right' },
    { title: 'APPS', cell: (host) => count(host.apps), align: 'right' },
    { title: 'LAG', cell: (host) => lag(host.lagMs), align: 'right' },
    { title: 'LAST LINE', cell: (host) => ago(host.lastLineAt) },
    { title: 'LAST STATUS', cell: (host) => ago(host.lastStatusAt) },
    {
      title: 'DOCKER',
      cell: (host) => (host.docker.reachable ? 'reachable' : visible(host.docker.reason ?? 'out of reach')),
    },
    { title: 'VERSION', cell: (host) => visible(host.version) },
  ],
});

export const hosts: Command = {
  ...listHosts,
  arguments: '[forget HOST]',
  positionals: [0, 2],
  notes:
    'A host that still reports cannot be forgotten. Lines of a forgotten host stay, and are found, until retention.',
  async run(args, io) {
    const [verb, host] = args.positionals;
    if (verb === undefined) return listHosts.run(args, io);
    if (verb !== 'forget' || host === undefined)
      throw new UsageError('hosts', 'hosts takes no argument, or: hosts forget HOST');
    const client = await createClient(args, io);
    await client.send('DELETE', `hosts/${encodeURIComponent(host)}`);
    io.stderr.write(`${visible(host)} is forgotten; its lines stay until retention\n`);
    return EXIT.ok;
  },
};

export const containers = lister<ApiContainer>({
  name: 'containers',
  summary: 'Containers with their app, env, state, reader and lag',
  options: WHERE,
  examples: [
    ['fleetlog containers --app shop', 'the replicas of one app'],
    ["fleetlog containers -o json | jq '.items[] | select(.oomKilled)'", 'containers that were killed for memory'],
  ],
  columns: (p) => [
    { title: 'CONTAINER', cell: (c) => visible(c.containerName), paint: (text) => p.bold(text) },
    { title: 'ID', cell: (c) => c.container.slice(0, 12) },
    { title: 'APP', cell: (c) => visible(c.app) },
    { title: 'ENV', cell: (c) => visible(c.env) },
    { title: 'HOST', cell: (c) => visible(c.host) },
    {
      title: 'STATE',
      cell: (c) => state(c),
      paint: (text, c) => (c.state === 'running' ? p.good(text) : p.warn(text)),
    },
    { title: 'RESTARTS', cell: (c) => count(c.restarts), align: 'right' },
    { title: 'READER', cell: (c) => c.reader },
    { title: 'LAG', cell: (c) => lag(c.lagMs), align: 'right' },
    { title: 'LAST LINE', cell: (c) => ago(c.lastLineAt) },
    { title: 'IMAGE', cell: (c) => visible(c.image) },
    { title: 'WARNINGS', cell: (c) => visible(c.warnings.join('; ')), paint: (text) => p.warn(text) },
  ],
});

const listEvents = lister<ApiEvent>({
  name: 'events',
  summary: 'Starts, deaths, restarts, OOM kills, health changes, deployments, throttling and memory pressure',
  options: {
    ...WHERE,
    type: {
      type: 'list',
      short: 't',
      value: 'TYPE',
      help: 'die, oom, restart_loop, throttled, memory_pressure, deploy … (repeatable)',
    },
    ...RANGE,
    follow: { type: 'flag', short: 'f', help: 'go on with events as they come, one a line' },
  },
  examples: [
    ['fleetlog events -f --env prod', 'what happens to containers of prod, as it happens'],
    ['fleetlog events --since 24h --type oom --type die', 'what was killed or ended in the last day'],
    ['fleetlog events --app shop --since 7d --type deploy', 'image changes of an app'],
  ],
  params: (args) => ({ type: args.list('type'), ...rangeParams('events', args) }),
  columns: (p) => [
    { title: 'TIME', cell: (event) => localTime(event.time), paint: (text) => p.dim(text) },
    {
      title: 'TYPE',
      cell: (event) => event.type,
      paint: (text, event) => (BAD_EVENTS.has(event.type) ? p.bad(text) : text),
    },
    { title: 'APP', cell: (event) => visible(event.app) },
    { title: 'ENV', cell: (event) => visible(event.env) },
    { title: 'HOST', cell: (event) => visible(event.host) },
    { title: 'CONTAINER', cell: (event) => visible(event.containerName) },
    { title: 'EXIT', cell: (event) => (event.exitCode === undefined ? '' : String(event.exitCode)), align: 'right' },
    { title: 'IMAGE', cell: (event) => visible(event.image ?? '') },
  ],
});

export const events: Command = {
  ...listEvents,
  run: (args, io) => (args.flag('follow') ? followEvents(args, io) : listEvents.run(args, io)),
};

const BAD_EVENTS = new Set(['die', 'oom', 'restart_loop']);

interface Lister<T> {
  name: string;
  summary: string;
  options: Record<string, Option>;
  examples: Command['examples'];
  params?: (args: Arguments) => Params;
  columns: (palette: Palette) => Column<T>[];
}

function lister<T>(about: Lister<T>): Command {
  return {
    name: about.name,
    summary: about.summary,
    options: { ...about.options, ...OUTPUT, ...CLIENT },
    examples: about.examples,
    async run(args, io) {
      const client = await createClient(args, io);
      const params = { ...scopeParams(args), level: undefined, ...about.params?.(args) };
      const { items, notes } = await everything<T>(client, about.name, params);
      await show(about, args, io, items, notes);
      return EXIT.ok;
    },
  };
}

async function show<T>(about: Lister<T>, args: Arguments, io: Io, items: T[], notes: ApiNote[]): Promise<void> {
  const output = args.text('output') ?? 'text';
  if (output === 'json') return writeAll(io.stdout, `${JSON.stringify({ items, notes }, null, 2)}\n`);
  if (output === 'ndjson') return writeAll(io.stdout, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  for (const note of notes) io.stderr.write(`note: ${noteText(note)}\n`);
  if (items.length === 0) io.stderr.write(`no ${about.name}\n`);
  else await writeAll(io.stdout, table(items, about.columns(paletteFor(io.stdout, io.env))));
}

async function everything<T>(client: Client, path: string, params: Params): Promise<{ items: T[]; notes: ApiNote[] }> {
  const items: T[] = [];
  let notes: ApiNote[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await client.get(path, { ...params, cursor });
    for (const item of page.items) items.push(item);
    notes = page.notes;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return { items, notes: notes.filter((note) => note.code !== 'limit_reached') };
}

function state(c: ApiContainer): string {
  const exit = c.exitCode !== null && c.state === 'exited' ? ` (${c.exitCode}${c.oomKilled ? ', OOM' : ''})` : '';
  return c.state + exit + (c.health ? ` ${c.health}` : '');
}

function count(n: number): string {
  return n.toLocaleString('en');
}

/** `3 s`, `12 min`, `5 h`, `2 d`: how long since a time. */
function ago(iso: string | null): string {
  return iso === null ? '-' : `${span(Date.now() - Date.parse(iso))} ago`;
}

function lag(ms: number | null): string {
  return ms === null ? '-' : span(ms);
}

function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}
