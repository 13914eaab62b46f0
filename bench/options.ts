import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from './report.ts';

export interface BenchOptions {
  /** Bytes of messages generated for collect, ingest and query. */
  messageBytes: number;
  seed: number;
  /** Where data and stores are kept; needs about three times `messageBytes`. */
  dir: string;
  /** Length of the latency, idle and stats runs, seconds. */
  seconds: number;
  /** Lines a second of the latency run. */
  rate: number;
  /** Quiet files of the idle run. */
  files: number;
  /** Times a query is asked. */
  repeats: number;
  /** Days of figures of the metrics run. */
  days: number;
  report: Report;
}

export const USAGE = `usage: npm run bench -- [collect] [ingest] [query] [latency] [idle] [metrics] [stats] [fleet] [page] [patterns] [options]

  --gb N        bytes of messages to generate, in GB (1)
  --mb N        the same in MB
  --seed N      seed of the generated data (1)
  --seconds N   length of the latency, idle and stats runs (60)
  --rate N      lines a second of the latency run (5000)
  --files N     quiet files of the idle run (2000)
  --repeats N   times each query is asked (30)
  --days N      days of figures of the metrics run (7)
  --dir PATH    where data and stores are kept (test/.out/bench)

Without a name the first seven run, one after the other; fleet starts a Kafka and an Elasticsearch of its own, page a Chromium.
`;

export const BENCHES = [
  'collect',
  'ingest',
  'query',
  'latency',
  'idle',
  'metrics',
  'stats',
  'fleet',
  'page',
  'patterns',
] as const;
/** What runs without a name. */
const USUAL = 7;
export type BenchName = (typeof BENCHES)[number];

/** Throws an Error with a sentence for the user when the arguments make no sense. */
export function readOptions(args: string[], report: Report): { names: BenchName[]; options: BenchOptions } | null {
  const number = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      gb: number,
      mb: number,
      seed: number,
      seconds: number,
      rate: number,
      files: number,
      repeats: number,
      days: number,
      dir: number,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return null;
  for (const name of positionals) {
    if (!BENCHES.includes(name as BenchName))
      throw new Error(`there is no bench "${name}"; there are: ${BENCHES.join(', ')}`);
  }
  const read = (name: string, text: string | undefined, otherwise: number): number => {
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!(value > 0)) throw new Error(`--${name} needs a number above 0`);
    return value;
  };
  const bytes = values.mb === undefined ? read('gb', values.gb, 1) * 1e9 : read('mb', values.mb, 0) * 1e6;
  return {
    names: positionals.length > 0 ? (positionals as BenchName[]) : BENCHES.slice(0, USUAL),
    options: {
      messageBytes: bytes,
      seed: read('seed', values.seed, 1),
      seconds: read('seconds', values.seconds, 60),
      rate: read('rate', values.rate, 5_000),
      files: read('files', values.files, 2_000),
      repeats: read('repeats', values.repeats, 30),
      days: read('days', values.days, 7),
      dir: resolve(values.dir ?? 'test/.out/bench'),
      report,
    },
  };
}
