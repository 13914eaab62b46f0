import type { ApiUser } from '../../api/contract.ts';
import { createClient } from '../client.ts';
import { type Arguments, CLIENT, type Command, type CommandGroup, EXIT, type Io, UsageError } from '../command.ts';
import { localTime } from '../record-line.ts';
import { scopeArgument, scopesText } from '../scope-argument.ts';
import { askSecret, readSecret } from '../terminal/prompt.ts';
import { table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { writeAll } from '../write.ts';

const PASSWORD = {
  'password-stdin': { type: 'flag', help: 'read the password from standard input instead of asking' },
} as const;

export const user: CommandGroup = {
  name: 'user',
  summary: 'People who sign in',
  commands: [
    {
      name: 'user add',
      summary: 'Add a person; asks for the password without showing it',
      arguments: 'NAME',
      positionals: [1, 1],
      options: {
        role: { type: 'text', choices: ['admin', 'reader'], help: 'admin manages users and tokens (default reader)' },
        scope: { type: 'list', value: 'APP/ENV', help: 'only these apps and envs, * for any characters (repeatable)' },
        ...PASSWORD,
        ...CLIENT,
      },
      examples: [
        ['fleetlog user add lin --scope shop/*', 'reads the logs of shop in every env'],
        [
          'pass show fleetlog/ops | fleetlog user add ops --role admin --password-stdin',
          'an admin, from a password store',
        ],
      ],
      async run(args, io) {
        const client = await createClient(args, io);
        const scopes = args.list('scope').map((text) => scopeArgument('user add', text));
        const password = await newPassword('user add', args, io);
        await client.send('POST', 'users', {
          name: args.positionals[0],
          password,
          role: args.text('role') ?? 'reader',
          ...(scopes.length > 0 && { scopes }),
        });
        io.stderr.write(`user ${args.positionals[0]} added; sign in at ${client.url}\n`);
        return EXIT.ok;
      },
    },
    {
      name: 'user list',
      summary: 'People with role, scope and last sign-in',
      options: {
        output: { type: 'text', short: 'o', choices: ['text', 'json'], help: 'text for people, json for scripts' },
        ...CLIENT,
      },
      examples: [['fleetlog user list', 'everyone who may sign in']],
      async run(args, io) {
        const client = await createClient(args, io);
        const { items } = await client.get<{ items: ApiUser[] }>('users');
        if (args.text('output') === 'json') await writeAll(io.stdout, `${JSON.stringify({ items }, null, 2)}\n`);
        else if (items.length === 0) io.stderr.write('no users\n');
        else
          await writeAll(
            io.stdout,
            table(items, [
              { title: 'NAME', cell: (one) => visible(one.name) },
              { title: 'ROLE', cell: (one) => one.role },
              { title: 'SCOPE', cell: (one) => visible(scopesText(one.scopes)) },
              { title: 'STATE', cell: (one) => (one.disabled ? 'disabled' : 'active') },
              { title: 'LAST SIGN-IN', cell: (one) => (one.lastLoginAt ? localTime(one.lastLoginAt) : 'never') },
            ]),
          );
        return EXIT.ok;
      },
    },
    change('user disable', 'Shut a person out; sessions end at once', 'disabled', { disabled: true }),
    change('user enable', 'Let a disabled person in again', 'enabled', { disabled: false }),
    {
      name: 'user password',
      summary: 'Set a new password; sessions end at once',
      arguments: 'NAME',
      positionals: [1, 1],
      options: { ...PASSWORD, ...CLIENT },
      examples: [['fleetlog user password lin', 'asks for the new password']],
      async run(args, io) {
        const client = await createClient(args, io);
        const password = await newPassword('user password', args, io);
        await client.send('PATCH', `users/${encodeURIComponent(args.positionals[0])}`, { password });
        io.stderr.write(`password of ${args.positionals[0]} changed\n`);
        return EXIT.ok;
      },
    },
  ],
};

function change(name: string, summary: string, done: string, body: object): Command {
  return {
    name,
    summary,
    arguments: 'NAME',
    positionals: [1, 1],
    options: { ...CLIENT },
    examples: [[`fleetlog ${name} lin`, summary]],
    async run(args, io) {
      const client = await createClient(args, io);
      await client.send('PATCH', `users/${encodeURIComponent(args.positionals[0])}`, body);
      io.stderr.write(`user ${args.positionals[0]} ${done}\n`);
      return EXIT.ok;
    },
  };
}

async function newPassword(command: string, args: Arguments, io: Io): Promise<string> {
  if (args.flag('password-stdin')) return readSecret(io);
  const first = await askSecret(io, 'Password: ');
  if (first === null) throw new UsageError(command, 'no password given; without a terminal use --password-stdin');
  const second = await askSecret(io, 'Once more: ');
  if (first !== second) throw new UsageError(command, 'the two passwords differ');
  return first;
}
