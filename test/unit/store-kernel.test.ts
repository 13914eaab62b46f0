import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskMessage, patternHash } from '../../model/pattern.ts';
import { eachTokenHash } from '../../model/query/token-hash.ts';
import { hashBlock } from '../../store/embedded/block-hashes.ts';
import { createKernel } from '../../store/embedded/kernel/load-kernel.ts';
import { createTokenSet } from '../../store/embedded/token-set.ts';
import { dose } from '../doses.ts';
import { buildKernel, STORE_KERNEL } from '../generators/kernel.ts';
import { mixedRecords } from '../suites/mixed-records.ts';

/** A soak takes its time (ms). */
const LONG = dose(120_000, 7_200_000);

interface Block {
  text: Uint8Array;
  ends: Uint32Array;
}

function blockOf(messages: readonly (string | Uint8Array)[]): Block {
  const all = messages.map((message) => (typeof message === 'string' ? Buffer.from(message) : message));
  let at = 0;
  return { text: new Uint8Array(Buffer.concat(all)), ends: Uint32Array.from(all, ({ length }) => (at += length)) };
}

function expectSame({ text, ends }: Block): void {
  const patterns = new Uint32Array(2 * ends.length);
  const { kind, bloom } = hashBlock(text, ends, ends.length, patterns);
  const tokens = createTokenSet();
  expect(kind).toBe(tokens.read(text, ends, ends.length));
  expect(bloom.equals(tokens.bloom())).toBe(true);
  const want = new Uint32Array(2 * ends.length);
  for (let i = 0; i < ends.length; i++) patternHash(text, i === 0 ? 0 : ends[i - 1], ends[i], want, 2 * i);
  for (let i = 0; i < ends.length; i++) {
    if (want[2 * i] === patterns[2 * i] && want[2 * i + 1] === patterns[2 * i + 1]) continue;
    const message = Buffer.from(text.subarray(i === 0 ? 0 : ends[i - 1], ends[i]));
    expect.fail(`another pattern: ${JSON.stringify(message.toString('latin1'))} is ${maskMessage(message.toString())}`);
  }
}

const bytesOf = (...texts: string[]) => fc.constantFrom(...texts).map((text) => new Uint8Array(Buffer.from(text)));
const times = (text: string, arbitrary: fc.Arbitrary<number>) =>
  arbitrary.map((count) => new Uint8Array(Buffer.from(text.repeat(count))));

/** Pieces at the edges of the rules, of chunks of 8, 16 and 64 bytes, and of what is left to the reference. */
const piece: fc.Arbitrary<Uint8Array> = fc.oneof(
  {
    weight: 6,
    arbitrary: bytesOf(
      ' ',
      ' ',
      ' ',
      '  ',
      '\t',
      '\r',
      '\n',
      '\v',
      '\f',
      '=',
      ':',
      '-',
      '.',
      ',',
      ', ',
      '/',
      '_',
      '\\',
    ),
  },
  {
    weight: 4,
    arbitrary: bytesOf(
      '"',
      "'",
      '\\"',
      '{',
      '{"',
      '":"',
      '","',
      '}',
      '"msg":"',
      '"level": "',
      '"id":',
      '[',
      ']',
      '<n>',
      '->',
    ),
  },
  {
    weight: 4,
    arbitrary: bytesOf(
      'a',
      'ab',
      'Abc',
      'word',
      'dead',
      'beef',
      'cafebabe',
      'FACE',
      'deadbeef-',
      'x',
      '0x',
      '0X1f',
      'ms',
      'kB',
      'T',
      'Z',
    ),
  },
  {
    weight: 5,
    arbitrary: bytesOf(
      '0',
      '7',
      '12',
      '503',
      '1234',
      '12345',
      '1.5',
      '10.0.0.1',
      '-1',
      '+8',
      '1e9',
      'v1',
      'node12',
      'p99ms',
      'a1b2',
    ),
  },
  {
    weight: 3,
    arbitrary: bytesOf(
      '2026-11-20',
      '2026/11/20',
      'T10:11:12',
      ' 10:11:12',
      '.123',
      ',123',
      'Z',
      '+08:00',
      '-0800',
      '2026-11-20T10:11:12.123Z',
    ),
  },
  {
    weight: 2,
    arbitrary: bytesOf(
      '6ad62f7e-465a-2b2a-dfea-ba08262cebc3',
      'fe80::1',
      '::1',
      '2001:db8:0:0:0:0:0:1',
      'ab:cd',
      'a::b1',
      '1:2:3:4:5:6:7:8',
    ),
  },
  { weight: 2, arbitrary: bytesOf('\x1b[31m', '\x1b[0m', '\x1b[', '\x1b', '\0', '\x7f') },
  {
    weight: 3,
    arbitrary: bytesOf(
      '支',
      '付款',
      '，',
      '。',
      'é',
      'É',
      'ß',
      'K',
      'ſ',
      'İ',
      'Ａ',
      '１',
      'カ',
      'ｶ',
      '가',
      'ひ',
      '🚀',
      '𠀀',
      '\u{30000}',
      '\u{e0100}',
      '\ufffd',
    ),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[0x80, 0xbf, 0xc3, 0xe2, 0xe4, 0xed, 0xef, 0xf0, 0xf4, 0xff].map((byte) => Uint8Array.of(byte)),
    ),
  },
  { weight: 1, arbitrary: times('x', fc.constantFrom(7, 8, 9, 15, 16, 17, 63, 64, 65, 253, 254, 255, 256, 257, 300)) },
  { weight: 1, arbitrary: times('. ', fc.integer({ min: 1, max: 40 })) },
);
const message = (most: number) =>
  fc.array(piece, { maxLength: most }).map((pieces) => new Uint8Array(Buffer.concat(pieces)));

