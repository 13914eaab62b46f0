import { parseArgs } from 'node:util';
import { didYouMean } from '../model/nearest.ts';

/** How a command ends; documented in the README, and scripts rely on it. */
export const EXIT = { ok: 0, failure: 1, usage: 2, unreachable: 3 } as const;

/** The outside world as commands see it, so that tests can bring their own. */
export interface Io {
  stdout: Output;
  stderr: Output;
  stdin: Input;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Aborted by the first SIGINT or SIGTERM. A second one ends the process at once. */
  signal: AbortSignal;
}

export interface Output {
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  isTTY?: boolean;
  columns?: number;
}

export type Input = NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };

export interface Option {
  type: 'text' | 'number' | 'flag' | 'list';
  /** One letter. */
  short?: string;
  /** What stands for the value in help, `N` or `TIME`. */
  value?: string;
  choices?: readonly string[];
  minimum?: number;
  help: string;
}

export interface Command {
  /** As typed: `search`, or `token create` below a group. */
  name: string;
  summary: string;
  /** Positional arguments in help: `QUERY`, `[QUERY]`, `NAME`. */
  arguments?: string;
  /** Fewest and most positional arguments; none by default. */
  positionals?: [number, number];
  /** Positionals are a query: arguments such as `-level:debug` are text of it and no options. */
  query?: boolean;
  options?: Record<string, Option>;
  /** Command lines and what they do; shown by --help. */
  examples: [line: string, does: string][];
  /** Longer help, printed between options and examples. */
  notes?: string;
  run(args: Arguments, io: Io): Promise<number>;
}

/** Commands with a word in common: `token create`, `token list`. */
export interface CommandGroup {
  name: string;
  summary: string;
  commands: Command[];
  /** The command that the group's name alone stands for; without one it is help. */
  alone?: string;
}

export interface Arguments {
  positionals: string[];
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  flag(name: string): boolean;
  list(name: string): string[];
}

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends Error {
  readonly command: string;

  constructor(command: string, message: string) {
    super(message);
    this.name = 'UsageError';
    this.command = command;
  }
}

/** Options every command takes. */
export const COMMON: Record<string, Option> = {
  config: {
    type: 'text',
    short: 'c',
    value: 'FILE',
    help: 'configuration file (default ./fleetlog.yml, then /etc/fleetlog/fleetlog.yml)',
  },
  set: { type: 'list', value: 'KEY=VALUE', help: 'a configuration key for this run, e.g. --set http.port=9000' },
  help: { type: 'flag', short: 'h', help: 'this help' },
};

/** Options of commands that talk to a server. */
export const CLIENT: Record<string, Option> = {
  url: { type: 'text', value: 'URL', help: 'server to ask (else FLEETLOG_URL, else the configured listener)' },
};

/** Reads a command's arguments. Throws UsageError, naming the nearest known option or the wanted value. */
export function parseCommand(command: Command, args: readonly string[]): Arguments {
  const known: Record<string, Option> = { ...command.options, ...COMMON };
  const fail = (message: string): never => {
    throw new UsageError(command.name, message);
  };
  // `-level:debug` is a negated term of a query; parseArgs would read single letters.
  const kept = command.query ? args.map((arg, i) => (/^-[^-\s].*[:：]/.test(arg) ? `\0${i}` : arg)) : [...args];
  const { tokens } = parseArgs({
    args: kept,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(known).map(([name, option]) => [
        name,
        {
          type: option.type === 'flag' ? 'boolean' : 'string',
          multiple: true,
          ...(option.short && { short: option.short }),
        },
      ]),
    ),
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional')
      positionals.push(token.value.startsWith('\0') ? args[Number(token.value.slice(1))] : token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (!option)
      return fail(
        `unknown option ${token.rawName}${didYouMean(
          token.rawName,
          Object.keys(known).map((name) => `--${name}`),
        )}`,
      );
    if (option.type === 'flag') {
      if (token.value !== undefined) fail(`${token.rawName} takes no value`);
      values.set(token.name, ['true']);
      continue;
    }
    if (token.value === undefined)
      return fail(`${token.rawName} needs a value: ${token.rawName} ${option.value ?? 'VALUE'}`);
    const problem = checkOption(option, token.value);
    if (problem) fail(`${token.rawName} ${token.value}: ${problem}`);
    values.set(token.name, option.type === 'list' ? [...(values.get(token.name) ?? []), token.value] : [token.value]);
  }
  const help = values.has('help');
  const [fewest, most] = command.positionals ?? [0, 0];
  if (!help && positionals.length < fewest) fail(`${command.name} needs ${command.arguments}`);
  if (!help && positionals.length > most) fail(`${command.name} does not take the argument "${positionals[most]}"`);
  return {
    positionals,
    text: (name) => values.get(name)?.at(-1),
    number: (name) => (values.has(name) ? Number(values.get(name)?.at(-1)) : undefined),
    flag: (name) => values.has(name),
    list: (name) => values.get(name) ?? [],
  };
}

function checkOption(option: Option, value: string): string | null {
  if (option.choices && !option.choices.includes(value)) {
    return `not one of ${option.choices.join(', ')}${didYouMean(value, option.choices)}`;
  }
  if (option.type !== 'number') return null;
  if (!/^\d+$/.test(value)) return 'not a whole number';
  return Number(value) < (option.minimum ?? 0) ? `less than ${option.minimum ?? 0}` : null;
}
