import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileMatch } from '../../model/query/match.ts';
import { compileRegexp } from '../../model/query/regexp.ts';
import { bloomPlan } from '../../model/query/text-plan.ts';
import { eachTokenHash, tokenHash } from '../../model/query/token-hash.ts';
import type { Query } from '../../model/query/tree.ts';
import { SINGLE, wordClass } from '../../model/unicode-words.ts';
import { BLOOM_LINE, bloomLine, bloomMay } from '../../store/embedded/bloom.ts';
import { compileMatcher } from '../../store/embedded/matcher.ts';
import { nativeRegexp } from '../../store/embedded/native-regexp.ts';
import { blockText } from '../../store/embedded/scan-block.ts';
import { TEXT_KIND } from '../../store/embedded/segment-format.ts';
import { textKind } from '../../store/embedded/text-kind.ts';
import { bloomPasses, createTokenSet } from '../../store/embedded/token-set.ts';
import { dose } from '../doses.ts';
import { source } from '../suites/batches.ts';
import { generatedQueries, mixedRecords } from '../suites/mixed-records.ts';

/** A soak takes its time (ms). */
const LONG = dose(120_000, 7_200_000);

const view = { source: source(), stream: 'stdout', level: null } as const;

interface Block {
  text: Buffer;
  ends: Uint32Array;
}

function blockOf(messages: (string | Buffer)[]): Block {
  const all = messages.map((message) => Buffer.from(message as string));
  let at = 0;
  return { text: Buffer.concat(all), ends: Uint32Array.from(all, (message) => (at += message.length)) };
}

function scanned(query: Query, { text, ends }: Block): number[] {
  const hits: number[] = [];
  const block = blockText(text, textKind(text));
  compileMatcher(query).scan(
    block,
    ends,
    0,
    ends.length,
    () => true,
    () => ({ ...view, message: '' }),
    (i) => hits.push(i),
  );
  return hits;
}

function expected(query: Query, { text, ends }: Block): number[] {
  const match = compileMatch(query);
  const hits: number[] = [];
  for (let i = 0; i < ends.length; i++)
    if (match({ ...view, message: text.toString('utf8', i === 0 ? 0 : ends[i - 1], ends[i]) })) hits.push(i);
  return hits;
}

/** Pieces that sit at the edges of the byte-wise tests. */
const PIECE = fc.oneof(
  fc.constantFrom(
    'ab',
    'AB',
    'Ab',
    'b',
    '1',
    '12',
    'k',
    'K',
    '\u212a',
    'ſ',
    's',
    'İ',
    'i',
    'Ａ',
    'ｂ',
    '１',
    'é',
    'É',
    'ß',
  ),
  fc.constantFrom(
    '支',
    '付',
    '支付',
    '䷀',
    '丁',
    '\ufe0f',
    '。',
    '，',
    '\u200b',
    '🚀',
    'ひ',
    'カ',
    'ｶ',
    '가',
    '½',
    '_',
    '-',
  ),
  fc.constantFrom(' ', '  ', '=', ':', '.', '\n', '"', '{', '}', '\\', '\\u0061', 'status=503', '"status":503'),
  fc.constantFrom('x'.repeat(254), 'x'.repeat(256), `${'y'.repeat(250)}ab`),
);
const messageOf = fc.oneof(
  fc.array(PIECE, { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join(''))),
  fc
    .array(
      fc.oneof(
        PIECE.map((piece) => Buffer.from(piece)),
        fc.uint8Array({ maxLength: 3 }).map(Buffer.from),
      ),
      {
        maxLength: 8,
      },
    )
    .map((pieces) => Buffer.concat(pieces)),
);
const textOf = fc.array(PIECE, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
const leafOf: fc.Arbitrary<Query> = fc.oneof(
  fc.record({ type: fc.constant('phrase' as const), text: textOf, prefix: fc.boolean(), quoted: fc.constant(true) }),
  fc.record({ type: fc.constant('substring' as const), text: textOf }),
  fc
    .constantFrom(
      'a.b',
      'ab+',
      '[ab]1',
      'k',
      's',
      '(?-i)ab',
      '^ab',
      'b$',
      'a\\w*b',
      '支.付',
      'ab|12',
      '\\d{2}',
      '[^b]+1',
    )
    .map((pattern) => ({ type: 'regexp' as const, pattern })),
  fc.constantFrom('503', '5*').map((value) => ({
    type: 'field' as const,
    field: 'status',
    test: value === '503' ? { op: 'equals' as const, value } : { op: 'glob' as const, parts: ['5', ''] },
  })),
);
const treeOf: fc.Arbitrary<Query> = fc.oneof(
  { weight: 4, arbitrary: leafOf },
  { weight: 1, arbitrary: leafOf.map((item) => ({ type: 'not' as const, item })) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('and' as const, 'or' as const),
      items: fc.array(leafOf, { minLength: 2, maxLength: 3 }),
    }),
  },
);

