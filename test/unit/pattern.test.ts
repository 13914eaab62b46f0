import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPatternHash, maskMessage, PATTERN_VERSION, patternHash, patternOf } from '../../model/pattern.ts';
import { TEMPLATE_BYTES } from '../../model/pattern-mask.ts';
import { dose } from '../doses.ts';
import { mixedRecords } from '../suites/mixed-records.ts';

const encoder = new TextEncoder();

function hashOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const out = new Uint32Array(4);
  patternHash(bytes, start, end, out, 1);
  expect([out[0], out[3]]).toEqual([0, 0]);
  return `${out[1].toString(16).padStart(8, '0')}${out[2].toString(16).padStart(8, '0')}`;
}

describe('templates of pm-1', () => {
  test.each<[string, string]>([
    ['订单12345失败', '订单<n>失败'],
    ['支付abc123失败', '支付abc<n>失败'],
    ['cost=1300ms size=10MB at 3s and 3.5s', 'cost=<n>ms size=<n>MB at <n>s and <n>s'],
    [
      '2026-11-21 10:24:57.961 [http-nio-8080-exec-12] ERROR c.f.Foo - x',
      '<time> [http-nio-<n>-exec-<n>] ERROR c.f.Foo - x',
    ],
    ['2026-11-21T10:24:57.961Z a', '<time> a'],
    ['2026-11-21T10:24:57+08:00 a', '<time> a'],
    ['2026/11/21 10:24:57 [error] 7#7: *1 x', '<time> [error] <n>#<n>: *<n> x'],
    ['on 2026-11-21 at noon', 'on <time> at noon'],
    ['id 550e8400-e29b-41d4-a716-446655440000 done', 'id <uuid> done'],
    ['id DEADBEEF-e29b-41d4-a716-446655440000 done', 'id <uuid> done'],
    ['trace=7f3a9c1e5b2d4408 x', 'trace=<hex> x'],
    ['at 0xFFaa12', 'at <hex>'],
    ['from 10.0.3.7:8080 to 10.0.3.8', 'from <ip>:<n> to <ip>'],
    ['from fe80::1 and 2001:db8::ff00:42:8329', 'from <ip> and <ip>'],
    ['std::string add::bad', 'std::string add::bad'],
    ['token a8Kd93kQx9', 'token <id>'],
    ['worker7 thread-12 log4j h2', 'worker<n> thread-<n> log<n>j h<n>'],
    ['blk_-160899 blk_160899', 'blk_<n> blk_<n>'],
    ['a=-5 b=5 c - 5', 'a=<n> b=<n> c - <n>'],
    ['v1.2.3-SNAPSHOT', 'v<n>.<n>-SNAPSHOT'],
    ['size=1,204 ids=[1, 2, 3] [4]', 'size=<n> ids=[<n>] [<n>]'],
    ['user "bob smith" and "" here', 'user "<s>" and "<s>" here'],
    ["can't open 'foo bar', don't", "can't open '<s>', don't"],
    ['"unclosed 5', '"unclosed <n>'],
    ['  two   spaces\tand  end  ', 'two spaces and end'],
    ['first 1\nsecond 2', 'first <n>'],
    ['\n\n  late 5', 'late <n>'],
    ['\x1b[31mERROR\x1b[0m red', 'ERROR red'],
    [
      '{"level":"info","msg":"user 42 in","userId":7,"name":"bob"}',
      '{"level":"info","msg":"user <n> in","userId":<n>,"name":"<s>"}',
    ],
    ['{"msg":"said \\"5\\" twice","x":[1,2]}', '{"msg":"said \\"<n>\\" twice","x":[<n>]}'],
    ['{"time":"2026-11-21T10:24:57Z","a":"x","b":"y"}', '{"time":"<s>","a":"<s>","b":"<s>"}'],
    [
      '10.0.0.1 - - [21/Nov/2026:10:24:57 +0800] "GET /a HTTP/1.1" 200 12 "-" "curl"',
      '<ip> - - [<n>/Nov/<n>:<n>:<n>:<n> +<n>] "<s>" <n> <n> "<s>" "<s>"',
    ],
    ['１２３ 全角', '１２３ 全角'],
    ['🚀 42', '🚀 <n>'],
    ['', ''],
    ['   ', ''],
    ['no variables here', 'no variables here'],
  ])('%s → %s', (message, template) => expect(maskMessage(message)).toBe(template));

  test('the version names the rules: these hashes are stored and may never change', () => {
    expect(PATTERN_VERSION).toBe('pm-1');
    expect(patternOf('订单12345失败')).toBe(PINNED[0]);
    expect(patternOf('2026-11-21 10:24:57.961 ERROR c.f.Foo - call cost=1300ms')).toBe(PINNED[1]);
    expect(patternOf('')).toBe(PINNED[2]);
  });

  test('lines that differ only in variables share a pattern', () => {
    const line = (n: number): string =>
      `2026-11-21 10:24:5${n % 10} INFO c.f.Pay - 订单${n}失败 cost=${n}ms trace=${(n + 10).toString(16)}9c1e5b2d4408a${n} ip=10.0.0.${n}`;
    expect(new Set(Array.from({ length: 200 }, (_, n) => patternOf(line(n + 1)))).size).toBe(1);
  });
});

