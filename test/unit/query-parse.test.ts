import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FleetlogError, isCode } from '../../model/errors.ts';
import { withoutEvents } from '../../model/query/defaults.ts';
import { fieldsIn } from '../../model/query/fields-in.ts';
import {
  clauseText,
  mendQuery,
  type ParsedQuery,
  parseQuery,
  QUERY_LIMITS,
  quoteText,
} from '../../model/query/parse.ts';
import { printQuery } from '../../model/query/print.ts';
import { tokenize } from '../../model/query/tokenize.ts';
import type { Query } from '../../model/query/tree.ts';
import { dose } from '../doses.ts';
import { anyText, anyTree, bare, unwritten } from '../suites/query-arbitraries.ts';

function tree(text: string): Query {
  return bare(parseQuery(text).query);
}

function failure(text: string): FleetlogError {
  try {
    parseQuery(text);
  } catch (error) {
    if (isCode(error, 'bad_query')) return error;
    throw error;
  }
  throw new Error(`was read: ${text}`);
}

const word = (text: string, prefix = false): Query => ({ type: 'phrase', text, prefix, quoted: false });
const field = (name: string, value: string): Query => ({ type: 'field', field: name, test: { op: 'equals', value } });

describe('parseQuery', () => {
  test.each<[string, Query]>([
    ['', { type: 'all' }],
    [' \u3000\n', { type: 'all' }],
    ['*', { type: 'all' }],
    ['a', word('a')],
    ['err*', word('err', true)],
    ['a b', { type: 'and', items: [word('a'), word('b')] }],
    ['a AND b', { type: 'and', items: [word('a'), word('b')] }],
    ['a OR b c', { type: 'or', items: [word('a'), { type: 'and', items: [word('b'), word('c')] }] }],
    ['-a', { type: 'not', item: word('a') }],
    ['－a', { type: 'not', item: word('a') }],
    ['NOT a', { type: 'not', item: word('a') }],
    ['"a b"*', { type: 'phrase', text: 'a b', prefix: true, quoted: true }],
    ['“a b”', { type: 'phrase', text: 'a b', prefix: false, quoted: true }],
    ['"a “b” c"', { type: 'phrase', text: 'a “b” c', prefix: false, quoted: true }],
    ['"a \\"b\\" \\\\ \\c"', { type: 'phrase', text: 'a "b" \\ \\c', prefix: false, quoted: true }],
    ['~"x.y"', { type: 'substring', text: 'x.y' }],
    ['/a\\/b/', { type: 'regexp', pattern: 'a/b' }],
    ['/[/]x/', { type: 'regexp', pattern: '[/]x' }],
    ['status:503', field('status', '503')],
    ['status：503', field('status', '503')],
    ['f:="a*b"', field('f', 'a*b')],
    ['f:=a*b', field('f', 'a*b')],
    ['f:a*b', { type: 'field', field: 'f', test: { op: 'glob', parts: ['a', 'b'] } }],
    ['f:"a b"*"c*"', { type: 'field', field: 'f', test: { op: 'glob', parts: ['a b', 'c*'] } }],
    ['f:*', { type: 'field', field: 'f', test: { op: 'exists' } }],
    ['f:**', { type: 'field', field: 'f', test: { op: 'exists' } }],
    ['f:""', { type: 'not', item: { type: 'field', field: 'f', test: { op: 'exists' } } }],
    ['f:(a "b c")', { type: 'or', items: [field('f', 'a'), field('f', 'b c')] }],
    [
      'f:(a OR >=5)',
      {
        type: 'or',
        items: [
          field('f', 'a'),
          { type: 'field', field: 'f', test: { op: 'compare', sign: '>=', value: 5, text: '5' } },
        ],
      },
    ],
    ['cost:>1.5s', { type: 'field', field: 'cost', test: { op: 'compare', sign: '>', value: 1500, text: '1.5s' } }],
    [
      'size:<=10MB',
      { type: 'field', field: 'size', test: { op: 'compare', sign: '<=', value: 10_000_000, text: '10MB' } },
    ],
    ['level:>=WARNING', { type: 'field', field: 'level', test: { op: 'compare', sign: '>=', value: 4, text: 'warn' } }],
    ['level:Error', field('level', 'error')],
    ['@timestamp:x', field('@timestamp', 'x')],
    ['@"用户 id":7', field('用户 id', '7')],
    ['url:http://a/b', field('url', 'http://a/b')],
    ['x:a(b)', field('x', 'a(b)')],
  ])('%s', (text, expected) => expect(tree(text)).toEqual(expected));

  test.each([
    ['a clock', '10:24:57.961'],
    ['an address', '10.0.3.7:8080'],
    ['a URL', 'http://a/b?c=d&e=f#g'],
    ['a UUID', '550e8400-e29b-41d4-a716-446655440000'],
    ['a Java class', 'java.lang.NullPointerException'],
    ['a frame', 'com.foo.Bar.baz(Bar.java:123)'],
    ['a Windows path', 'C:\\Users\\me\\app.log'],
    ['a Unix path', '/var/log/app.log'],
    ['a path of one part', '/healthz'],
    ['an e-mail', 'bob@example.com'],
    ['a flag', '--spring.profiles=prod'],
    ['a MAC', 'aa:bb:cc:dd:ee:ff'],
    ['an IPv6 address', 'fe80::1'],
    ['a C++ name', 'std::string'],
    ['a pair', 'cost=1300ms'],
    ['an arrow', '->'],
    ['a dash', '-'],
    ['a header that ends', 'Error:'],
    ['brackets', '[main]'],
    ['Chinese with a colon', '订单：12345'],
    ['Chinese in parentheses', '支付失败（余额不足）请重试'],
    ['a call', 'f()'],
    ['a comment', '//'],
    ['a year range', '2025-2026'],
  ])('%s is text', (_, text) => {
    const parsed = parseQuery(text);
    expect(parsed.query.type).toBe('phrase');
    expect(parsed.hints).toEqual([]);
  });

  test('a pasted JSON line asks for its texts', () => {
    const { query, hints } = parseQuery('{"msg":"read timeout","status":503}');
    expect(hints).toEqual([]);
    expect(query.type).toBe('and');
    const texts =
      query.type === 'and' ? query.items.map((item) => (item.type === 'phrase' ? item.text : item.type)) : [];
    expect(texts).toEqual(['{', 'msg', ':', 'read timeout', ',', 'status', ':503}']);
  });

  test('a pasted log line is text word by word', () => {
    const line =
      '2026-11-21 10:24:57.961 [http-8] ERROR c.f.Foo - call(a, b) failed -> retry /api/v1 "x y" (host=a port=5)';
    const { query } = parseQuery(line);
    const only = (node: Query): boolean => (node.type === 'and' ? node.items.every(only) : node.type === 'phrase');
    expect(only(query)).toBe(true);
  });

  test('cost:1300ms is a field, with the way out', () => {
    const { query, hints } = parseQuery('app:shop cost:1300ms');
    expect(fieldsIn(query)).toEqual(['app', 'cost']);
    expect(hints).toEqual([
      { code: 'search_as_text', span: { start: 9, end: 20 }, field: 'cost', query: 'app:shop "cost:1300ms"' },
    ]);
    expect(bare(parseQuery(hints[0].query).query)).toEqual({
      type: 'and',
      items: [field('app', 'shop'), { type: 'phrase', text: 'cost:1300ms', prefix: false, quoted: true }],
    });
  });

  test.each(['cost:="1300ms"', 'cost:>5', 'cost:"x"', 'cost:*', 'cost:(a b)', 'app:shop', 'host:a', 'level:error'])(
    '%s is meant',
    (text) => {
      expect(parseQuery(text).hints).toEqual([]);
    },
  );

  test.each<[string, number, number, RegExp, RegExp]>([
    ['a OR', 2, 4, /OR has nothing on its right/, /"OR"/],
    ['OR a', 0, 2, /OR has nothing on its left/, /quote/],
    ['a AND OR b', 2, 5, /AND has nothing on its right/, /quote/],
    ['NOT', 0, 3, /NOT has nothing/, /quote/],
    ['(a', 0, 2, /"\(" is opened and not closed/, /quote/],
    ['x (a', 2, 4, /not closed/, /quote/],
    ['a)', 1, 2, /closes nothing/, /Remove/],
    ['"a b', 0, 4, /quote is opened/, /Close/],
    ['a*b', 1, 2, /end of a word/, /\/a\.\*b\//],
    ['level:eror', 6, 10, /no level/, /trace, debug/],
    ['f:>x', 3, 4, /nothing to compare with/, /duration/],
    ['f:>= 5', 0, 4, /has no value/, /without a space/],
    ['f:(a AND b)', 5, 8, /only values/, /f:a AND f:b/],
    ['x /a(?=b)/', 4, 7, /regular expression/, /look-around/],
    ['/abc[z-a]/', 5, 8, /character class/, /RE2/],
  ])('%s is refused at [%i, %i)', (text, start, end, message, hint) => {
    const error = failure(text);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.position).toEqual({ start, end });
    expect(error.message).toMatch(/^cannot read the query: /);
  });

  test('limits have their own errors', () => {
    expect(failure('x'.repeat(QUERY_LIMITS.chars + 1)).message).toMatch(/longer than 16384/);
    expect(failure(`${'('.repeat(70)}a${')'.repeat(70)}`).message).toMatch(/deeper than 64/);
    expect(failure('NOT '.repeat(70).concat('a')).message).toMatch(/deeper than 64/);
    expect(failure('a '.repeat(1_001)).message).toMatch(/more than 1000 terms/);
    expect(parseQuery('a '.repeat(999)).query.type).toBe('and');
    expect(parseQuery(`${'('.repeat(60)}a${')'.repeat(60)}`).query.type).toBe('phrase');
  });

  test('openings without end are refused or read in linear time', () => {
    for (const text of [
      'a('.repeat(8_000),
      '(a OR '.repeat(2_000),
      '"'.repeat(16_000),
      'a:('.repeat(5_000),
      '/['.repeat(8_000),
      '~"'.repeat(8_000),
      '-'.repeat(16_000),
    ]) {
      try {
        parseQuery(text);
      } catch (error) {
        if (!isCode(error, 'bad_query')) throw error;
      }
    }
  });

  test('any text is read or refused with position and hint, and its mend is read', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const mended = parseQuery(mendQuery(text));
        expect(['all', 'phrase']).toContain(mended.query.type);
        let parsed: ParsedQuery;
        try {
          parsed = parseQuery(text);
        } catch (error) {
          if (!isCode(error, 'bad_query')) throw error;
          expect(error.hint).toBeTruthy();
          expect(error.position?.end).toBeGreaterThan(error.position?.start as number);
          expect(error.position?.end).toBeLessThanOrEqual(text.length);
          return;
        }
        for (const hint of parsed.hints) {
          expect(/[:：]/.test(text.slice(hint.span.start, hint.span.end))).toBe(true);
          expect(parseQuery(hint.query).hints.length).toBeLessThan(parsed.hints.length);
        }
      }),
      { numRuns: dose(5_000, 50_000) },
    );
  });
});

