import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMoment } from '../../dashboard/format/moment.ts';
import { bytes, count, duration } from '../../dashboard/format/number.ts';
import { absolute, resolveRange, shiftRange, widenRange } from '../../dashboard/format/range.ts';
import {
  clockText,
  fromParts,
  fullText,
  isoTime,
  microseconds,
  parts,
  type Zone,
} from '../../dashboard/format/time.ts';

const NOW = microseconds('2026-11-21T10:42:07.123456Z');
const anyTime = fc.integer({ min: 946_684_800e6, max: 4_102_444_800e6 });
const anyZone = fc.constantFrom<Zone>('utc', 'local');

describe('times', () => {
  test('an ISO time with six decimals keeps every microsecond', () => {
    fc.assert(fc.property(anyTime, (us) => microseconds(isoTime(us)) === us));
    expect(microseconds('2026-11-21T10:42:07.1Z') % 1e6).toBe(100_000);
  });

  test('calendar parts give the moment back', () => {
    // The hour that clocks go through twice has two moments: compared as it reads.
    fc.assert(
      fc.property(anyTime, anyZone, (us, zone) => {
        const p = parts(us, zone);
        return fullText(fromParts(p, zone), zone).slice(0, 26) === fullText(us, zone).slice(0, 26);
      }),
    );
  });

  test('what is copied reads back to the same moment', () => {
    fc.assert(fc.property(anyTime, anyZone, (us, zone) => readMoment(fullText(us, zone), NOW, 'utc') === us));
  });
});

describe('what people type as a time', () => {
  const at = (text: string) => {
    const us = readMoment(text, NOW, 'utc');
    return us === null ? null : isoTime(us);
  };
  test.each([
    ['now', '2026-11-21T10:42:07.123456Z'],
    ['now-1h', '2026-11-21T09:42:07.123456Z'],
    ['now - 90s', '2026-11-21T10:40:37.123456Z'],
    ['10:24', '2026-11-21T10:24:00.000000Z'],
    ['10：24：57.961', '2026-11-21T10:24:57.961000Z'],
    ['today', '2026-11-21T00:00:00.000000Z'],
    ['yesterday 22:00', '2026-11-20T22:00:00.000000Z'],
    ['昨天　22:00', '2026-11-20T22:00:00.000000Z'],
    ['11-20 8:00', '2026-11-20T08:00:00.000000Z'],
    ['2026-11-20 08:00:00,123', '2026-11-20T08:00:00.123000Z'],
    ['2026-11-20T08:00:00.123456+08:00', '2026-11-20T00:00:00.123456Z'],
    ['2026-11-20T08:00:00+0800', '2026-11-20T00:00:00.000000Z'],
    ['21/Nov/2026:10:24:49 +0800', '2026-11-21T02:24:49.000000Z'],
    ['1795256649', '2026-11-21T10:24:09.000000Z'],
    ['1795256649123', '2026-11-21T10:24:09.123000Z'],
    ['1795256649123456', '2026-11-21T10:24:09.123456Z'],
  ])('%s', (text, expected) => expect(at(text)).toBe(expected));

  test.each(['', 'soon', '25:00', '10:61', '2026-13-01', 'now+', '1h', '2026-11-20 8'])('%j is no time', (text) =>
    expect(at(text)).toBeNull(),
  );
});

describe('ranges', () => {
  test('name the end that cannot be read', () => {
    expect(resolveRange({ from: 'x', to: 'now' }, NOW, 'utc')).toEqual({ bad: 'from' });
    expect(resolveRange({ from: 'now', to: 'x' }, NOW, 'utc')).toEqual({ bad: 'to' });
    expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW, 'utc')).toEqual({ bad: 'order' });
  });

  test('shifting back and forth ends where it began, and never beyond now', () => {
    const range = { from: NOW - 7200e6, to: NOW - 3600e6 };
    const earlier = resolveRange(shiftRange(range, -1, NOW), NOW, 'utc');
    expect('bad' in earlier ? null : resolveRange(shiftRange(earlier, 1, NOW), NOW, 'utc')).toEqual(range);
    expect(shiftRange({ from: NOW - 3600e6, to: NOW }, 1, NOW)).toEqual(absolute({ from: NOW - 3600e6, to: NOW }));
  });

  test('zooming out doubles, keeps a relative range relative and an absolute one centred', () => {
    expect(widenRange({ from: 'now-1h', to: 'now' }, { from: NOW - 3600e6, to: NOW }, NOW)).toEqual({
      from: 'now-2h',
      to: 'now',
    });
    const range = { from: NOW - 20_000e6, to: NOW - 16_000e6 };
    expect(widenRange(absolute(range), range, NOW)).toEqual(absolute({ from: NOW - 22_000e6, to: NOW - 14_000e6 }));
  });
});

test('numbers, bytes and durations read as in the rest of the page', () => {
  expect([0, 18_402, 999_999, 1_234_567, 2.5e9].map(count)).toEqual(['0', '18,402', '999,999', '1.2 M', '2.5 G']);
  expect([0, 999, 1000, 61e6, 1.25e9].map(bytes)).toEqual(['0 B', '999 B', '1 kB', '61 MB', '1.3 GB']);
  expect([42, 1900, 60_000, 208_000, 3_600_000, 90_061_000].map(duration)).toEqual([
    '42 ms',
    '1.9 s',
    '1 m',
    '3 m 28 s',
    '1 h',
    '1 d 1 h',
  ]);
  expect(clockText(NOW, 'utc')).toBe('10:42:07');
});
