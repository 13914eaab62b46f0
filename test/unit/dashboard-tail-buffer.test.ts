import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApiEvent, ApiRecord } from '../../api/contract.ts';
import { eventFilter, eventOf, withEvents } from '../../dashboard/logs/event-marks.ts';
import { createTailBuffer } from '../../dashboard/logs/tail-buffer.ts';
import { withoutEvents } from '../../model/query/defaults.ts';
import { compileMatch } from '../../model/query/match.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { source } from '../suites/batches.ts';

const record = (n: number): ApiRecord => ({
  id: `id${n}`,
  time: new Date(1_795_256_649_000 + n).toISOString().replace('Z', '000Z'),
  app: 'a',
  env: 'e',
  host: 'h',
  container: 'c',
  containerName: 'c',
  instance: 'i',
  stream: 'stdout',
  path: '/p',
  level: n % 5 === 0 ? 'error' : 'info',
  message: `line ${n}`,
  fields: {},
  image: '',
  version: '',
});
const keys = (items: { key: string }[]) => items.map((item) => item.key);

describe('the live view', () => {
  test('while paused nothing moves; resuming shows what waited', () => {
    const buffer = createTailBuffer({ shown: 10, waiting: 3 });
    buffer.push(record(1));
    const before = buffer.items();
    buffer.pause();
    buffer.push(record(2));
    buffer.push(record(5));
    expect(buffer.items()).toBe(before);
    expect(buffer.figures()).toMatchObject({ shown: 1, waiting: 2, waitingErrors: 1 });
    buffer.resume();
    expect(keys(buffer.items())).toEqual(['id1', 'id2', 'id5']);
    expect(buffer.figures()).toMatchObject({ shown: 3, waiting: 0, waitingErrors: 0 });
  });

  test('beyond the limit waiting lines are counted, with a range that finds them all', () => {
    const buffer = createTailBuffer({ shown: 10, waiting: 1 });
    buffer.pause();
    for (let n = 1; n <= 4; n += 1) buffer.push(record(n));
    expect(buffer.figures()).toMatchObject({ shown: 0, waiting: 1, skipped: 3 });
    buffer.resume();
    const gap = buffer.items().at(-1)!;
    expect(gap).toMatchObject({ kind: 'skipped', count: 3, from: record(2).time });
    expect(gap.kind === 'skipped' && gap.to > record(4).time).toBe(true);
  });

  test('the end of a range behind a whole second is still a time', () => {
    const buffer = createTailBuffer({ shown: 10, waiting: 0 });
    buffer.pause();
    buffer.push({ ...record(1), time: '2026-11-21T10:24:57.999999Z' });
    buffer.resume();
    expect(buffer.items().at(-1)).toMatchObject({ to: '2026-11-21T10:24:58.000000Z' });
  });

  const event = (n: number, type: string, more: Partial<ApiEvent> = {}): ApiEvent => ({
    id: `event${n}`,
    time: record(n).time,
    type,
    app: 'a',
    env: 'e',
    host: 'h',
    container: 'c',
    containerName: 'box',
    ...more,
  });

  test('an event stands at its time among lines that come with it, and never between those already drawn', () => {
    const buffer = createTailBuffer({ shown: 10, waiting: 10 });
    for (const n of [1, 4]) buffer.push(record(n));
    const drawn = buffer.items();
    for (const n of [5, 8]) buffer.push(record(n));
    buffer.happened(event(6, 'oom'));
    buffer.happened(event(6, 'oom'));
    buffer.happened(event(2, 'restart', { container: 'other' }));
    expect(buffer.items().slice(0, 2)).toEqual(drawn);
    expect(keys(buffer.items())).toEqual(['id1', 'id4', 'event event2', 'id5', 'event event6', 'id8']);
    // Marks are no lines.
    expect(buffer.figures()).toMatchObject({ shown: 4, waiting: 0, skipped: 0 });
  });

  test('a story that goes on changes its mark where it stands, also one that is drawn, also out of order', () => {
    const buffer = createTailBuffer({ shown: 10, waiting: 10 });
    const deploy = (n: number, name: string) =>
      event(n, 'deploy', { id: name, container: name, containerName: name, image: 'a:2', version: '2' });
    buffer.push(record(1));
    buffer.happened(event(2, 'oom'));
    buffer.happened(deploy(4, 'box-1'));
    buffer.push(record(5));
    const before = keys(buffer.items());
    buffer.happened(event(3, 'die', { exitCode: 137 }));
    buffer.happened(deploy(6, 'box-2'));
    buffer.happened(deploy(3, 'box-3'));
    const items = buffer.items();
    expect(keys(items)).toEqual(before);
    expect(items[1]).toMatchObject({ kind: 'event', mark: { kind: 'oom', exitCode: 137 } });
    expect(items[2]).toMatchObject({ kind: 'event', mark: { kind: 'deploy', names: ['box-3', 'box-1', 'box-2'] } });
  });

  test('while paused marks wait with the lines', () => {
    const buffer = createTailBuffer({ shown: 10, waiting: 10 });
    buffer.push(record(1));
    const before = buffer.items();
    buffer.pause();
    buffer.push(record(4));
    buffer.happened(event(3, 'restart'));
    expect(buffer.items()).toBe(before);
    buffer.resume();
    expect(keys(buffer.items())).toEqual(['id1', 'event event3', 'id4']);
  });

  test.each([
    ['', 3],
    ['app:shop', 2],
    ['app:shop timeout', 2],
    ['app:nobody', 0],
    ['app：shop OR timeout', 3],
    ['-app:shop', 2],
    ['"(" timeout', 3],
    ['stream:event', null],
    ['(a OR -stream：stderr)', null],
  ])('the stream of %s also brings the events of its containers', (query, wanted) => {
    const joined = withEvents(query);
    if (wanted === null) return expect(joined).toBeNull();
    const tree = withoutEvents(parseQuery(joined!).query);
    const view = (app: string, stream: 'stdout' | 'event', message: string) => ({
      source: source({ app }),
      stream,
      level: null,
      message,
    });
    const lines = [
      view('shop', 'event', 'event=oom'),
      view('shop', 'event', 'event=start'),
      view('shop', 'stdout', 'timeout ('),
      view('pay', 'event', 'event=die exitCode=1'),
    ];
    const marksOnly = lines.filter((line) => line.stream === 'event' && compileMatch(tree)(line));
    const plain = lines.filter((line) => compileMatch(withoutEvents(parseQuery(query).query))(line));
    expect(lines.filter(compileMatch(tree)).length).toBe(wanted);
    expect(marksOnly.length + plain.length).toBe(wanted);
    const { app } = eventFilter(query);
    expect(marksOnly.every((line) => app === undefined || app.includes(line.source.app))).toBe(true);
  });

  test('a record of an event says what the list of events says', () => {
    const told = {
      ...record(1),
      stream: 'event',
      image: 'x:1',
      fields: { event: 'die', exitCode: '137', version: '1' },
    };
    expect(eventOf(told)).toMatchObject({ type: 'die', exitCode: 137, version: '1', image: 'x:1', containerName: 'c' });
    expect(eventOf({ ...told, fields: { event: 'die', exitCode: 'x' } })).not.toHaveProperty('exitCode');
  });

  test('shown + waiting + skipped = written, whatever happens; the view stays small', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.constant('push' as const) },
      fc.constantFrom('pause' as const, 'resume' as const, 'skip' as const, 'draw' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buffer = createTailBuffer({ shown: 20, waiting: 15 });
        let written = 0;
        for (const [n, what] of steps.entries()) {
          if (what === 'push') buffer.push(record(n));
          else if (what === 'skip')
            buffer.skipped({ count: 7, reason: 'slow_client', from: record(n).time, to: record(n + 1).time });
          else if (what === 'draw') buffer.items();
          else buffer[what]();
          written += what === 'push' ? 1 : what === 'skip' ? 7 : 0;
          const { shown, waiting, skipped } = buffer.figures();
          expect(shown + waiting + skipped).toBe(written);
        }
        expect(buffer.items().length).toBeLessThanOrEqual(20);
        const ids = keys(buffer.items())
          .filter((key) => key.startsWith('id'))
          .map((key) => Number(key.slice(2)));
        expect(ids).toEqual(ids.toSorted((a, b) => a - b));
      }),
    );
  });
});