describe('printQuery', () => {
  test.each([
    ['a  AND   b', 'a b'],
    ['(a OR b) AND NOT c', '(a OR b) -c'],
    ['NOT (a b)', '-(a b)'],
    ['a:(x OR "y z")', 'a:(x OR "y z")'],
    ['app:shop OR app:risk', 'app:(shop OR risk)'],
    ['“支付　失败”', '"支付　失败"'],
    ['level:none', '-level:*'],
    ['level:>=WARN', 'level:>=warn'],
    ['NOT -x', 'NOT -x'],
    ['-"->"', '-"->"'],
    ['NOT ->', 'NOT ->'],
    ['status:=503', 'status:503'],
    ['f:="OR"', 'f:"OR"'],
    ['f:"a b"*c', 'f:"a b"*c'],
  ])('%s → %s', (text, printed) => expect(printQuery(parseQuery(text).query)).toBe(printed));

  test('parse → print → parse is identity over random text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let first: Query;
        try {
          first = parseQuery(text).query;
        } catch (error) {
          if (isCode(error, 'bad_query')) return;
          throw error;
        }
        const printed = printQuery(first);
        expect(tree(printed), printed).toEqual(bare(first));
        expect(printQuery(parseQuery(printed).query)).toBe(printed);
      }),
      { numRuns: dose(8_000, 80_000) },
    );
  });

  test('parse ∘ print is identity over generated trees', () => {
    fc.assert(
      fc.property(anyTree, (made) => {
        const printed = printQuery(made);
        const read = parseQuery(printed).query;
        // A pattern that begins or ends with a space is written in a group.
        const normal = (query: Query): string =>
          JSON.stringify(unwritten(query)).replaceAll(/"pattern":"\(\?:([^"]*)\)"/g, '"pattern":"$1"');
        expect(normal(read), printed).toBe(normal(made));
        expect(printQuery(read)).toBe(printed);
      }),
      { numRuns: dose(5_000, 50_000) },
    );
  });
});

