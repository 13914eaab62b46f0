import { didYouMean } from '../model/nearest.ts';
import { type Command, type CommandGroup, UsageError } from './command.ts';
import { audit } from './commands/audit.ts';
import { capacity } from './commands/capacity.ts';
import { config } from './commands/config.ts';
import { context } from './commands/context.ts';
import { deadLetters } from './commands/dead-letters.ts';
import { demo } from './commands/demo.ts';
import { dockerProxy } from './commands/docker-proxy.ts';
import { doctor } from './commands/doctor.ts';
import { exportLines } from './commands/export.ts';
import { apps, containers, events, hosts } from './commands/lists.ts';
import { move } from './commands/move.ts';
import { search } from './commands/search.ts';
import { api, collector, ingest, start } from './commands/start.ts';
import { tail } from './commands/tail.ts';
import { token } from './commands/token.ts';
import { top } from './commands/top.ts';
import { user } from './commands/user.ts';

/** Every command, in the order help shows them. */
export const commandGroups: readonly { title: string; entries: readonly (Command | CommandGroup)[] }[] = [
  { title: 'Run', entries: [start, demo, collector, ingest, api, dockerProxy] },
  { title: 'Read logs', entries: [search, tail, context, exportLines] },
  { title: 'See what runs', entries: [apps, hosts, containers, events, top, capacity] },
  { title: 'Look after it', entries: [doctor, config, token, user, audit, deadLetters, move] },
];

export type Found = { command: Command; rest: string[] } | { command: null; group: CommandGroup; rest: string[] };

/** The command that arguments begin with. Throws UsageError with the nearest known name. */
export function findEntry(args: readonly string[]): Found {
  const [first, second] = args;
  const entries = commandGroups.flatMap(({ entries }) => entries);
  const entry = entries.find(({ name }) => name === first);
  if (!entry)
    throw new UsageError(
      '',
      `unknown command ${first}${didYouMean(
        first,
        entries.map(({ name }) => name),
      )}`,
    );
  if (!('commands' in entry)) return { command: entry, rest: args.slice(1) };
  if (second === undefined || second.startsWith('-')) {
    const alone = entry.commands.find(({ name }) => name === entry.alone);
    const isHelp = args.includes('--help') || args.includes('-h');
    if (alone && !isHelp) return { command: alone, rest: args.slice(1) };
    return { command: null, group: entry, rest: args.slice(1) };
  }
  const full = `${entry.name} ${second}`;
  const command = entry.commands.find(({ name }) => name === full);
  if (command) return { command, rest: args.slice(2) };
  const known = entry.commands.map(({ name }) => name.slice(entry.name.length + 1));
  throw new UsageError(entry.name, `unknown command ${full}${didYouMean(second, known)}`);
}