describe('pattern hashes', () => {
  test('equal templates have equal hashes and others do not, over mixed records', () => {
    const byTemplate = new Map<string, string>();
    const byHash = new Map<string, string>();
    for (const { message } of mixedRecords(21, dose(3_000, 50_000))) {
      const template = maskMessage(message);
      const hash = hashOf(encoder.encode(message));
      expect(byTemplate.get(template) ?? hash).toBe(hash);
      expect(byHash.get(hash) ?? template).toBe(template);
      byTemplate.set(template, hash);
      byHash.set(hash, template);
    }
    expect(byTemplate.size).toBeGreaterThan(500);
  });

  const piece = fc.constantFrom(
    'a',
    'F',
    '7',
    '42',
    '中',
    'é',
    ' ',
    '\t',
    '"',
    "'",
    '-',
    '.',
    ':',
    ',',
    ', ',
    '<n>',
    '=',
    '\\',
    '{"',
    '"msg":',
    '\x1b[3m',
    '0x',
    '::',
    '2026-11-21',
    'deadbeef',
    '🚀',
    '\n',
    '\ufffd',
  );

  test('equal templates ⇔ equal hashes, wherever the pieces are cut', () => {
    const line = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(line, line, (a, b) => {
        expect(maskMessage(a) === maskMessage(b)).toBe(patternOf(a) === patternOf(b));
      }),
      { numRuns: dose(4_000, 100_000) },
    );
    fc.assert(
      fc.property(line, (a) => {
        // Written with one more space, another number or a minus sign the pattern stays.
        const again = a.replaceAll('42', '13').replaceAll(/(?<=[^\n ]) (?=[^\n ])/g, '  ');
        if (maskMessage(a) === maskMessage(again)) expect(patternOf(a)).toBe(patternOf(again));
      }),
      { numRuns: dose(2_000, 50_000) },
    );
  });

  test('bytes that are not UTF-8 hash as the text stores give back', () => {
    const bytes = fc
      .array(
        fc.oneof(
          fc.uint8Array({ maxLength: 5 }),
          piece.map((text) => encoder.encode(text)),
        ),
        { maxLength: 6 },
      )
      .map((parts) => new Uint8Array(parts.flatMap((part) => [...part])));
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 4 }), (line, rest) => {
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(line);
        expect(hashOf(line)).toBe(patternOf(text));
        const inside = new Uint8Array([...rest, ...line, ...rest]);
        expect(hashOf(inside, rest.length, rest.length + line.length)).toBe(hashOf(line));
      }),
      { numRuns: dose(4_000, 100_000) },
    );
  });

  test('a template is capped, at a whole character, and giants cost no more', () => {
    for (const unit of ['x ', '中', '🚀', 'a.', '1a,', '"', '- ', "'a' "]) {
      const giant = unit.repeat(500_000);
      const template = maskMessage(giant);
      expect(encoder.encode(template).length).toBeLessThanOrEqual(TEMPLATE_BYTES);
      expect(template).not.toContain('\ufffd');
      expect(patternOf(giant)).toBe(patternOf(giant.slice(0, 50_000)));
    }
  });

  test('two hashers do not disturb one another', () => {
    const out = new Uint32Array(4);
    const [a, b] = [encoder.encode('a 1'), encoder.encode('b')];
    createPatternHash()(a, 0, a.length, out, 0);
    createPatternHash()(b, 0, b.length, out, 2);
    expect(hashOf(a)).toBe([...out.subarray(0, 2)].map((word) => word.toString(16).padStart(8, '0')).join(''));
  });
});

/** Fixtures of format pm-1. */
const PINNED = ['d38bc699b66ba46f', '95802368ac6841d7', '2b7819131388a0fb'];
