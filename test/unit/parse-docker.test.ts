import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCriParser } from '../../collector/parse/cri.ts';
import { createDockerJsonParser } from '../../collector/parse/docker-json.ts';
import { type LineParser, newParsedLine } from '../../collector/parse/line-parser.ts';
import { FLAG } from '../../model/record.ts';

/** Lays the raw line out as the bench does: message area first, input behind it. */
function parse(parser: LineParser, raw: Buffer | string) {
  const line = newParsedLine();
  const bytes = Buffer.alloc(200_000);
  const text = Buffer.from(raw);
  text.copy(bytes, 100_000);
  bytes[100_000 + text.length] = 10;
  parser.parse(bytes, 100_000, 100_000 + text.length, 0, line);
  return { ...line, message: bytes.toString('utf8', 0, line.length), rest: line.rest < 0 ? -1 : line.rest - 100_000 };
}

const counted: Record<string, number> = {};
const docker = createDockerJsonParser((name) => {
  counted[name] = (counted[name] ?? 0) + 1;
});

/** Go's encoder, which docker uses, escapes more than JSON.stringify. */
const goEscape = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

test('any message, stream and fraction reads as JSON.parse reads it, without it', () => {
  const slowBefore = counted.docker_slow ?? 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 100 })),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.boolean(),
      (message, err, newline, ns, go) => {
        const stream = err ? 'stderr' : 'stdout';
        // RFC3339Nano drops trailing zeros.
        const fraction = ns === 0 ? '' : `.${String(ns).padStart(9, '0').replace(/0+$/, '')}`;
        const log = newline ? `${message}\n` : message;
        const json = JSON.stringify({ log, stream, time: `2026-11-21T10:24:49${fraction}Z` });
        const got = parse(docker, go ? goEscape(json) : json);
        const partial = !log.endsWith('\n');
        const want = Buffer.from(partial ? log : log.slice(0, -1)).toString('utf8');
        expect(got.message).toBe(want);
        expect(got.partial).toBe(partial);
        expect(got.stream).toBe(err ? 1 : 0);
        expect(got.flags).toBe(0);
        expect(got.time).toBe(Date.UTC(2026, 10, 21, 10, 24, 49) * 1_000 + Math.floor(ns / 1_000));
      },
    ),
    { numRuns: 2_000 },
  );
  expect(counted.docker_slow ?? 0).toBe(slowBefore);
});

test('attrs and another key order go through JSON.parse and are counted', () => {
  const before = counted.docker_slow ?? 0;
  const got = parse(docker, '{"log":"a\\n","stream":"stderr","attrs":{"k":"v"},"time":"2026-11-21T10:24:49.5Z"}');
  expect([got.message, got.stream, got.partial]).toEqual(['a', 1, false]);
  const other = parse(docker, '{"time":"2026-11-21T10:24:49.5+08:00","stream":"stdout","log":"b"}');
  expect([other.message, other.partial, other.time]).toEqual([
    'b',
    true,
    Date.UTC(2026, 10, 21, 2, 24, 49, 500) * 1_000,
  ]);
  expect(counted.docker_slow).toBe(before + 2);
});

test.each([
  'not json',
  '{"log":"half',
  '{"log":"x\\n","stream":"stdout","time":"yesterday"}',
  '{"log":"bad \\x escape\\n","stream":"stdout","time":"2026-11-21T10:24:49Z"}',
  '[]',
  '',
  'null',
])('%s is kept raw', (raw) => {
  const got = parse(docker, raw);
  expect(got.message).toBe(raw);
  expect(got.flags).toBe(FLAG.PARSE_ERROR);
  expect(got.time).toBe(-1);
});

test('half a line, NULs and a whole line: the whole line is found', () => {
  const whole = '{"log":"next\\n","stream":"stdout","time":"2026-11-21T10:24:49Z"}';
  const got = parse(docker, `{"log":"half a li${'\0'.repeat(40)}${whole}`);
  expect(got.message).toBe('{"log":"half a li');
  expect(got.flags).toBe(FLAG.PARSE_ERROR);
  expect(got.rest).toBe(17 + 40);
  expect(parse(docker, whole).message).toBe('next');
});

test('a whole log cut at every byte: no crash, and every whole line is found', () => {
  const lines = ['one', 'two "q"', '三'].map((m) =>
    JSON.stringify({ log: `${m}\n`, stream: 'stdout', time: '2026-11-21T10:24:49.000000001Z' }),
  );
  for (let cut = 0; cut < Buffer.byteLength(lines[0]); cut++) {
    const got = parse(docker, Buffer.concat([Buffer.from(lines[0]).subarray(0, cut), Buffer.from(lines[2])]));
    const message = got.rest >= 0 || cut === 0 ? '三' : got.message;
    expect(message).toBe('三');
  }
});

test('CRI lines: partial and full, tags, empty messages, and what is none', () => {
  const cri = createCriParser(() => {});
  expect(parse(cri, '2026-11-21T10:24:49.123456789+08:00 stderr P part one')).toMatchObject({
    message: 'part one',
    partial: true,
    stream: 1,
    time: Date.UTC(2026, 10, 21, 2, 24, 49) * 1_000 + 123_456,
  });
  expect(parse(cri, '2026-11-21T10:24:49Z stdout F ')).toMatchObject({ message: '', partial: false, stream: 0 });
  expect(parse(cri, '2026-11-21T10:24:49Z stdout F')).toMatchObject({ message: '', partial: false });
  expect(parse(cri, '2026-11-21T10:24:49Z stdout F:x:y  two  ')).toMatchObject({ message: ' two  ' });
  for (const raw of ['', 'x', '2026-11-21T10:24:49Z stdin F a', '2026-11-21T10:24:49Z stdout G a', 'now stdout F a'])
    expect(parse(cri, raw)).toMatchObject({ message: raw, flags: FLAG.PARSE_ERROR, time: -1 });
});
