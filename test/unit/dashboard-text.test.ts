import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnsi } from '../../dashboard/text/ansi.ts';
import { foldLines, shownLines } from '../../dashboard/text/fold.ts';
import { hitFinder } from '../../dashboard/text/hits.ts';
import { jsonMarks, prettyJson } from '../../dashboard/text/json.ts';
import { textPieces } from '../../dashboard/text/log-text.tsx';
import { type Mark, pieces } from '../../dashboard/text/mark.ts';
import { startBeforeHit } from '../../dashboard/text/message.tsx';
import { hiddenIn, visible } from '../../dashboard/text/visible.ts';
import { parseQuery } from '../../model/query/parse.ts';

const finder = (query: string) => hitFinder(parseQuery(query).query);
const hits = (query: string, text: string) => finder(query)(text).map(([start, end]) => text.slice(start, end));

describe('hidden characters are shown as escapes', () => {
  test.each([
    ['bell \u0007', 'bell \\x07'],
    ['\u202Eevil\u202C', '\\u202eevil\\u202c'],
    ['a\u200Bb\uFEFF', 'a\\u200bb\\ufeff'],
    ['c1 \u009b31m', 'c1 \\x9b31m'],
    ['\u001b]8;;http://x\u0007link', '\\e]8;;http://x\\x07link'],
    ['cr\rlf', 'cr\\rlf'],
    ['tag \u{E0041}', 'tag \\u{e0041}'],
    ['lone \ud800', 'lone \\ud800'],
    ['👩‍💻 👨🏽‍🦰 fine', '👩‍💻 👨🏽‍🦰 fine'],
    ['tab\tand\nnewline 中文，。', 'tab\tand\nnewline 中文，。'],
  ])('%j', (text, expected) => expect(visible(text)).toBe(expected));

  test('nothing hidden is left, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => hiddenIn(visible(text)).length === 0),
    );
  });
});

describe('ANSI', () => {
  test('colours of the safe subset become marks, their codes vanish', () => {
    const { text, marks } = readAnsi('\u001b[32mINFO\u001b[0m a \u001b[1;91mred\u001b[39m b');
    expect(text).toBe('INFO a red b');
    expect(marks).toEqual([
      { start: 0, end: 4, tone: 'ansiGreen' },
      { start: 7, end: 10, tone: 'ansiRed' },
    ]);
  });

  test('conceal, backgrounds and cursor movements hide nothing', () => {
    const { text, marks } = readAnsi('\u001b[8mhidden\u001b[40;30mblack\u001b[2Jcleared\u001b[48;2;0;0;0;31mred');
    expect(visible(text)).toBe('hiddenblack\\e[2Jclearedred');
    expect(marks.map((mark) => mark.tone)).toEqual(['ansiBlack', 'ansiRed']);
  });

  test('no text is lost, whatever the sequences', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('\u001b[', '\u001b[31m', '\u001b[0m', 'm', ';', '\u001b[38;5;9m', '\u001b]0;t\u0007'),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const { text, marks } = readAnsi(parts.join(''));
        expect(text).toBe(parts.join('').replace(/\u001b\[[\d;:]{0,64}m/g, ''));
        for (const mark of marks) expect(mark.start < mark.end && mark.end <= text.length).toBe(true);
      }),
    );
  });
});

test('pieces joined again are the text, however marks, hits and hidden characters overlap', () => {
  const span = fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b) + 1]);
  const apart = (spans: [number, number][]) =>
    spans
      .sort((a, b) => a[0] - b[0])
      .filter(([start], i, all) => i === 0 || start >= Math.max(...all.slice(0, i).map((one) => one[1])));
  fc.assert(
    fc.property(fc.string({ minLength: 21, maxLength: 40 }), fc.array(span), fc.array(span), (text, a, b) => {
      const marks = apart(a).map(([start, end]): Mark => ({ start, end, tone: 'key' }));
      const found = apart(b);
      const made = pieces(text, marks, found, []);
      expect(made.map((piece) => piece.text).join('')).toBe(text);
      expect(
        made
          .filter((piece) => piece.hit)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(found.map(([s, e]) => text.slice(s, e)).join(''));
      expect(
        made
          .filter((piece) => piece.tone)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(marks.map((m) => text.slice(m.start, m.end)).join(''));
    }),
  );
});