describe('the kernel', () => {
  test('is what its sources build to', async () => {
    expect(Buffer.from(await buildKernel(STORE_KERNEL)).equals(readFileSync(STORE_KERNEL.wasm))).toBe(true);
  });

  test('needs nothing from its host', () => {
    expect(WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(STORE_KERNEL.wasm)))).toEqual([]);
  });

  test(
    'hashes what the reference hashes, whatever the bytes',
    () => {
      fc.assert(
        fc.property(fc.array(message(24), { minLength: 1, maxLength: 10 }), (messages) =>
          expectSame(blockOf(messages)),
        ),
        { numRuns: dose(6_000, 400_000) },
      );
    },
    LONG,
  );

  test(
    'cuts templates where the reference does',
    () => {
      const long = fc
        .tuple(
          message(4),
          fc.constantFrom('word ', 'x', '支', '1a,', '. ', '<n>', "it's "),
          fc.integer({ min: -40, max: 12 }),
          message(12),
        )
        .map(([head, filler, over, tail]) => {
          const size = Math.max(0, 4_096 + over - head.length);
          const middle = Buffer.from(filler.repeat(Math.ceil(size / filler.length)));
          return new Uint8Array(Buffer.concat([head, middle.subarray(0, size), tail]));
        });
      fc.assert(
        fc.property(long, message(3), (one, other) => expectSame(blockOf([other, one, other]))),
        { numRuns: dose(800, 40_000) },
      );
    },
    LONG,
  );

  test(
    'every pair of bytes, between letters, digits and blanks',
    () => {
      const around = ['', 'a', '1', ' ', '"', '-', 'word1', '支'];
      for (const before of around) {
        const pairs: Uint8Array[] = [];
        for (let one = 0; one < 256; one++)
          for (let two = 0; two < 256; two += 1)
            pairs.push(
              new Uint8Array([...Buffer.from(before), one, two, ...Buffer.from(around[(one + two) % around.length])]),
            );
        expectSame(blockOf(pairs));
      }
    },
    LONG,
  );

  test('gives the same for mixed lines, block after block', () => {
    for (let seed = 1; seed <= 4; seed++)
      expectSame(blockOf(mixedRecords(seed, 2_000).map((record) => record.message)));
  });

  test('reads runs of every length, and lines that are one run', () => {
    const runs: string[] = [];
    for (const unit of ['x', '1', 'a', 'a1', 'x1', '1a2x', 'G0', 'deadbeef0', 'é', '_'])
      for (const size of [...Array(140).keys(), 250, 1_023, 4_090, 4_096, 4_100, 9_000])
        for (const tail of ['', '1', '1a2b3', '-', ' ', ' 1', '.5', ':', '\n'])
          runs.push(unit.repeat(size).slice(0, size) + tail);
    expectSame(blockOf(runs.filter((run) => run.length < 300)));
    for (const run of runs.filter((one) => one.length >= 300)) expectSame(blockOf([run, 'word 1']));
  });

  test('keeps what it read before out of the next block', () => {
    const many = Array.from({ length: 60_000 }, (_, i) => `token${i} word`);
    expectSame(blockOf(many));
    expectSame(blockOf(['one two three']));
    expectSame(blockOf(many.slice(0, 500)));
    expectSame(blockOf([]));
    expectSame(blockOf(['', '', '']));
  });

  test('holds the worst text it takes within 16 MiB, and leaves longer ones to the reference', () => {
    const kernel = createKernel();
    const dense = new Uint8Array(kernel.textLimit).fill(0x20);
    const digits = '0123456789abcdefghijklmnopqrstuvwxyz';
    for (let at = 0, n = 0; at + 4 <= dense.length; at += 4, n++)
      for (let i = 0, rest = n; i < 3; i++, rest = Math.floor(rest / 36)) dense[at + i] = digits.charCodeAt(rest % 36);
    expectSame({ text: dense, ends: Uint32Array.of(dense.length) });
    // Characters of three bytes, each a token: the most distinct ones for their bytes.
    const han = Array.from({ length: 0x9fff - 0x4e00 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('');
    expectSame(blockOf([han, han.slice(0, 100)]));
    expectSame({
      text: new Uint8Array(kernel.textLimit + 1).fill(0x61),
      ends: Uint32Array.of(4, kernel.textLimit + 1),
    });
  });

  test('leaves only letters outside ASCII and long runs to the reference', () => {
    const kernel = createKernel();
    const lines = [
      'GET /a 200',
      '{"msg":"支付成功，订单12"}',
      'it\'s "quoted"',
      '\xff',
      'naïve',
      'カタカナ',
      'x'.repeat(300),
    ];
    const { text, ends } = blockOf(lines.map((line) => (line === '\xff' ? Uint8Array.of(0xff, 0x61) : line)));
    kernel.load(text, ends, ends.length);
    expect([...kernel.readTokens().left].map((i) => lines[i])).toEqual(['naïve', 'カタカナ', 'x'.repeat(300)]);
    const seen: number[] = [];
    eachTokenHash(text, 0, ends[0], (hash) => seen.push(hash));
    expect(seen.length).toBe(3);
  });
});
