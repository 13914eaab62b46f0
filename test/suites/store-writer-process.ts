import { linesBatch, source } from './batches.ts';
import { openStore } from './embedded-fixture.ts';

/**
 * A process that fills an embedded store until it is killed: `node store-writer-process.ts DIR FROM`. Line n of a file is
 * `f<file> n<n> …`; each line it prints, `<file> <n>`, says that all lines of the file up to n are acknowledged.
 */
const [, , dir, fromText] = process.argv;
const FILES = 4;
const next = fromText.split(',').map(Number);
const width = 60;

const store = await openStore(dir, { store: { flushBytes: 1 << 20, syncMs: 1, workers: 1 } });
process.stdout.write('open\n');

function batchOf(file: number) {
  const from = next[file];
  const n = 1 + ((from * 7 + file * 13) % 60);
  const messages = Array.from({ length: n }, (_, i) => `f${file} n${from + i} `.padEnd(width - 1, 'ab cd '));
  next[file] = from + n;
  return linesBatch({
    source: source({ app: `app-${file}`, container: `${file}`.repeat(64) }),
    fid: `${file + 1}`.repeat(32),
    start: from * width,
    messages,
    times: messages.map((_, i) => 1_795_219_200_000_000 + (from + i) * 1_000),
  });
}

async function fill(file: number): Promise<void> {
  for (;;) {
    await store.append([batchOf(file)]);
    process.stdout.write(`${file} ${next[file] - 1}\n`);
  }
}
setInterval(() => store.maintain().catch(() => undefined), 40);
await Promise.all(Array.from({ length: FILES }, (_, file) => fill(file)));
