import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { completionAt, fieldChoices, valueChoices } from '../../dashboard/logs/completion.ts';
import { knownIds } from '../../dashboard/logs/known-ids.ts';
import { patternClause } from '../../dashboard/logs/pattern-clause.ts';
import { addClause } from '../../dashboard/logs/query-edit.ts';
import { partsAbout } from '../../dashboard/logs/query-text.ts';
import { RE2JS as Syntax } from '../../dashboard/logs/re2-syntax.ts';
import { unfoldEscapes } from '../../dashboard/logs/row-detail.tsx';
import { createTextHistory } from '../../dashboard/logs/text-history.ts';
import { knownFields } from '../../dashboard/logs/use-field-names.ts';
import { widthOf } from '../../dashboard/text/message.tsx';
import { clauseText, parseQuery } from '../../model/query/parse.ts';

/** `|` is the caret. */
const at = (marked: string) => completionAt(marked.replace('|', ''), marked.indexOf('|'));

describe('completion', () => {
  test.each([
    ['|', { kind: 'field', prefix: '' }],
    ['le|', { kind: 'field', prefix: 'le', start: 0 }],
    ['timeout -ap|', { kind: 'field', prefix: 'ap', start: 9, negated: true }],
    ['(a OR le|', { kind: 'field', prefix: 'le' }],
    ['level:|', { kind: 'value', field: 'level', prefix: '', rest: '' }],
    ['env:prod level:er|', { kind: 'value', field: 'level', prefix: 'er', rest: 'env:prod' }],
    ['level:er| env:prod', { kind: 'value', prefix: 'er', rest: 'env:prod' }],
    ['app：sh|', { kind: 'value', field: 'app', prefix: 'sh' }],
    ['app:(shop pa|', { kind: 'value', field: 'app', prefix: 'pa', rest: '' }],
    ['level:>=|', { kind: 'value', field: 'level', prefix: '>=' }],
  ])('%s', (marked, wanted) => expect(at(marked)).toMatchObject(wanted));

  test.each(['"in quotes le|', 'status:>=5|', 'le|vel', 'path:"a b|', '超时|', 'app:sh*|'])('nothing at %s', (marked) =>
    expect(at(marked)).toBeNull(),
  );

  test('fields: those that begin so first, odd names quoted', () => {
    const found = knownFields(['status', 'cost', '用户 id'], null);
    expect(fieldChoices('st', found).map((one) => one.insert)).toEqual([
      'stream:',
      'status:',
      'host:',
      'instance:',
      'cost:',
    ]);
    expect(fieldChoices('用户', found)[0].insert).toBe('@"用户 id":');
  });

  test('fields found by the server follow those on screen, with kind and share', () => {
    const fields = [
      { name: 'cost', kind: 'number' as const, lines: 5 },
      { name: 'code', kind: 'text' as const, lines: 1 },
    ];
    expect(fieldChoices('co', knownFields(['cost'], { fields, looked: 10 }))).toEqual([
      { insert: 'container:', shown: 'container', count: null, kind: null, share: null },
      { insert: 'cost:', shown: 'cost', count: null, kind: 'number', share: 0.5 },
      { insert: 'code:', shown: 'code', count: null, kind: 'text', share: 0.1 },
    ]);
  });

  test.each([
    ['app:shop timeout env:(prod OR test) level:error -host:h1 sta', 'app:shop env:(prod OR test)'],
    ['app：shop sta', 'app：shop'],
    ['app:shop OR cost:>5', ''],
    ['app:sh*', ''],
  ])('whose fields are asked for: %s', (text, who) => expect(partsAbout(text, ['app', 'env'])).toBe(who));

  test('values are written so that the parser reads them back, with their counts', () => {
    const values = [
      { value: 'two words', count: 3 },
      { value: 'plain', count: 2 },
      { value: 'a*b', count: 1 },
    ];
    for (const choice of valueChoices('app', '', values, clauseText)) {
      const { query } = parseQuery(`app:${choice.insert}`);
      expect(query).toMatchObject({ type: 'field', test: { op: 'equals', value: choice.shown } });
    }
  });

  test('a level comes with "this and worse", counted together', () => {
    const values = ['info', 'warn', 'error'].map((value, n) => ({ value, count: 10 ** n }));
    expect(valueChoices('level', '', values, clauseText)[0]).toMatchObject({ insert: '>=warn', count: 110 });
    expect(valueChoices('level', 'err', values, clauseText).map((one) => one.insert)).toEqual(['error', '>=error']);
  });
});

