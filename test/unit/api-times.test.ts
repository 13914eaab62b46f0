import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketCount, resolveInterval } from '../../api/interval.ts';
import { formatDuration, formatTime, parseDuration, parseRange, parseTime } from '../../api/times.ts';
import { isCode } from '../../model/errors.ts';
import { nearest } from '../../model/nearest.ts';

const NOW = 1_795_219_200_000_000;
const at = (text: string): number => parseTime(text, NOW, 'from');

describe('times', () => {
  test('are read in every form of the contract', () => {
    expect(at('now')).toBe(NOW);
    expect(at('now-15m')).toBe(NOW - 900e6);
    expect(at('now-1h30m')).toBe(NOW - 5400e6);
    expect(at('now+1d-1h')).toBe(NOW + 23 * 3600e6);
    expect(at('now-500ms')).toBe(NOW - 500e3);
    expect(at('1795219200000')).toBe(NOW);
    expect(at('1795219200000.5')).toBe(NOW + 500);
    expect(at('1795219200000001')).toBe(NOW + 1);
    expect(at('2026-11-21T00:00:00.000001Z')).toBe(NOW + 1);
    expect(at('2026-11-21T00:00:00.123456789Z')).toBe(NOW + 123_456);
    expect(at('2026-11-21T08:00:00+08:00')).toBe(NOW);
    expect(at('2026-11-21T08:00:00 08:00')).toBe(NOW);
    expect(at('2026-11-20T19:00:00-0500')).toBe(NOW);
    expect(at('2026-11-21')).toBe(NOW);
    expect(at('2026-11-21 00:00')).toBe(NOW);
    expect(at('0')).toBe(0);
  });
  test('and nothing else is', () => {
    for (const text of [
      '',
      'yesterday',
      'now-',
      'now-5',
      'now-5y',
      '-1',
      '1e3',
      '2026-02-30',
      '2026-13-01',
      '2026-11-21T25:00Z',
      'NaN',
      '99999999999999999',
      'now-99999999999d',
      '2026-11-21T00:00:60Z',
    ])
      expect(() => at(text), text).toThrow();
  });
  test('are written so that reading gives the same', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 4e15 }), (us) => at(formatTime(us)) === us));
    expect(formatTime(NOW + 1)).toBe('2026-11-21T00:00:00.000001Z');
  });
  test('durations too', () => {
    for (const text of ['500ms', '5s', '1m', '1h', '1d', '90m'])
      expect(formatDuration(parseDuration(text)!)).toBe(text);
    for (const text of ['', '5', 'm', '0s', '-5m', '1.5h', '5 m']) expect(parseDuration(text)).toBeNull();
  });
  test('ranges have a default, an order and a longest', () => {
    const limits = { maxRangeDays: 10 };
    expect(parseRange({}, NOW, limits)).toEqual({ from: NOW - 900e6, to: NOW });
    expect(parseRange({ to: 'now-1h' }, NOW, limits)).toEqual({ from: NOW - 4500e6, to: NOW - 3600e6 });
    expect(() => parseRange({ from: 'now', to: 'now' }, NOW, limits)).toThrow();
    expect(() => parseRange({ from: 'now-11d' }, NOW, limits)).toSatisfy((run: () => void) => {
      try {
        run();
        return false;
      } catch (error) {
        return isCode(error, 'range_too_long');
      }
    });
  });
  test('an automatic interval never needs more than 120 buckets, nor far fewer than it could', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e15 }), fc.integer({ min: 1, max: 4e13 }), (from, length) => {
        const range = { from, to: from + length };
        const count = bucketCount(range, resolveInterval('auto', range, 1_500));
        expect(count).toBeLessThanOrEqual(120);
        if (length > 120_000) expect(count).toBeGreaterThan(20);
      }),
    );
  });
});

test('the nearest name', () => {
  expect(nearest('qeury', ['query', 'from'])).toBe('query');
  expect(nearest('statsu', ['status', 'state'])).toBe('status');
  expect(nearest('xyz', ['query', 'from'])).toBeNull();
  expect(nearest('Shop', ['shop'])).toBe('shop');
});
