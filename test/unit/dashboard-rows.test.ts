import { describe, expect, test } from 'vitest';
import type { ApiEvent, ApiRecord, LogsAnswer } from '../../api/contract.ts';
import { isoTime } from '../../dashboard/format/time.ts';
import { eventFilter, laneMarks, readMarks } from '../../dashboard/logs/event-marks.ts';
import { type ItemOptions, lineItems, shape } from '../../dashboard/logs/items.ts';
import { createRowPages, type Way } from '../../dashboard/logs/row-pages.ts';
import type { Item } from '../../dashboard/logs/row-view.ts';
import { wordIn } from '../../dashboard/logs/word-at.ts';

const T0 = 1_795_256_640e6;
const record = (n: number, message = `line ${n}`, rest: Partial<ApiRecord> = {}): ApiRecord => ({
  id: `id-${n}`,
  time: isoTime(T0 - n * 1e6),
  app: 'shop',
  env: 'prod',
  host: 'h1',
  container: 'c',
  containerName: 'shop-1',
  instance: 'shop-1',
  stream: 'stdout',
  path: '',
  level: 'info',
  message,
  fields: {},
  image: '',
  version: '',
  ...rest,
});
const options = (rest: Partial<ItemOptions> = {}): ItemOptions => ({
  zone: 'utc',
  nowUs: T0,
  order: 'desc',
  marks: [],
  repeats: false,
  spread: new Set(),
  ...rest,
});
const before = { day: '2026-11-21', time: null };
const says = (items: Item[]) =>
  items.map((item) => (item.kind === 'record' ? `${item.record.id}${item.more ? ` +${item.more}` : ''}` : item.kind));

describe('items', () => {
  const event = (n: number, type: string, rest: Partial<ApiEvent> = {}): ApiEvent => ({
    id: `e${n}`,
    time: isoTime(T0 - n * 1e6),
    type,
    app: 'shop',
    env: 'prod',
    host: 'h1',
    container: `c${n}`,
    containerName: `shop-${n}`,
    ...rest,
  });

  test('events stand between the lines of their time, in both orders', () => {
    const marks = readMarks([event(1.5, 'oom', { container: 'x' })]);
    const lines = [record(0), record(1), record(2)];
    expect(says(lineItems(lines, before, options({ marks })))).toEqual(['id-0', 'id-1', 'event', 'id-2']);
    expect(says(lineItems(lines.toReversed(), before, options({ marks, order: 'asc' })))).toEqual([
      'id-2',
      'event',
      'id-1',
      'id-0',
    ]);
  });

  test('no event is shown twice, and none is lost, where pages meet', () => {
    const marks = readMarks([
      event(0.5, 'oom', { container: 'x' }),
      event(1.5, 'deploy'),
      event(2.5, 'die', { exitCode: 1 }),
    ]);
    const first = lineItems([record(0), record(1)], before, options({ marks }));
    const second = lineItems([record(2), record(3)], { ...before, time: T0 - 1e6 }, options({ marks }));
    expect(says([...first, ...second])).toEqual(['id-0', 'event', 'id-1', 'event', 'id-2', 'event', 'id-3']);
  });

  test('lines that differ in numbers only fold to one with a count, and spread out again', () => {
    const lines = [
      record(0, 'other'),
      record(1, 'took 5 ms'),
      record(2, 'took 17 ms'),
      record(3, 'took 1 ms'),
      record(4, 'took 1 ms', { level: 'warn' }),
    ];
    const folded = options({ repeats: true });
    expect(says(lineItems(lines, before, folded))).toEqual(['id-0', 'id-1 +2', 'id-4']);
    const spread = lineItems(lines, before, options({ repeats: true, spread: new Set(['id-1']) }));
    expect(says(spread)).toEqual(['id-0', 'id-1 +2', 'id-2', 'id-3', 'id-4']);
    expect(says(lineItems(lines, before, options()))).toHaveLength(5);
    expect(shape('a 0x1f b 22')).toBe(shape('a 0x2 b 3'));
  });

  test('a day is said where it changes', () => {
    const items = lineItems([record(0), record(80_000)], before, options());
    expect(says(items)).toEqual(['id-0', 'day', 'id-80000']);
  });

  test('replicas of a deploy are one mark, an OOM is one with its exit and restart, an orderly stop is none', () => {
    const deploy = (n: number) => event(n, 'deploy', { image: 'r/shop:1.4.2', previousVersion: '1.4.1' });
    const marks = readMarks([
      deploy(300),
      deploy(240),
      event(100, 'oom', { container: 'x' }),
      event(99, 'die', { container: 'x', exitCode: 137 }),
      event(98, 'restart', { container: 'x' }),
      event(50, 'die', { exitCode: 0 }),
      event(40, 'die', { exitCode: 3 }),
      event(30, 'health', { health: 'unhealthy' }),
      event(20, 'health', { health: 'healthy' }),
      event(10, 'start'),
    ]);
    expect(
      marks.map(({ kind, names, version, previous, exitCode }) => [kind, names.length, version, previous, exitCode]),
    ).toEqual([
      ['deploy', 2, '1.4.2', '1.4.1', null],
      ['oom', 1, '', '', 137],
      ['exit', 1, '', '', 3],
      ['unhealthy', 1, '', '', null],
    ]);
    expect(laneMarks(marks, 30e6).map((lane) => lane.marks.length)).toEqual([1, 1, 2]);
  });

  test('events are asked for the containers the query speaks of', () => {
    expect(eventFilter('app:(a OR b) env:prod -host:h1 timeout')).toEqual({ app: ['a', 'b'], env: ['prod'] });
    expect(eventFilter('app:a OR app:b')).toEqual({});
  });
});