test('undo goes back over words, over what filters wrote, and forth again', () => {
  const history = createTextHistory('');
  for (const text of ['t', 'ti', 'tim']) history.push(text, text.length, true);
  history.push('tim app:shop', 12, false);
  expect(history.undo()).toEqual({ text: 'tim', caret: 3 });
  expect(history.undo()).toEqual({ text: '', caret: 0 });
  expect(history.undo()).toBeNull();
  expect(history.redo()?.text).toBe('tim');
  history.push('tim x', 5, false);
  expect(history.redo()).toBeNull();
});

describe('ids', () => {
  const ids = (message: string, fields: Record<string, string> = {}) =>
    knownIds({ message, fields }).map(({ kind, value }) => [kind, value]);
  test('are found in fields and in text, the trace first, one of a kind', () => {
    expect(
      ids('创建订单失败 orderNo=202611211024 订单号：999111', {
        'ctx.traceId': '7f3a9c1e5b2d4408',
        requestId: 'r-1234',
      }),
    ).toEqual([
      ['trace', '7f3a9c1e5b2d4408'],
      ['request', 'r-1234'],
      ['order', '202611211024'],
    ]);
    expect(ids('x', { traceparent: `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01` })).toEqual([
      ['trace', 'a1'.repeat(16)],
    ]);
  });
  test('are no words and no short numbers', () => expect(ids('order=new user=7 status=503')).toEqual([]));
});

test('clauses are added once', () => {
  expect(addClause('a', '"b"')).toBe('a "b"');
  expect(addClause('a "b"', '"b"')).toBe('a "b"');
  expect(addClause('a OR c', '-"b"')).toBe('(a OR c) -"b"');
  expect(patternClause(['0123456789abcdef'])).toBe('pattern:0123456789abcdef');
  expect(parseQuery(patternClause(['0'.repeat(16), '1'.repeat(16)])).query).toMatchObject({ type: 'or' });
});

test('escapes unfold for reading, escaped backslashes do not', () => {
  expect(unfoldEscapes('a\\nb\\tc\\\\nd')).toBe('a\nb\tc\\\\nd');
});

test('Han is wider than a letter', () => {
  expect(widthOf('abc')).toBe(3);
  expect(widthOf('超时')).toBeCloseTo(3.46);
});

describe('regular expressions in the page', () => {
  const refused = (compile: (pattern: string) => unknown, pattern: string) => {
    try {
      compile(pattern);
      return false;
    } catch {
      return true;
    }
  };
  const GOOD = [
    'a+b',
    '(?i)x',
    '(?-i:X)y',
    '(?P<n>\\d+)',
    '[[:alpha:]]+',
    '\\Qa(b\\E',
    '\\pN\\p{Han}',
    '\\z',
    'x{2,3}?',
    '[^]a]',
    '\\-\\/',
    '订单\\d{3}',
    'a\\\\1',
  ];
  const BAD = ['(a', 'a)', '[a', '(?=x)', '(?<!x)', '(a)\\1', '*a', 'a{3,1}'];
  test.each(GOOD)('%s is left to the server', (pattern) => {
    expect(refused((one) => RE2JS.compile(one), pattern)).toBe(false);
    expect(refused((one) => Syntax.compile(one), pattern)).toBe(false);
  });
  test.each(BAD)('%s is refused as the server would', (pattern) => {
    expect(refused((one) => RE2JS.compile(one), pattern)).toBe(true);
    expect(refused((one) => Syntax.compile(one), pattern)).toBe(true);
  });
});