describe('hits', () => {
  test.each([
    ['timeout', 'pay.Timeout after (timeout) timeouts', ['Timeout', 'timeout']],
    ['time*', 'timeout retime times', ['time', 'time']],
    ['超时', '支付超时，超 时，超!时', ['超时', '超 时', '超!时']],
    ['"connection is"', 'Connection  is reset', ['Connection  is']],
    ['~"a.b"', 'xA.By a b', ['A.B']],
    ['java.lang.NullPointerException', 'at java/lang NullPointerException', ['java/lang NullPointerException']],
    ['-hidden shown', 'hidden shown', ['shown']],
    ['ＡＢＣ', 'abc ａｂｃ', ['abc', 'ａｂｃ']],
    ['/order-\\d+/', 'order-12 order-x', ['order-12']],
    ['status:500', 'status=500', []],
    ['(a OR b) c', 'a b c d', ['a', 'b', 'c']],
  ])('%s', (query, text, expected) => expect(hits(query, text)).toEqual(expected));

  test('a pattern that could run away is not tried in the browser', () => {
    const started = performance.now();
    expect(finder('/(a+)+$/')(`${'a'.repeat(5000)}!`)).toEqual([]);
    expect(finder('/.*.*.*x/')('a'.repeat(5000))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('ranges ascend, do not overlap and lie in the text', () => {
    const words = fc
      .array(fc.constantFrom('a', 'ab', '超', '超时', ' ', '.', 'A_b', '1'), { maxLength: 12 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(
        words,
        fc.array(fc.constantFrom('a', 'ab', '超时', '"a b"', '~"b"', 'a*'), { minLength: 1, maxLength: 3 }),
        (text, terms) => {
          let last = 0;
          for (const [start, end] of finder(terms.join(' OR '))(text)) {
            expect(start >= last && end > start && end <= text.length).toBe(true);
            last = end + 1;
          }
        },
      ),
    );
  });
});

describe('joined lines', () => {
  const trace = [
    '创建订单失败',
    'java.lang.IllegalStateException: x',
    ...Array.from({ length: 20 }, (_, i) => `\tat org.springframework.A.b(A.java:${i})`),
    '\tat com.fleet.Pay.go(Pay.java:7)',
    'Caused by: java.io.IOException: reset',
    '\tat java.net.Socket.read(Socket.java)',
    '... 12 more',
  ];

  test('message, exception, cause and the own frame are shown, in order', () => {
    const { shown, hidden } = foldLines(trace, () => false);
    expect(shown.map((index) => trace[index])).toEqual([
      trace[0],
      trace[1],
      trace[2],
      '\tat com.fleet.Pay.go(Pay.java:7)',
      'Caused by: java.io.IOException: reset',
    ]);
    expect(shown.length + hidden).toBe(trace.length);
  });

  test('the line with the hit is shown', () => {
    const { shown } = foldLines(trace, (line) => line.includes('A.java:17'));
    expect(shown.map((index) => trace[index])).toContain('\tat org.springframework.A.b(A.java:17)');
  });

  test('as many lines as the row height expects', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('x', '\tat a.b(C.java:1)', 'Caused by: y', '\tat java.x(Y)'), {
          minLength: 1,
          maxLength: 40,
        }),
        (lines) => {
          const fold = foldLines(lines, (line) => line === 'x');
          expect(fold.shown.length).toBe(shownLines(lines.length));
          expect(fold.shown.length + fold.hidden).toBe(lines.length);
        },
      ),
    );
  });
});

describe('JSON', () => {
  test('is printed with every digit of a number and the keys in their order', () => {
    expect(prettyJson('{"b":12345678901234567890,"a":[1,{"x":"}, ["}],"e":{},"l":[]}')).toBe(
      '{\n  "b": 12345678901234567890,\n  "a": [\n    1,\n    {\n      "x": "}, ["\n    }\n  ],\n  "e": {},\n  "l": []\n}',
    );
    expect(prettyJson('{not json}')).toBeNull();
  });

  test('printing changes no value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(prettyJson(text)!)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('keys and values are told apart', () => {
    const text = '{"k":"v","n":-1.5e3,"b":true}';
    expect(
      jsonMarks(text)
        .filter((mark) => mark.tone !== 'quiet')
        .map((mark) => `${mark.tone} ${text.slice(mark.start, mark.end)}`),
    ).toEqual(['key "k"', 'string "v"', 'key "n"', 'number -1.5e3', 'key "b"', 'boolean true']);
  });
});

describe('a line that is cut to show its hit', () => {
  const log = `{"a":"${'x'.repeat(200)}","msg":"支付超时 after 3000ms","end":${'9'.repeat(300)}}`;

  test('starts a little before the hit, never when the hit is in sight anyway', () => {
    const start = startBeforeHit(log, finder('超时'), 100);
    expect(start).toBeGreaterThan(150);
    expect(log.slice(start, start + 96)).toContain('超时');
    expect(startBeforeHit(log, finder('a'), 100)).toBe(0);
    expect(startBeforeHit(log, finder('nothing'), 100)).toBe(0);
  });

  test('does not leave the column half empty when the end of the line fits', () => {
    const short = `${'word '.repeat(40)}timeout`;
    expect(short.length - startBeforeHit(short, finder('timeout'), 100)).toBeGreaterThanOrEqual(96);
  });

  test('keeps the colours and hits of the whole line', () => {
    fc.assert(
      fc.property(fc.nat(log.length - 20), (from) => {
        const cut = textPieces(log, finder('超时'), true, from);
        expect(cut.map((piece) => piece.text).join('')).toBe(log.slice(from));
        if (from < log.indexOf('超'))
          expect(cut.filter((piece) => piece.hit).map((piece) => piece.text)).toEqual(['超时']);
        expect(cut.at(-2)).toMatchObject({ tone: 'number' });
      }),
    );
  });

  test('a stamp at the start is dimmed, the message is not', () => {
    const tones = (text: string) => textPieces(text, finder('x'), false).map((piece) => [piece.tone, piece.text]);
    expect(tones('2026-11-21 16:50:00.475 ERROR boom')).toEqual([
      ['quiet', '2026-11-21 16:50:00.475'],
      [null, ' ERROR boom'],
    ]);
    expect(tones('at 2026-11-21 16:50:00')).toEqual([[null, 'at 2026-11-21 16:50:00']]);
  });
});
