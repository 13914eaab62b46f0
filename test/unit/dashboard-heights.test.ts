import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeights } from '../../dashboard/logs/heights.ts';
import type { ItemList } from '../../dashboard/logs/row-view.ts';

const owner = {};
const list = (length: number, front = 0, version = 0, of: object = owner): ItemList => ({
  owner: of,
  length,
  front,
  version,
  at: () => null,
  keyAt: (index) => index,
  find: () => -1,
});

test('places among many rows are what plain addition says, whatever was appended, put in front, taken away or measured', () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 1500 }) }),
    fc.record({ prepend: fc.integer({ min: 1, max: 1500 }) }),
    fc.record({ drop: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ set: fc.nat(3000), size: fc.integer({ min: 1, max: 200 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(100_000), (steps, offset) => {
      const heights = createHeights();
      let plain: number[] = [];
      let front = 0;
      const follow = () => heights.follow(list(plain.length, front), 'l', () => 22);
      follow();
      for (const one of steps) {
        if ('append' in one) plain = [...plain, ...new Array<number>(one.append).fill(22)];
        else if ('prepend' in one) {
          plain = [...new Array<number>(one.prepend).fill(22), ...plain];
          front += one.prepend;
        } else if ('drop' in one) {
          const gone = Math.min(one.drop, plain.length);
          plain = plain.slice(gone);
          front -= gone;
        } else if (one.set < plain.length) {
          plain[one.set] = one.size;
          heights.set(one.set, one.size);
          continue;
        }
        follow();
      }
      const sum = (end: number) => plain.slice(0, end).reduce((all, size) => all + size, 0);
      expect(heights.total()).toBe(sum(plain.length));
      for (const index of [0, 1, Math.floor(plain.length / 2), plain.length]) {
        if (index <= plain.length) expect(heights.offsetOf(index)).toBe(sum(index));
      }
      let at = 0;
      for (let rest = offset; at + 1 < plain.length && rest >= plain[at]; at += 1) rest -= plain[at];
      expect(heights.indexAt(offset)).toBe(at);
    }),
  );
});

test('what is put in front tells its height, so that nothing moves under the reader', () => {
  const heights = createHeights();
  heights.follow(list(10), 'l', () => 20);
  heights.set(3, 100);
  expect(heights.follow(list(14, 4), 'l', () => 30)).toEqual({ rows: 4, height: 120, anew: false });
  expect(heights.sizeOf(7)).toBe(100);
  expect(heights.follow(list(8, -2), 'l', () => 30)).toEqual({ rows: -6, height: -160, anew: false });
  expect(heights.sizeOf(1)).toBe(100);
});

test('another list, version or layout begins anew', () => {
  const heights = createHeights();
  const fresh = () => heights.set(2, 99);
  for (const [next, layout] of [
    [list(5, 0, 0, {}), 'l'],
    [list(5, 0, 1), 'l'],
    [list(5), 'wrapped'],
  ] as const) {
    heights.follow(list(5), 'l', () => 20);
    fresh();
    expect(heights.total()).toBe(179);
    expect(heights.follow(next, layout, () => 20).anew).toBe(true);
    expect(heights.total()).toBe(100);
  }
});