describe('pages of rows', () => {
  const TOTAL = 40_000;
  /** Lines 0…TOTAL−1, the newest first; a cursor is the number of the next line. */
  const source = (asked: [Way, string | null][] = [], middle = 0) => {
    return async (way: Way, cursor: string | null, limit: number): Promise<LogsAnswer> => {
      asked.push([way, cursor]);
      const from = cursor === null ? (way === 'down' ? middle : middle - 1) : Number(cursor);
      const step = way === 'down' ? 1 : -1;
      const records: ApiRecord[] = [];
      let n = from;
      for (; records.length < limit && n >= 0 && n < TOTAL; n += step) records.push(record(n));
      return {
        records,
        next: n >= 0 && n < TOTAL ? String(n) : null,
        completeTo: null,
        gaps: [],
        notes: [],
        stats: { tookMs: 1, blocksRead: 0, blocksTotal: 0, bytesRead: 1 },
      };
    };
  };
  const idAt = (pages: ReturnType<typeof createRowPages>, index: number) => {
    const item = pages.snapshot().list.at(index);
    return item?.kind === 'record' ? item.record.id : null;
  };

  test('read on to the last line, keep few in memory, and bring back what was given up', async () => {
    const pages = createRowPages(source(), { up: false, start: 'down' }, options({ nowUs: T0 + 1e6 }));
    while (pages.snapshot().more.down) {
      await pages.more('down');
      const { length } = pages.snapshot().list;
      pages.near(length - 30, length - 1);
    }
    const { list, lines } = pages.snapshot();
    expect(lines).toBe(TOTAL);
    const there = Array.from({ length: list.length }, (_, n) => list.at(n)).filter((item) => item !== null).length;
    expect(there).toBeLessThan(26_000);
    expect(list.at(10)).toBeNull();
    const key = list.keyAt(10);
    const changed = Promise.withResolvers<void>();
    pages.subscribe(() => pages.snapshot().list.at(10) !== null && changed.resolve());
    pages.near(0, 30);
    await changed.promise;
    expect(idAt(pages, 10)).toBe('id-10');
    expect(pages.snapshot().list.keyAt(10)).toBe(key);
    expect(pages.snapshot().list.length).toBe(list.length);
  });

  test('go both ways from a line in the middle; what was put in front is counted', async () => {
    const pages = createRowPages(source([], 20_000), { up: true, start: 'down' }, options({ nowUs: T0 + 1e6 }));
    await pages.more('down');
    expect(idAt(pages, 0)).toBe('id-20000');
    const key = pages.snapshot().list.keyAt(0);
    await pages.more('up');
    const { front, list } =
      pages.snapshot().list === null
        ? { front: 0, list: null }
        : { front: pages.snapshot().list.front, list: pages.snapshot().list };
    expect(front).toBe(1000);
    expect(list!.keyAt(front)).toBe(key);
    expect(idAt(pages, front)).toBe('id-20000');
    expect(idAt(pages, front - 1)).toBe('id-19999');
    expect(idAt(pages, 0)).toBe('id-19000');
  });

  test('a page that fails is said, and the next try goes on where it was', async () => {
    let broken = false;
    const read = source();
    const pages = createRowPages(
      (way, cursor, limit) => (broken ? Promise.reject(new Error('away')) : read(way, cursor, limit)),
      { up: false, start: 'down' },
      options({ nowUs: T0 + 1e6 }),
    );
    await pages.more('down');
    broken = true;
    await pages.more('down');
    expect(pages.snapshot().error).toMatchObject({ message: 'away' });
    expect(pages.snapshot().lines).toBe(200);
    broken = false;
    await pages.more('down');
    expect(pages.snapshot().error).toBeNull();
    expect(idAt(pages, 200)).toBe('id-200');
  });
});

describe('the word under a click', () => {
  const at = (text: string, word: string, inside = 1) => {
    const found = wordIn(text, text.indexOf(word) + inside);
    return found === null ? null : text.slice(found.start, found.end);
  };
  test.each([
    ['status=503 cost=12ms', '503', '503'],
    ['upstream=10.8.5.17:8080 x', '10.8', '10.8.5.17:8080'],
    ['at com.fleet.Pay.await(Pay.java:118)', 'fleet', 'com.fleet.Pay.await'],
    ['GET /api/v2/orders?x=1', 'orders', 'api/v2/orders'],
    ['trace-7f3a end', '7f3a', 'trace-7f3a'],
  ])('%s', (text, word, found) => expect(at(text, word)).toBe(found));
  test('is a Chinese word, not the whole sentence', () => {
    const word = at('支付回调处理超时，转入补偿队列', '超时');
    expect(word).toContain('超');
    expect(word!.length).toBeLessThan(5);
  });
  test('is nothing between words', () => expect(wordIn('a   b', 2)).toBeNull());
});
