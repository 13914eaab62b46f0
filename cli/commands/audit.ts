import type { ChainHead } from '../../api/audit/entry.ts';
import type { ApiAuditEntry, AuditChainAnswer } from '../../api/audit/shapes.ts';
import { createVerifier } from '../../api/audit/verify.ts';
import { createClient } from '../client.ts';
import { ServerError } from '../client-errors.ts';
import { type Arguments, CLIENT, type Command, type CommandGroup, EXIT, type Io, UsageError } from '../command.ts';
import { localTime } from '../record-line.ts';
import { table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { timeArgument } from '../time-argument.ts';
import { writeAll } from '../write.ts';

const PAGE = 1_000;

const list: Command = {
  name: 'audit list',
  summary: 'Who did what, newest first',
  options: {
    since: { type: 'text', value: 'TIME', help: 'from then on: 2h, 7d, 10:30, 2026-11-21 (default 24h)' },
    until: { type: 'text', value: 'TIME', help: 'up to then' },
    actor: { type: 'list', value: 'WHO', help: 'user:ann, token:*, unknown (repeatable)' },
    action: { type: 'list', value: 'WHAT', help: 'login, logs.*, user.* (repeatable)' },
    limit: { type: 'number', short: 'n', value: 'N', minimum: 1, help: 'at most so many entries (default 100)' },
    output: {
      type: 'text',
      short: 'o',
      choices: ['text', 'json'],
      help: 'text for people, json (one a line) for scripts',
    },
    ...CLIENT,
  },
  examples: [
    ['fleetlog audit --since 7d --action login', 'every sign-in of a week'],
    ['fleetlog audit --actor user:ann --action "logs.*"', 'what Ann read since yesterday'],
    ['fleetlog audit --since 30d -n 100000 -o json', 'a month for another program'],
  ],
  async run(args, io) {
    const client = await createClient(args, io);
    const wanted = args.number('limit') ?? 100;
    const params = {
      from: timeArgument('audit list', 'since', args.text('since') ?? '24h'),
      to: timeArgument('audit list', 'until', args.text('until')),
      actor: args.list('actor'),
      action: args.list('action'),
    };
    const shown: ApiAuditEntry[] = [];
    let cursor: string | undefined;
    let count = 0;
    do {
      const limit = Math.min(PAGE, wanted - count);
      const page = await client.get<{ items: ApiAuditEntry[]; next: string | null; notes: { code: string }[] }>(
        'audit',
        {
          ...params,
          limit,
          cursor,
        },
      );
      for (const note of page.notes)
        if (note.code === 'audit_broken')
          io.stderr.write('a part of the audit log cannot be read: fleetlog audit verify\n');
      count += page.items.length;
      if (args.text('output') !== 'json') shown.push(...page.items);
      else await writeAll(io.stdout, page.items.map((one) => `${JSON.stringify(one)}\n`).join(''));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && count < wanted);
    if (count === 0) io.stderr.write('no entries\n');
    else if (args.text('output') !== 'json') await writeAll(io.stdout, entriesTable(shown));
    if (cursor !== undefined) io.stderr.write(`there are more; --limit was ${wanted}\n`);
    return EXIT.ok;
  },
};

const verify: Command = {
  name: 'audit verify',
  summary: 'Check that no entry was changed, taken out or put in',
  options: {
    head: {
      type: 'text',
      value: 'SEQ:HASH',
      help: 'an end of the chain that was printed before: it must still be in there',
    },
    ...CLIENT,
  },
  examples: [
    ['fleetlog audit verify', 'says how far the chain reaches, or names the first broken entry'],
    ['fleetlog audit verify --head 48211:9f2c…', 'also finds a chain that was made anew since that was printed'],
  ],
  notes:
    'The hashes are computed here, from the entries as the server gives them. Keep what it prints outside the server: with --head\n' +
    'a later run finds out whether somebody with access to the store has rewritten the chain as a whole. Exit code 1: it is broken.',
  async run(args, io) {
    const client = await createClient(args, io);
    const verifier = createVerifier(headArgument(args));
    let cursor: number | undefined;
    try {
      do {
        const page: AuditChainAnswer = await client.get<AuditChainAnswer>('audit/chain', { cursor });
        if (verifier.add({ entries: page.items, base: page.base, tip: page.tip })) break;
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== 'corrupt') throw error;
      return broken(io, `entry ${verifier.next()}: the segment that holds it is missing or cannot be read`);
    }
    const verdict = verifier.end();
    if (!verdict.ok) return broken(io, `entry ${verdict.seq}: ${verdict.why}; ${verdict.entries} before it are intact`);
    const { entries, from, head } = verdict;
    const removed = from.seq > 0 ? `, after ${from.seq} removed by age` : '';
    await writeAll(io.stdout, `intact: ${entries} entries${removed}\nhead ${head.seq}:${head.hash}\n`);
    return EXIT.ok;
  },
};

export const audit: CommandGroup = {
  name: 'audit',
  summary: 'Who read and changed what, and whether that log is intact',
  commands: [list, verify],
  alone: 'audit list',
};

function broken(io: Io, what: string): number {
  io.stderr.write(`the audit log is broken at ${what}\n`);
  return EXIT.failure;
}

function headArgument(args: Arguments): ChainHead | null {
  const text = args.text('head');
  if (text === undefined) return null;
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (!match) throw new UsageError('audit verify', `--head ${text}: wanted SEQ:HASH as an earlier run printed it`);
  return { seq: Number(match[1]), hash: match[2] };
}

function entriesTable(entries: ApiAuditEntry[]): string {
  return table(entries, [
    { title: 'TIME', cell: (one) => localTime(one.time) },
    { title: 'WHO', cell: (one) => visible(one.actor) },
    { title: 'FROM', cell: (one) => visible(one.ip ?? '-') },
    { title: 'ACTION', cell: (one) => visible(one.action) },
    { title: 'TARGET', cell: (one) => visible(one.target ?? '-') },
    { title: 'ENDED', cell: (one) => one.outcome },
    { title: 'DETAIL', cell: (one) => visible(JSON.stringify(one.detail)) },
  ]);
}
