import type { ApiRecord, ContextAnswer } from '../../api/contract.ts';
import { createClient } from '../client.ts';
import { CLIENT, type Command, EXIT } from '../command.ts';
import { RECORD_OUTPUT } from '../log-options.ts';
import { createRecordPrinter } from '../record-line.ts';
import { paletteFor } from '../terminal/color.ts';
import { writeAll } from '../write.ts';

export const context: Command = {
  name: 'context',
  summary: 'The lines around one line, unfiltered and in file order',
  arguments: 'ID',
  positionals: [1, 1],
  options: {
    before: { type: 'number', short: 'B', value: 'N', help: 'lines before it (default 20)' },
    after: { type: 'number', short: 'A', value: 'N', help: 'lines after it (default 20)' },
    scope: {
      type: 'text',
      choices: ['source', 'app', 'host'],
      help: 'of its own file (default), its app, or its host',
    },
    output: { type: 'text', short: 'o', choices: ['text', 'json'], help: 'text for people, json for scripts' },
    ...RECORD_OUTPUT,
    ...CLIENT,
  },
  examples: [
    ['fleetlog search trace-4711 -o ndjson | jq -r .id', 'ids come from search'],
    ['fleetlog context ID --before 5 --after 50', 'five lines before and fifty after'],
    ['fleetlog context ID --scope app', 'what all replicas of the app wrote around then'],
  ],
  async run(args, io) {
    const client = await createClient(args, io);
    const answer = await client.get<ContextAnswer>('logs/context', {
      id: args.positionals[0],
      before: args.number('before') ?? 20,
      after: args.number('after') ?? 20,
      scope: args.text('scope'),
    });
    if (args.text('output') === 'json') {
      await writeAll(io.stdout, `${JSON.stringify(answer, null, 2)}\n`);
      return EXIT.ok;
    }
    const palette = paletteFor(io.stdout, io.env);
    const format = createRecordPrinter({ palette, utc: args.flag('utc'), raw: args.flag('raw'), hits: null });
    const line = (record: ApiRecord) => `  ${format(record)}`;
    const anchor = `${palette.bold('>')} ${format(answer.anchor)}`;
    await writeAll(io.stdout, [...answer.before.map(line), anchor, ...answer.after.map(line)].join(''));
    return EXIT.ok;
  },
};
