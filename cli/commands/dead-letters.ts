import { join } from 'node:path';
import type { ApiToken } from '../../api/contract.ts';
import { openDeadLetterBox } from '../../ingest/dead-letters.ts';
import { systemClock } from '../../model/clock.ts';
import type { Config } from '../../model/config.ts';
import type { DeadLetter, DeadLetterBox } from '../../model/dead-letters.ts';
import { decodeBatch } from '../../transport/batch-codec.ts';
import { type Client, createClient } from '../client.ts';
import { ServerError } from '../client-errors.ts';
import { type Arguments, CLIENT, type Command, type CommandGroup, EXIT, type Io, UsageError } from '../command.ts';
import { loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { localTime } from '../record-line.ts';
import { bytesText, createProgress } from '../terminal/progress.ts';
import { table } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { writeAll } from '../write.ts';

const list: Command = {
  name: 'dead-letters list',
  summary: 'Batches that could not be read, kept raw, with why',
  options: {
    output: { type: 'text', short: 'o', choices: ['text', 'json'], help: 'text for people, json for scripts' },
  },
  examples: [['fleetlog dead-letters list', 'run it where the data is']],
  async run(args, io) {
    const letters = await withBox(args, io, (box) => box.list());
    if (args.text('output') === 'json') await writeAll(io.stdout, `${JSON.stringify({ items: letters }, null, 2)}\n`);
    else if (letters.length === 0) io.stderr.write('no dead letters\n');
    else await writeAll(io.stdout, letterTable(letters));
    return EXIT.ok;
  },
};

const redrive: Command = {
  name: 'dead-letters redrive',
  summary: 'Offer every dead letter to the running server again; those it takes are removed',
  options: { ...CLIENT },
  examples: [['fleetlog dead-letters redrive', 'after an upgrade that can read them; exit code 1 when some are left']],
  async run(args, io) {
    return withBox(args, io, (box) => redriveAll(box, args, io));
  },
};

async function redriveAll(box: DeadLetterBox, args: Arguments, io: Io): Promise<number> {
  const total = (await box.list()).length;
  if (total === 0) {
    io.stderr.write('no dead letters\n');
    return EXIT.ok;
  }
  const client = await createClient(args, io);
  const tokens = createHostTokens(client);
  const progress = createProgress(io.stderr, 'driving again');
  let offered = 0;
  let outage: unknown;
  const { taken, left } = await box
    .redrive(async (letter) => {
      progress.update(++offered, total, `${offered} of ${total}`);
      // Without this a server that is away would be asked once a letter.
      if (outage) throw outage;
      const batch = decodeBatch(letter);
      try {
        const token = await tokens.for('source' in batch ? batch.source.host : batch.host);
        await client.sendBytes('collect', new Uint8Array(letter), 'application/x-fleetlog-batch', token);
      } catch (error) {
        if (!(error instanceof ServerError) || error.code !== 'bad_batch') outage = error;
        throw error;
      }
    })
    .finally(() => tokens.revoke());
  progress.clear();
  if (outage) throw outage;
  io.stderr.write(`${taken} taken, ${left} left\n`);
  return left > 0 ? EXIT.failure : EXIT.ok;
}

const drop: Command = {
  name: 'dead-letters drop',
  summary: 'Delete dead letters for good',
  arguments: '[ID ...]',
  positionals: [0, Number.POSITIVE_INFINITY],
  options: { all: { type: 'flag', help: 'all of them' } },
  examples: [
    ['fleetlog dead-letters drop 1795256697961032-000000', 'one of them; ids come from the list'],
    ['fleetlog dead-letters drop --all', 'all of them'],
  ],
  async run(args, io) {
    if (args.flag('all') === args.positionals.length > 0) throw new UsageError(drop.name, 'name ids, or --all');
    return withBox(args, io, async (box) => {
      const known = (await box.list()).map((letter) => letter.id);
      const unknown = args.positionals.find((id) => !known.includes(id));
      if (unknown !== undefined) throw new UsageError(drop.name, `there is no dead letter ${unknown}`);
      const gone = args.flag('all') ? known : args.positionals;
      await box.drop([...gone]);
      io.stderr.write(`${gone.length} dropped\n`);
      return EXIT.ok;
    });
  },
};

export const deadLetters: CommandGroup = {
  name: 'dead-letters',
  summary: 'Batches that could not be read',
  commands: [list, redrive, drop],
};

/** A batch is taken from its own host only, so each host's letters go under a token of that host that lives as long as the command. */
function createHostTokens(client: Client): { for(host: string): Promise<string>; revoke(): Promise<void> } {
  const made = new Map<string, { token: ApiToken; secret: string }>();
  return {
    async for(host) {
      const known = made.get(host);
      if (known) return known.secret;
      const wanted = { name: 'dead-letters redrive', role: 'collector', host, days: 1 };
      const one = await client.send<{ token: ApiToken; secret: string }>('POST', 'tokens', wanted);
      made.set(host, one);
      return one.secret;
    },
    async revoke() {
      for (const { token } of made.values()) await client.send('DELETE', `tokens/${token.id}`).catch(() => undefined);
    },
  };
}

/** The letters of this data directory, or those that a fleet keeps with its brokers. */
async function withBox<T>(args: Arguments, io: Io, use: (box: DeadLetterBox) => Promise<T>): Promise<T> {
  const { config } = await loadConfig({ file: args.text('config'), set: args.list('set'), env: io.env, cwd: io.cwd });
  const box = await openBox(config, io);
  try {
    return await use(box);
  } finally {
    await box.close();
  }
}

async function openBox(config: Config, io: Io): Promise<DeadLetterBox> {
  if (config.kafka.brokers.length === 0) return openDeadLetterBox(join(config.dataDir, 'dead-letters'));
  const { openKafkaDeadLetters } = await import('../../transport/kafka/dead-letters.ts');
  const { deadLetterBytes: maxBytes } = config.ingest;
  return openKafkaDeadLetters({
    kafka: config.kafka,
    maxBytes,
    nowUs: systemClock.nowUs,
    log: createLog(config.log.level, io),
  });
}

function letterTable(letters: DeadLetter[]): string {
  return table(letters, [
    { title: 'ID', cell: (letter) => letter.id },
    { title: 'TIME', cell: (letter) => localTime(new Date(letter.time / 1000).toISOString()) },
    { title: 'SIZE', cell: (letter) => bytesText(letter.bytes), align: 'right' },
    { title: 'REASON', cell: (letter) => visible(letter.reason) },
  ]);
}
