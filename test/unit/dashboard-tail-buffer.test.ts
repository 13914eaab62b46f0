import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApiRecord } from '../../api/contract.ts';
import { createTailBuffer } from '../../dashboard/logs/tail-buffer.ts';

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
