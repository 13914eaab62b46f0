import type { ApiMove } from '../../api/contract.ts';
import { createClient } from '../client.ts';
import { ServerError } from '../client-errors.ts';
import { CLIENT, type Command, EXIT, type Io, UsageError } from '../command.ts';
import { loadConfig } from '../config.ts';
import { createProgress } from '../terminal/progress.ts';

const POLL_MS = 500;

export const move: Command = {
  name: 'move',
  summary: 'Copy everything the running server keeps to Elasticsearch, while both work',
  options: {
    to: { type: 'text', choices: ['elasticsearch'], help: 'where to' },
    'target-config': {
      type: 'text',
      value: 'FILE',
      help: 'configuration of the fleet: its elasticsearch and retention sections name the destination',
    },
    status: { type: 'flag', help: 'only show where a move stands' },
    stop: { type: 'flag', help: 'stop the move; a later one goes on from there' },
    ...CLIENT,
  },
  examples: [
    [
      'fleetlog move --to elasticsearch --target-config fleet.yml',
      'begins, or goes on, and shows a bar until it is done',
    ],
    ['fleetlog move --status', 'where it stands'],
  ],
  notes:
    'Point the collectors at the fleet first; then move. Lines keep their ids, so links keep working, and moving again doubles nothing. ' +
    'Ctrl-C leaves the move running in the server; --stop stops it.',
  async run(args, io) {
    const client = await createClient(args, io);
    if (args.flag('status')) return show(await client.get<ApiMove>('move'), io);
    if (args.flag('stop')) return show(await client.send<ApiMove>('DELETE', 'move'), io);
    if (args.text('to') === undefined) throw new UsageError(move.name, 'name the destination: --to elasticsearch');
    const file = args.text('target-config');
    const { config: fleet } = await loadConfig({ file, set: args.list('set'), env: io.env, cwd: io.cwd });
    const { elasticsearch, retention } = fleet;
    if (elasticsearch.nodes.length === 0)
      throw new UsageError(
        move.name,
        'elasticsearch.nodes is empty: name a file with --target-config, or set FLEETLOG_ELASTICSEARCH_NODES',
      );
    try {
      await client.send('POST', 'move', { to: 'elasticsearch', elasticsearch, retention });
    } catch (error) {
      // One is under way: watch that one.
      if (!(error instanceof ServerError) || error.code !== 'already_exists') throw error;
      io.stderr.write('a move is under way already; this is it\n');
    }
    const progress = createProgress(io.stderr, 'moving');
    for (;;) {
      const now = await client.get<ApiMove>('move');
      if (now.state !== 'running') {
        progress.clear();
        return show(now, io);
      }
      const note = `${now.moved.toLocaleString('en')} of ${now.records.toLocaleString('en')} lines`;
      progress.update(now.moved, now.records, note);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  },
};

function show(status: ApiMove, io: Io): number {
  const { moved, records, had, tooOld, people, target } = status;
  const lines = `${moved.toLocaleString('en')} of ${records.toLocaleString('en')} lines`;
  const extra = [
    had > 0 ? `${had.toLocaleString('en')} were there already` : '',
    tooOld > 0 ? `${tooOld.toLocaleString('en')} are older than is kept there` : '',
    `${people.moved} users, tokens and views${people.kept > 0 ? `, ${people.kept} were there already` : ''}`,
  ];
  io.stdout.write(`${status.state}: ${lines} to ${target} (${extra.filter(Boolean).join('; ')})\n`);
  if (status.error) io.stderr.write(`${status.error}\n  Start it again to go on from there.\n`);
  return status.state === 'failed' ? EXIT.failure : EXIT.ok;
}
