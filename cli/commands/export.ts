import { open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FleetlogError } from '../../model/errors.ts';
import { createClient } from '../client.ts';
import { CLIENT, type Command, EXIT, type Io } from '../command.ts';
import { queryText, RANGE, rangeParams, SCOPE, scopeParams } from '../log-options.ts';
import { bytesText, createProgress } from '../terminal/progress.ts';
import { writeAll } from '../write.ts';

export const exportLines: Command = {
  name: 'export',
  summary: 'All lines of a query, of any size, streamed to standard output or a file',
  arguments: '[QUERY]',
  positionals: [0, Number.POSITIVE_INFINITY],
  query: true,
  options: {
    ...SCOPE,
    ...RANGE,
    order: { type: 'text', choices: ['asc', 'desc'], help: 'asc oldest first (default), desc newest first' },
    format: {
      type: 'text',
      choices: ['ndjson', 'text', 'csv'],
      help: 'ndjson (default), text, or csv safe for spreadsheets',
    },
    file: { type: 'text', value: 'FILE', help: 'write here instead; the file appears when it is complete' },
    ...CLIENT,
  },
  examples: [
    ['fleetlog export --app shop --since 24h | zstd > shop.ndjson.zst', 'a day of an app, compressed on the way'],
    ["fleetlog export 'level:error' --since 7d --format csv --file errors.csv", 'errors of a week for a spreadsheet'],
  ],
  async run(args, io) {
    const client = await createClient(args, io);
    const params = {
      query: queryText(args),
      ...scopeParams(args),
      ...rangeParams('export', args),
      format: args.text('format') ?? 'ndjson',
      order: args.text('order'),
    };
    const response = await client.stream('logs/export', params, { accept: '*/*' });
    const body = response.body as AsyncIterable<Uint8Array>;
    const file = args.text('file');
    if (file === undefined) await copy(body, (chunk) => writeAll(io.stdout, chunk), io);
    else await copyToFile(body, resolve(io.cwd, file), io);
    return EXIT.ok;
  },
};

async function copy(
  body: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<unknown>,
  io: Io,
): Promise<number> {
  const progress = createProgress(io.stderr, 'exporting');
  const started = performance.now();
  let bytes = 0;
  try {
    for await (const chunk of body) {
      await write(chunk);
      bytes += chunk.length;
      const seconds = Math.max(0.001, (performance.now() - started) / 1000);
      progress.update(bytes, null, `${bytesText(bytes)}, ${bytesText(bytes / seconds)}/s`);
    }
  } catch (cause) {
    throw new FleetlogError('unavailable', `cannot export to the end: the stream broke off after ${bytesText(bytes)}`, {
      cause,
      hint: 'What was written is not complete. Run it again, with a shorter range if it keeps happening.',
    });
  } finally {
    progress.clear();
  }
  return bytes;
}

async function copyToFile(body: AsyncIterable<Uint8Array>, path: string, io: Io): Promise<void> {
  const part = `${path}.part`;
  // Logs may hold what only their readers should see.
  const handle = await open(part, 'w', 0o600);
  try {
    const bytes = await copy(body, (chunk) => handle.writeFile(chunk), io);
    await handle.sync();
    await handle.close();
    await rename(part, path);
    io.stderr.write(`${bytesText(bytes)} in ${path}\n`);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}
