import { COMMON, type Command, type CommandGroup, EXIT, type Option } from './command.ts';

/** `fleetlog --help`. */
export function overview(groups: readonly { title: string; entries: readonly (Command | CommandGroup)[] }[]): string {
  const lines = [
    'Logs of every container on every host, by app, env and host.',
    '',
    'Usage: fleetlog COMMAND [options]',
    '',
  ];
  for (const { title, entries } of groups) {
    lines.push(`${title}:`, ...twoColumns(entries.map((entry) => [nameOf(entry), entry.summary])), '');
  }
  lines.push(
    'fleetlog COMMAND --help explains a command with examples; fleetlog --version prints the version.',
    `Exit codes: ${EXIT.ok} done, ${EXIT.failure} failed, ${EXIT.usage} wrong usage, ${EXIT.unreachable} server out of reach or not signed in.`,
  );
  return `${lines.join('\n')}\n`;
}

/** `fleetlog COMMAND --help`. */
export function commandHelp(command: Command): string {
  const usage = ['fleetlog', command.name, command.arguments, '[options]'].filter(Boolean).join(' ');
  const options = { ...command.options, ...COMMON };
  const lines = [`${command.summary}.`, '', `Usage: ${usage}`, '', 'Options:'];
  lines.push(...twoColumns(Object.entries(options).map(([name, option]) => [optionUsage(name, option), option.help])));
  if (command.notes) lines.push('', command.notes);
  lines.push('', 'Examples:');
  for (const [line, does] of command.examples) lines.push(`  ${line}`, `      ${does}`);
  return `${lines.join('\n')}\n`;
}

/** `fleetlog token --help`. */
export function groupHelp(group: CommandGroup): string {
  const lines = [`${group.summary}.`, '', `Usage: fleetlog ${group.name} COMMAND [options]`, ''];
  lines.push(...twoColumns(group.commands.map((command) => [usageOf(command), command.summary])));
  return `${lines.join('\n')}\n\nfleetlog ${group.name} COMMAND --help explains each.\n`;
}

function nameOf(entry: Command | CommandGroup): string {
  return 'commands' in entry
    ? `${entry.name} ${entry.commands.map((command) => command.name.split(' ')[1]).join('|')}`
    : usageOf(entry);
}

function usageOf(command: Command): string {
  return [command.name, command.arguments].filter(Boolean).join(' ');
}

function optionUsage(name: string, option: Option): string {
  const value = option.type === 'flag' ? '' : ` ${option.choices?.join('|') ?? option.value ?? 'TEXT'}`;
  return `${option.short ? `-${option.short}, ` : '    '}--${name}${value}`;
}

function twoColumns(rows: [string, string][]): string[] {
  const width = Math.min(40, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  );
}
