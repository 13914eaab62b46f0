import type { ApiToken } from '../../api/contract.ts';
import { createClient } from '../client.ts';
import { CLIENT, type CommandGroup, EXIT } from '../command.ts';
import { localTime } from '../record-line.ts';
import { scopeArgument, scopesText } from '../scope-argument.ts';
import { table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { writeAll } from '../write.ts';

const JSON_OUTPUT = {
  type: 'text',
  short: 'o',
  choices: ['text', 'json'],
  help: 'text for people, json for scripts',
} as const;

export const token: CommandGroup = {
  name: 'token',
  summary: 'Tokens for programs, collectors and metrics',
  commands: [
    {
      name: 'token create',
      summary: 'Make a token; its secret is shown once',
      arguments: 'NAME',
      positionals: [1, 1],
      options: {
        role: {
          type: 'text',
          choices: ['admin', 'reader', 'collector', 'push', 'metrics'],
          help: 'what it may do (default reader)',
        },
        scope: { type: 'list', value: 'APP/ENV', help: 'only these apps and envs, * for any characters (repeatable)' },
        host: {
          type: 'text',
          value: 'HOST',
          help: 'collector: the only host it may write; push: the host of lines that name none',
        },
        days: { type: 'number', value: 'N', minimum: 1, help: 'days until it expires (default: never)' },
        output: JSON_OUTPUT,
        ...CLIENT,
      },
      examples: [
        ['fleetlog token create ci --scope shop/prod --days 90', 'reads one app for a quarter'],
        ['fleetlog token create web-07 --role collector --host web-07', 'lets one host send its logs here'],
        [
          'fleetlog token create fluent-bit --role push --scope shop/prod',
          'lets another shipper send lines of one app',
        ],
        ['fleetlog token create prometheus --role metrics', 'reads /metrics from another machine'],
      ],
      async run(args, io) {
        const client = await createClient(args, io);
        const created = await client.send<{ token: ApiToken; secret: string }>('POST', 'tokens', {
          name: args.positionals[0],
          role: args.text('role') ?? 'reader',
          ...(args.list('scope').length > 0 && {
            scopes: args.list('scope').map((text) => scopeArgument('token create', text)),
          }),
          ...(args.text('host') && { host: args.text('host') }),
          ...(args.number('days') !== undefined && { days: args.number('days') }),
        });
        if (args.text('output') === 'json') await writeAll(io.stdout, `${JSON.stringify(created, null, 2)}\n`);
        else {
          io.stderr.write(`token ${created.token.id} made; this is its secret, shown only now:\n`);
          await writeAll(io.stdout, `${created.secret}\n`);
        }
        return EXIT.ok;
      },
    },
    {
      name: 'token list',
      summary: 'Tokens with role, scope, expiry and last use',
      options: { output: JSON_OUTPUT, ...CLIENT },
      examples: [['fleetlog token list', 'every token; secrets are not kept and cannot be shown']],
      async run(args, io) {
        const client = await createClient(args, io);
        const { items } = await client.get<{ items: ApiToken[] }>('tokens');
        if (args.text('output') === 'json') await writeAll(io.stdout, `${JSON.stringify({ items }, null, 2)}\n`);
        else if (items.length === 0) io.stderr.write('no tokens\n');
        else
          await writeAll(
            io.stdout,
            table(items, [
              { title: 'ID', cell: (one) => one.id },
              { title: 'NAME', cell: (one) => visible(one.name) },
              { title: 'ROLE', cell: (one) => one.role },
              { title: 'SCOPE', cell: (one) => visible(one.host ? `host ${one.host}` : scopesText(one.scopes)) },
              { title: 'EXPIRES', cell: (one) => (one.expiresAt ? localTime(one.expiresAt) : 'never') },
              { title: 'LAST USED', cell: (one) => (one.lastUsedAt ? localTime(one.lastUsedAt) : 'never') },
            ]),
          );
        return EXIT.ok;
      },
    },
    {
      name: 'token revoke',
      summary: 'Take a token back; it stops working at once',
      arguments: 'ID',
      positionals: [1, 1],
      options: { ...CLIENT },
      examples: [['fleetlog token revoke ID', 'ids come from "fleetlog token list"']],
      async run(args, io) {
        const client = await createClient(args, io);
        await client.send('DELETE', `tokens/${encodeURIComponent(args.positionals[0])}`);
        io.stderr.write(`token ${args.positionals[0]} revoked\n`);
        return EXIT.ok;
      },
    },
  ],
};
