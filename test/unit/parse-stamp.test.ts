import { expect, test } from 'vitest';
import { newParsedLine } from '../../collector/parse/line-parser.ts';
import { createPlainParser } from '../../collector/parse/plain.ts';
import { knownStamps } from '../../collector/parse/stamp.ts';
import { layoutStamps } from '../../collector/parse/stamp-layout.ts';
import { createZone } from '../../collector/parse/zone.ts';

const shanghai = createZone('Asia/Shanghai');
const around = Date.UTC(2026, 10, 21, 12);
const us = (iso: string): number => {
  const [whole, fraction = ''] = iso.replace('Z', '').split('.');
  return Date.parse(`${whole}Z`) * 1_000 + Number(`${fraction}000000`.slice(0, 6));
};

test.each([
  ['2026-11-21 10:24:49.123 INFO x', '2026-11-21T02:24:49.123Z'],
  ['2026-11-21 10:24:49,123456 INFO', '2026-11-21T02:24:49.123456Z'],
  ['2026-11-21T10:24:49.123456789Z x', '2026-11-21T10:24:49.123456Z'],
  ['2026-11-21T10:24:49+02:00 x', '2026-11-21T08:24:49Z'],
  ['2026-11-21 10:24:49 +0000 x', '2026-11-21T10:24:49Z'],
  ['[2026-11-21 10:24:49] x', '2026-11-21T02:24:49Z'],
  ['2026/11/21 10:24:49 [error] 7#7: x', '2026-11-21T02:24:49Z'],
  ['2026.11.21 10:24:49 x', '2026-11-21T02:24:49Z'],
  ['10.0.0.1 - - [21/Nov/2026:10:24:49 +0800] "GET / HTTP/1.1" 200', '2026-11-21T02:24:49Z'],
  ['Nov 21 10:24:49 host sshd[1]: x', '2026-11-21T02:24:49Z'],
  ['Nov  1 10:24:49 host x', '2026-11-01T02:24:49Z'],
  ['Dec 31 23:59:59 host x', '2025-12-31T15:59:59Z'],
  ['I1121 10:24:49.123456    7 main.go:1] x', '2026-11-21T02:24:49.123456Z'],
  ['21 Nov 2026 10:24:49,123 WARN x', '2026-11-21T02:24:49.123Z'],
  ['Sat Nov 21 10:24:49 2026 x', '2026-11-21T02:24:49Z'],
  ['1795256689 x', '2026-11-21T10:24:49Z'],
  ['1795256689.123456 x', '2026-11-21T10:24:49.123456Z'],
  ['1795256689123 x', '2026-11-21T10:24:49.123Z'],
  ['{"ts":1795256689.5,"msg":"x"}', '2026-11-21T10:24:49.5Z'],
  ['{"time":"2026-11-21T10:24:49.5Z","msg":"x"}', '2026-11-21T10:24:49.5Z'],
  ['20261121 102449 x', '2026-11-21T02:24:49Z'],
])('%s', (line, want) => {
  expect(knownStamps(line.slice(0, 64), shanghai, around)).toBe(us(want));
});

test.each([
  'no stamp here',
  '2026-13-41 10:24:49 x',
  '2026-02-30 10:24:49',
  '2026-11-21 25:00:00',
  'id 17952566 89',
  'v1.2.3-20',
  '123456789012345678',
])('none in %s', (line) => {
  expect(knownStamps(line, shanghai, around)).toBe(-1);
});

test('layouts as in Java; wrong ones are refused with a hint', () => {
  const read = (layout: string, line: string): number => layoutStamps(layout)(line, shanghai, around);
  expect(read('yyyy-MM-dd HH:mm:ss.SSS', '2026-11-21 10:24:49.123')).toBe(us('2026-11-21T02:24:49.123Z'));
  expect(read("'at' dd/MMM/yyyy hh:mm:ss a", 'at 21/Nov/2026 10:24:49 PM')).toBe(us('2026-11-21T14:24:49Z'));
  expect(read('yyMMdd HHmmss', '261121 102449')).toBe(us('2026-11-21T02:24:49Z'));
  expect(read("yyyy-MM-dd'T'HH:mm:ssXXX", '2026-11-21T10:24:49+01:00')).toBe(us('2026-11-21T09:24:49Z'));
  expect(read('epochMillis', '1795256689123 x')).toBe(us('2026-11-21T10:24:49.123Z'));
  expect(read('MM-dd HH:mm:ss', '12-31 23:00:00')).toBe(us('2025-12-31T15:00:00Z'));
  for (const bad of ['qq', "yyyy 'open", 'yyyy']) expect(() => layoutStamps(bad)).toThrow(/cannot use time layout/);
  expect(() => createZone('Nowhere/City')).toThrow(/cannot use time zone/);
});

test('zones change with the season, also around the change', () => {
  const berlin = createZone('Europe/Berlin');
  expect(berlin.offsetMs(Date.UTC(2026, 6, 1))).toBe(-2 * 3_600_000);
  expect(berlin.offsetMs(Date.UTC(2026, 11, 1))).toBe(-3_600_000);
  expect(berlin.offsetMs(Date.UTC(2026, 9, 25, 1, 59))).toBe(-2 * 3_600_000);
  expect(berlin.offsetMs(Date.UTC(2026, 9, 25, 3, 1))).toBe(-3_600_000);
});

test('stamps past the mtime or older than retention count as none; BOM and CR are not in the way', () => {
  const parser = createPlainParser(knownStamps, createZone('Z'), () => us('2026-11-01T00:00:00Z'));
  parser.setModified(around);
  const parse = (text: string): [number, string] => {
    const bytes = Buffer.alloc(1_000);
    bytes.write(text, 500);
    const line = newParsedLine();
    parser.parse(bytes, 500, 500 + Buffer.byteLength(text), 0, line);
    return [line.time, bytes.toString('utf8', 0, line.length)];
  };
  expect(parse('2026-11-21 10:24:49 a\r')).toEqual([us('2026-11-21T10:24:49Z'), '2026-11-21 10:24:49 a']);
  expect(parse('\ufeff2026-11-21 10:24:49 b')[0]).toBe(us('2026-11-21T10:24:49Z'));
  expect(parse('2026-11-22 11:00:00 c')[0]).toBe(us('2026-11-22T11:00:00Z'));
  expect(parse('2026-11-22 13:00:00 d')[0]).toBe(-1);
  expect(parse('2026-10-31 23:00:00 e')[0]).toBe(-1);
  expect(parse('\t2026-11-21 10:24:49 f')[0]).toBe(-1);
});
