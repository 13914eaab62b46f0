import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  excludeValue,
  onlyValue,
  toggleValue,
  valueState,
  withoutField,
  wordsOnly,
} from '../../dashboard/logs/query-edit.ts';
import { queryRuns } from '../../dashboard/logs/query-marks.ts';
import { clauseText, parseQuery } from '../../model/query/parse.ts';
import { printQuery } from '../../model/query/print.ts';

const write = clauseText;
const toggle = (text: string, field: string, value: string) => toggleValue(text, field, value, write);
const only = (text: string, field: string, value: string) => onlyValue(text, field, value, write);
const exclude = (text: string, field: string, value: string) => excludeValue(text, field, value, write);

describe('filters write readable query text', () => {
  test('ticking adds, gathers and takes away again', () => {
    expect(toggle('', 'app', 'shop')).toBe('app:shop');
    expect(toggle('app:shop timeout', 'app', 'pay')).toBe('app:(shop OR pay) timeout');
    expect(toggle('app:(shop OR pay) timeout', 'app', 'shop')).toBe('app:pay timeout');
    expect(toggle('app:pay timeout', 'app', 'pay')).toBe('timeout');
  });

  test('only replaces, exclude strikes out and lets go again', () => {
    expect(only('app:(shop OR pay) env:prod 超时', 'app', 'gateway')).toBe('env:prod 超时 app:gateway');
    expect(exclude('env:prod', 'host', 'h1')).toBe('env:prod -host:h1');
    expect(exclude('env:prod -host:h1', 'host', 'h1')).toBe('env:prod');
    expect(exclude('app:(a OR b)', 'app', 'a')).toBe('app:b -app:a');
    expect(toggle('-host:h1', 'host', 'h1')).toBe('host:h1');
  });

  test('an OR at the top is put into parentheses, not torn apart', () => {
    expect(toggle('timeout OR 超时', 'app', 'shop')).toBe('(timeout OR 超时) app:shop');
    expect(withoutField('app:a OR app:b', 'app')).toBe('app:a OR app:b');
  });

  test('full-width punctuation, NOT and quotes of a Chinese keyboard are understood', () => {
    expect(valueState('app：shop （超时 OR timeout）', 'app', 'shop')).toBe('in');
    expect(valueState('NOT host:h1', 'host', 'h1')).toBe('out');
    expect(toggle('app：“a b” 超时', 'app', 'a b')).toBe('超时');
  });

  test('text with colons in it is no field', () => {
    expect(wordsOnly('http://x/y std::string Error: boom app:shop')).toBe('http://x/y std::string Error: boom');
  });

  test('lines without a level', () => {
    expect(toggle('', 'level', '')).toBe('-level:*');
    expect(valueState('-level:*', 'level', '')).toBe('in');
    expect(toggle('-level:* x', 'level', '')).toBe('x');
  });
});

const value = fc.oneof(
  fc.constantFrom('shop', 'a b', '中文 应用', 'x"y', 'x:y', '-a', '*', 'OR', '(', 'a\\', '”', 'http://h:1/', '500'),
  fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== '' && text.isWellFormed()),
);
const field = fc.constantFrom('app', 'env', 'host', 'instance', 'user.id', 'odd name');
const base = fc.constantFrom<string>(
  '',
  'timeout',
  '"a b" 超时',
  '(a OR b) -c',
  'a OR b',
  'status:>=500 ~"x y"',
  '/ab+c/ env:prod',
  'NOT (a b)',
);

const sameTree = (a: string, b: string) => printQuery(parseQuery(a).query) === printQuery(parseQuery(b).query);

describe('whatever the value', () => {
  test('the text written is a query, and says of the value what was pressed', () => {
    fc.assert(
      fc.property(base, field, fc.uniqueArray(value, { minLength: 1, maxLength: 4 }), (text, name, values) => {
        let now = text;
        for (const one of values) now = toggle(now, name, one);
        parseQuery(now);
        // An OR at the top is in parentheses after the first press.
        for (const one of values) expect(valueState(now, name, one)).toBe('in');
        const struck = exclude(now, name, values[0]);
        parseQuery(struck);
        expect(valueState(struck, name, values[0])).toBe('out');
        expect(valueState(only(now, name, values[0]), name, values[0])).toBe('in');
      }),
    );
  });

  test('ticking and unticking leaves the query as it was', () => {
    fc.assert(
      fc.property(base, field, value, (text, name, one) => {
        expect(sameTree(toggle(toggle(text, name, one), name, one), text)).toBe(true);
      }),
    );
  });

  test('the tinted twin under the field is the same text, glyph for glyph', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: fc.constantFrom('a', ':', '"', '(', ')', '-', ' ', '：', '“', '/', 'OR', 'app') }),
          value,
          base,
        ),
        (text) => {
          expect(
            queryRuns(text)
              .map((run) => run.text)
              .join(''),
          ).toBe(text);
        },
      ),
    );
  });
});
