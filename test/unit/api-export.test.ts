import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvCell } from '../../api/export-formats.ts';
import type { LogRecord } from '../../model/record.ts';
import type { LogStore } from '../../store/log-store.ts';
import { dose } from '../doses.ts';
import { type Harness, startHarness, T0, until } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

let h: Harness;
const range = `from=${T0}&to=${T0 + 3600e6}`;
const MESSAGES = [
  'plain',
  '=cmd|calc',
  'with "quotes", and\nnewline',
  '\u001b[31mred\u001b[0m \u009b31m 订单\ttab',
  '\u0000nul',
];

beforeAll(async () => {
  h = await startHarness();
  await h.feed(linesBatch({ messages: MESSAGES, levels: [3, 5, 0, 4, 2] }));
});
afterAll(() => h.close());

describe('export', () => {
  test('ndjson gives the records of a search, oldest first, as an attachment', async () => {
    const answer = await h.get(`/api/v1/logs/export?${range}`);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="fleetlog-[\w-]+\.ndjson"$/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const found = (await h.get(`/api/v1/logs?${range}&order=asc`)).json.records;
    expect(
      answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(found);
    const newest = await h.get(`/api/v1/logs/export?${range}&order=desc`);
    expect(JSON.parse(newest.text.split('\n')[0])).toEqual(found.at(-1));
    expect((await h.get(`/api/v1/logs/export?${range}&query=plain`)).text.trimEnd().split('\n')).toHaveLength(1);
  });

  test('text says nothing to a terminal', async () => {
    const { text } = await h.get(`/api/v1/logs/export?${range}&format=text`);
    expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
    expect(text.split('\n')[0]).toBe('2026-11-21T00:00:00.000000Z h1 shop/prod shop-1 info plain');
    expect(text).toContain('[31mred[0m 31m 订单\ttab');
  });

  test('csv has one row a record, whatever is in it', async () => {
    const { text } = await h.get(`/api/v1/logs/export?${range}&format=csv`);
    const rows = parseCsv(text);
    expect(rows[0]).toEqual([
      'time',
      'level',
      'app',
      'env',
      'host',
      'containerName',
      'instance',
      'stream',
      'message',
      'id',
    ]);
    expect(rows.slice(1).map((row) => row[8])).toEqual([
      MESSAGES[0],
      `'${MESSAGES[1]}`,
      MESSAGES[2],
      MESSAGES[3],
      `'${MESSAGES[4]}`,
    ]);
  });

  test('bad queries are refused before it begins', async () => {
    expect((await h.get(`/api/v1/logs/export?${range}&query=(`)).json.error.code).toBe('bad_query');
    expect((await h.get(`/api/v1/logs/export?${range}&format=xlsx`)).json.error).toMatchObject({
      hint: expect.stringContaining('csv'),
    });
  });
});

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

test('no cell is a formula', () => {
  const cells = [
    ...[
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      '\0=1',
      ' =1',
      '  +1',
      '＝1',
      '＋1',
      '－1',
      '＠x',
      '\u00a0=1',
      '\ufeff=1',
    ],
    ...[
      '=HYPERLINK("http://evil","x")',
      "=cmd|' /C calc'!A0",
      '-2+3+cmd|x',
      '@=1',
      '\t',
      '\r',
      '\n',
      '\0',
      '=',
      '=,=',
      '="x"',
      '="\n"',
    ],
  ];
  for (const cell of cells) {
    const written = csvCell(cell);
    expect(written.startsWith('"\'')).toBe(true);
    expect(written.endsWith('"')).toBe(true);
    expect(written.slice(1, -1).replaceAll('""', '')).not.toContain('"');
  }
  for (const cell of ['plain', 'a=b', '订单', '1', '2026-11-21', '']) expect(csvCell(cell)).toBe(cell);
  for (const cell of ['a,b', 'a"b', 'a\nb']) expect(csvCell(cell)).toBe(`"${cell.replaceAll('"', '""')}"`);
});

describe('of any size', () => {
  const TOTAL = dose(400_000, 5_000_000);
  let handed = 0;
  let aborted = 0;
  let big: Harness;

  /** A store that makes records up as they are asked for: what is exported was never in memory. */
  function endless(): LogStore {
    const text = 'x'.repeat(500);
    return {
      ...createMemoryLogStore(),
      async *scan({ signal }) {
        handed = 0;
        try {
          for (let at = 0; at < TOTAL; at += 1_000) {
            signal?.throwIfAborted();
            handed += 1_000;
            yield Array.from(
              { length: 1_000 },
              (_, i): LogRecord => ({
                fid: '0'.repeat(32),
                gen: 1,
                offset: at + i,
                time: T0 + at + i,
                source: source(),
                stream: 'stdout',
                level: null,
                message: text,
                flags: 0,
              }),
            );
          }
        } finally {
          if (signal?.aborted) aborted++;
        }
      },
    };
  }

  beforeAll(async () => {
    big = await startHarness({ store: endless(), config: (config) => void (config.query.maxExports = 2) });
  });
  afterAll(() => big.close());

  const open = (): Promise<{ response: import('node:http').IncomingMessage; close(): void }> =>
    new Promise((resolve, reject) => {
      const call = request(
        `${big.url}/api/v1/logs/export?${range}`,
        { headers: { authorization: `Bearer ${big.admin}` } },
        (response) => resolve({ response, close: () => call.destroy() }),
      );
      call.on('error', reject);
      call.end();
    });

  test('flat in memory, complete', async () => {
    // Most bytes resident in each quarter of the way: what the collector of garbage lets grow at first says nothing of size.
    const peaks = [0, 0, 0, 0, 0];
    let lines = 0;
    const { response } = await open();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      for (const byte of chunk) if (byte === 10) lines++;
      const quarter = Math.floor((lines / TOTAL) * 4);
      peaks[quarter] = Math.max(peaks[quarter], process.memoryUsage.rss());
    }
    expect(lines).toBe(TOTAL);
    expect(peaks[3] - Math.max(peaks[0], peaks[1])).toBeLessThan(96 << 20);
  });

  test('a reader that stops holds the scan, one that leaves ends it', async () => {
    const { response, close } = await open();
    response.once('data', () => response.pause());
    await until(
      async () => {
        const now = handed;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { now, later: handed };
      },
      ({ now, later }) => now > 0 && now === later,
    );
    expect(handed).toBeLessThan(TOTAL / 2);
    const before = aborted;
    close();
    await until(
      () => aborted,
      (count) => count === before + 1,
    );
  });

  test('so many at once and no more', async () => {
    const first = await open();
    const second = await open();
    const third = await open();
    expect(third.response.statusCode).toBe(429);
    expect(third.response.headers['retry-after']).toBeDefined();
    first.close();
    second.close();
    third.close();
    await until(
      async () => {
        const again = await open();
        again.close();
        return again.response.statusCode;
      },
      (status) => status === 200,
    );
  });

  test('one that breaks breaks the connection, so that nobody takes half for all', async () => {
    const broken = await startHarness({
      store: {
        ...createMemoryLogStore(),
        // biome-ignore lint/correctness/useYield: it fails before there is anything to give
        async *scan() {
          throw new Error('the disk is gone');
        },
      },
    });
    const work = broken.get(`/api/v1/logs/export?${range}&format=csv`);
    await expect(work).rejects.toThrow();
    expect(broken.logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'cannot finish an export' }),
    );
    await broken.close();
  });
});
