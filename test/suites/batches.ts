import type { LinesBatch } from '../../model/batch.ts';
import type { Source } from '../../model/source.ts';

/** A complete source; tests name only what they are about. */
export function source(overrides: Partial<Source> = {}): Source {
  return {
    host: 'h1',
    container: 'c'.repeat(64),
    containerName: 'shop-1',
    image: 'shop',
    version: '1',
    app: 'shop',
    env: 'prod',
    instance: 'shop-1',
    path: '/logs/shop.log',
    reader: 'json-file',
    named: { app: 'test', env: 'test' },
    labels: {},
    ...overrides,
  };
}

export interface LinesBatchInput {
  source?: Source;
  fid?: string;
  gen?: number;
  start?: number;
  messages: (string | Uint8Array)[];
  /** µs; by default one second apart from 2026-11-21. */
  times?: number[];
  levels?: number[];
  flags?: number[];
  kind?: 'lines' | 'events';
}

/** A lines batch whose raw lines are the messages plus a newline each. */
export function linesBatch(input: LinesBatchInput): LinesBatch {
  const messages = input.messages.map((m) => (typeof m === 'string' ? Buffer.from(m) : m));
  const count = messages.length;
  const start = input.start ?? 0;
  const offsets = new Float64Array(count);
  const ends = new Uint32Array(count);
  let at = start;
  let end = 0;
  messages.forEach((message, i) => {
    offsets[i] = at;
    at += message.length + 1;
    end += message.length;
    ends[i] = end;
  });
  return {
    kind: input.kind ?? 'lines',
    source: input.source ?? source(),
    fid: input.fid ?? '0'.repeat(31).concat('1'),
    gen: input.gen ?? 1,
    start,
    end: at,
    collectedAt: 1_795_219_200_000_000,
    count,
    times: Float64Array.from({ length: count }, (_, i) => input.times?.[i] ?? 1_795_219_200_000_000 + i * 1e6),
    offsets,
    ends,
    flags: Uint8Array.from({ length: count }, (_, i) => input.flags?.[i] ?? 0),
    levels: Uint8Array.from({ length: count }, (_, i) => input.levels?.[i] ?? 0),
    joins: new Uint32Array(0),
    dropped: {},
    messages: Buffer.concat(messages),
  };
}