describe('scanning text', () => {
  test(
    'finds what the reference evaluator finds, on the edges of every shortcut',
    () => {
      fc.assert(
        fc.property(treeOf, fc.array(messageOf, { minLength: 1, maxLength: 12 }), (query, messages) => {
          const block = blockOf(messages);
          expect(scanned(query, block)).toEqual(expected(query, block));
        }),
        { numRuns: dose(4_000, 200_000) },
      );
    },
    LONG,
  );

  test(
    'finds what the reference evaluator finds in mixed lines',
    () => {
      const records = mixedRecords(77, 400);
      const block = blockOf(records.map(({ message }) => message));
      for (const query of generatedQueries(78, dose(300, 6_000), records))
        expect(scanned(query, block), JSON.stringify(query)).toEqual(expected(query, block));
    },
    LONG,
  );

  test('every character of U+4000–U+9FFF is a token of its own or, in ䷀–䷿, a separator', () => {
    for (let code = 0x4000; code <= 0x9fff; code++)
      expect(wordClass(code) === SINGLE, code.toString(16)).toBe(code < 0x4dc0 || code > 0x4dff);
  });

  test('simple expressions run on the engine of the runtime and others do not', () => {
    for (const pattern of ['cost=[5-7]\\d\\dms', 'a.*b', 'time(out|d out)', '^GET /api', 'x{2,3}y', '[^"]+"'])
      expect(nativeRegexp(pattern).native, pattern).not.toBeNull();
    const others = [
      '(a+)+b',
      'a.b',
      '(?-i)x',
      '支付',
      '\\pL',
      '[^a]b',
      '(ab)*',
      'a{1,150}b{1,150}',
      '.*a.*b.*c.*d',
      '\\x41',
    ];
    for (const pattern of others) expect(nativeRegexp(pattern).native, pattern).toBeNull();
  });

  test(
    'simple expressions give what RE2 gives',
    () => {
      const atom = fc.constantFrom(
        'a',
        'b',
        '1',
        '\\d',
        '\\w',
        '\\s',
        '[ab]',
        '[^a]+',
        '.*',
        '.+',
        '=',
        '\\.',
        '\\b',
        'k',
        '(?:a|b1)',
      );
      const pattern = fc
        .array(fc.tuple(atom, fc.constantFrom('', '', '?', '{2}')), { minLength: 1, maxLength: 5 })
        .map((parts) =>
          parts.map(([one, repeat]) => (/[*+b]$/.test(one) && one.length > 1 ? one : one + repeat)).join(''),
        );
      fc.assert(
        fc.property(
          pattern,
          fc.array(fc.constantFrom('a', 'A', 'b', '1', ' ', '=', '.', '支', 'é', '\n', 'k'), { maxLength: 9 }),
          (re, text) => {
            const { native } = nativeRegexp(re);
            fc.pre(native !== null);
            const message = text.join('');
            expect(native!.test(Buffer.from(message).toString('latin1'))).toBe(compileRegexp(re).test(message));
          },
        ),
        { numRuns: dose(3_000, 100_000) },
      );
    },
    LONG,
  );
});

describe('the token set of a block', () => {
  const readAll = (messages: Buffer[]) => {
    const { text, ends } = blockOf(messages);
    const set = createTokenSet();
    const kind = set.read(text, ends, ends.length);
    const filter = set.bloom();
    const lines = filter.length / BLOOM_LINE;
    const has = (hash: number): boolean => {
      const at = bloomLine(hash || 1, Math.max(1, lines)) * BLOOM_LINE;
      return lines > 0 && bloomMay(filter.subarray(at, at + BLOOM_LINE), hash || 1);
    };
    return { kind, has, text };
  };

  test(
    'holds every token of every message, short ones apart',
    () => {
      fc.assert(
        fc.property(fc.array(messageOf, { minLength: 1, maxLength: 8 }), (messages) => {
          const { has, kind, text } = readAll(messages);
          const short = new Set<number>();
          for (let a = 0; a < 0x80; a++) {
            short.add(tokenHash(String.fromCharCode(a)));
            for (let b = 0x30; b < 0x80; b++) short.add(tokenHash(String.fromCharCode(a, b)));
          }
          for (const message of messages)
            eachTokenHash(message, 0, message.length, (hash) => expect(has(hash) || short.has(hash)).toBe(true));
          expect(kind & TEXT_KIND.WIDE).toBe(textKind(text) & TEXT_KIND.WIDE);
          // Across messages bytes may look exotic; within one both must say so.
          const exotic = messages.some((message) => (textKind(message) & TEXT_KIND.EXOTIC) !== 0);
          if (exotic) expect(kind & TEXT_KIND.EXOTIC).not.toBe(0);
        }),
        { numRuns: dose(300, 10_000) },
      );
    },
    LONG,
  );

  test(
    'a plan never skips a block with a match',
    () => {
      fc.assert(
        fc.property(treeOf, fc.array(messageOf, { minLength: 1, maxLength: 8 }), (query, messages) => {
          const block = blockOf(messages);
          fc.pre(expected(query, block).length > 0);
          expect(bloomPasses(bloomPlan(query), readAll(messages).has)).toBe(true);
        }),
        { numRuns: dose(1_500, 50_000) },
      );
    },
    LONG,
  );
});
