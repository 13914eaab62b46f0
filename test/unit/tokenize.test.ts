import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ESCAPE_TOKEN, eachTokenHash, tokenHash } from '../../model/query/token-hash.ts';
import { foldToken, lowerText, tokenize, tokenSpans } from '../../model/query/tokenize.ts';
import { codePointAtByte, invalidLength, utf8Length } from '../../model/unicode-utf8.ts';
import { lowerCodePoint, RUN, SEPARATOR, wordClass } from '../../model/unicode-words.ts';
import { dose } from '../doses.ts';
import { generateUnicodeWords, UNICODE_WORDS } from '../generators/unicode-words.ts';
import { mixedRecords } from '../suites/mixed-records.ts';

const LAST = 0x10ffff;

describe('the Unicode 15.0 table', () => {
  test('generating it again gives the same file', async () => {
    expect(await generateUnicodeWords()).toBe(await readFile(UNICODE_WORDS, 'utf8'));
  });

  test('its lower case is what toLowerCase gives for every word character', () => {
    for (let code = 0; code <= LAST; code++) {
      if (wordClass(code) === SEPARATOR) continue;
      const char = String.fromCodePoint(code);
      const expected = code === 0x130 ? 'i' : char.toLowerCase();
      if (String.fromCodePoint(lowerCodePoint(code)) !== expected) expect.fail(`U+${code.toString(16)}`);
      if (lowerText(char) !== expected && code !== 0x3a3) expect.fail(`lowerText U+${code.toString(16)}`);
    }
  });

  test.each([
    [0x41, RUN],
    [0x5f, RUN],
    [0x2d, SEPARATOR],
    [0xbd, RUN],
    [0x4e2d, 2],
    [0x3042, 2],
    [0x30a2, RUN],
    [0x3005, 2],
    [0xfe0f, SEPARATOR],
    [0xe0100, SEPARATOR],
    [0x2e80, SEPARATOR],
    [0x20000, 2],
    [0x1f680, SEPARATOR],
    [0x1c89, SEPARATOR],
    [0x31350, 2],
    [0x2ebf0, SEPARATOR],
  ])('U+%s is class %i', (code, kind) => expect(wordClass(code)).toBe(kind));
});

describe('tokenize', () => {
  test.each<[string, string[]]>([
    ['', []],
    [' .,-', []],
    ['java.lang.NullPointerException', ['java', 'lang', 'nullpointerexception']],
    ['user_id=7', ['user_id', '7']],
    ['支付回调', ['支', '付', '回', '调']],
    ['订单12345失败', ['订', '单', '12345', '失', '败']],
    ['ログインしました', ['ログイン', 'し', 'ま', 'し', 'た']],
    ['ﾀｲﾑｱｳﾄ', ['タイムアウト']],
    ['ｶﾞﾊﾟ', ['ガパ']],
    ['ﾞﾊ', ['\u3099ハ']],
    ['abcカナ', ['abcカナ']],
    ['ＦＵＬＬ＿１', ['full', '1']],
    ['연결 시간', ['연결', '시간']],
    ['ΟΔΟΣ', ['οδοσ']],
    ['İstanbul', ['istanbul']],
    ['STRAẞE straße', ['straße', 'straße']],
    ['Kelvin', ['kelvin']],
    ['½ ① ⅷ Ⅷ', ['½', '①', 'ⅷ', 'ⅷ']],
    ['1️⃣', ['1', '\u20e3']],
    ['👩‍👧 x', ['x']],
    ['e\u0301 \u0301', ['e\u0301', '\u0301']],
    ['𠀋𠀌', ['𠀋', '𠀌']],
    ['a\ud800b', ['a', 'b']],
    ['々〇', ['々', '〇']],
    ['ภาษาไทยabc', ['ภาษาไทยabc']],
    [`${'a'.repeat(255)}bc`, ['a'.repeat(255), 'bc']],
    ['𝒳'.repeat(256), ['𝒳'.repeat(255), '𝒳']],
    ['中'.repeat(3), ['中', '中', '中']],
  ])('%s', (text, tokens) => expect(tokenize(text)).toEqual(tokens));

  test('spans give the same tokens and their places', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const spans = tokenSpans(text);
        expect(spans.map(({ token }) => token)).toEqual(tokenize(text));
        for (const { token, start, end } of spans) expect(foldToken(text.slice(start, end))).toBe(token);
      }),
      { numRuns: dose(2_000, 50_000) },
    );
  });

  test('a token is its own tokens: folding twice changes nothing and never makes a separator', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        for (const token of tokenize(text)) expect(tokenize(token).join('')).toBe(token);
      }),
      { numRuns: dose(2_000, 50_000) },
    );
  });
});

function expectedHashes(text: string, hasBackslash: boolean): number[] {
  const hashes: number[] = [];
  for (const token of tokenize(text)) {
    hashes.push(tokenHash(token));
    if (token.includes('ſ')) hashes.push(tokenHash(token.replaceAll('ſ', 's')));
  }
  if (hasBackslash) hashes.push(tokenHash(ESCAPE_TOKEN));
  return hashes;
}

function byteHashes(bytes: Uint8Array, start = 0, end = bytes.length): number[] {
  const hashes: number[] = [];
  eachTokenHash(bytes, start, end, (hash) => hashes.push(hash));
  return hashes;
}

describe('eachTokenHash', () => {
  const same = (bytes: Uint8Array): void => {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    expect(byteHashes(bytes)).toEqual(expectedHashes(text, bytes.includes(0x5c)));
    const inside = new Uint8Array([0x61, 0xe4, ...bytes, 0xb8, 0x62]);
    expect(byteHashes(inside, 2, inside.length - 2)).toEqual(byteHashes(bytes));
  };

  test('gives the hashes of tokenize for mixed messages', () => {
    for (const { message } of mixedRecords(11, dose(3_000, 50_000))) same(new TextEncoder().encode(message));
  });

  test('gives the hashes of tokenize for any bytes, valid UTF-8 or not', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.string({ unit: 'binary', maxLength: 6 }).map((text) => new TextEncoder().encode(text)),
      fc
        .constantFrom('a'.repeat(255), 'b'.repeat(256), 'é'.repeat(255), 'teſt', 'ﾊ', 'ﾞ', '中', '\\', 'Ab_9')
        .map((text) => new TextEncoder().encode(text)),
      fc.constantFrom(
        new Uint8Array([0xe4, 0xb8]),
        new Uint8Array([0xed, 0xa0, 0x80]),
        new Uint8Array([0xf0, 0x9f, 0x9a]),
        new Uint8Array([0xc0, 0x80]),
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) =>
        same(new Uint8Array(pieces.flatMap((part) => [...part]))),
      ),
      { numRuns: dose(10_000, 60_000) },
    );
  });

  test('hashes differ between tokens', () => {
    const words = new Set(mixedRecords(3, 3_000).flatMap(({ message }) => tokenize(message)));
    const hashes = new Set([...words].map(tokenHash));
    expect(words.size).toBeGreaterThan(4_000);
    expect(words.size - hashes.size).toBeLessThan(3);
  });
});

describe('UTF-8 by bytes', () => {
  test('sequences are what TextDecoder decodes, invalid ones replaced alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let text = '';
        for (let at = 0; at < bytes.length; ) {
          const code = codePointAtByte(bytes, at, bytes.length);
          text += code < 0 ? '\ufffd' : String.fromCodePoint(code);
          at += code < 0 ? invalidLength(bytes, at, bytes.length) : utf8Length(code);
        }
        expect(text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
      { numRuns: dose(20_000, 200_000) },
    );
  });
});