describe('texts made for people', () => {
  test('quoteText finds the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { query } = parseQuery(quoteText(text));
        expect(query.type === 'phrase' && tokenize(query.text)).toEqual(tokenize(text));
      }),
      { numRuns: dose(3_000, 50_000) },
    );
  });

  test.each([
    ['app', 'shop', 'app:shop'],
    ['app', 'two words', 'app:"two words"'],
    ['app', 'a*b', 'app:"a*b"'],
    ['app', '用户中心', 'app:用户中心'],
    ['level', 'error', 'level:error'],
    ['level', 'none', '-level:*'],
    ['msg', '', '-msg:*'],
    ['用户', 'x', '@"用户":x'],
    ['a', '/x', 'a:"/x"'],
    ['url', 'http://x/y', 'url:http://x/y'],
    ['x', '-', 'x:"-"'],
    ['time', '10:24', 'time:10:24'],
  ])('clauseText(%s, %s)', (name, value, text) => {
    expect(clauseText(name, value)).toBe(text);
  });

  test('mendQuery takes the first line of a giant', () => {
    expect(mendQuery(`head (\n${'x'.repeat(20_000)}`)).toBe('"head ("');
    expect(mendQuery(' a "b" ')).toBe('"a \\"b\\""');
    expect(parseQuery(mendQuery('"'.repeat(30_000))).query.type).toBe('phrase');
    expect(mendQuery('  ')).toBe('');
  });

  test('withoutEvents leaves events out unless the query speaks of stream', () => {
    expect(printQuery(withoutEvents(parseQuery('a OR b').query))).toBe('(a OR b) -stream:event');
    expect(printQuery(withoutEvents(parseQuery('').query))).toBe('-stream:event');
    expect(printQuery(withoutEvents(parseQuery('a stream:*').query))).toBe('a stream:*');
  });
});

describe('docs/query.md', () => {
  const text = readFileSync(new URL('../../docs/query.md', import.meta.url), 'utf8');
  const lines = [...text.matchAll(/```query\n([\s\S]*?)```/g)].flatMap(([, block]) => block.trim().split('\n'));

  test('has examples', () => expect(lines.length).toBeGreaterThan(15));

  test.each(lines)('%s', (line) => {
    const { query } = parseQuery(line);
    expect(bare(parseQuery(printQuery(query)).query)).toEqual(bare(query));
  });
});
