import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { extractFields } from '../../model/fields.ts';
import { levelOrdinal } from '../../model/level.ts';
import { and, fieldEquals, fieldGlob, not } from '../../model/query/build.ts';
import { compileMatch, type MatchView, matchRecord } from '../../model/query/match.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { compileRegexp } from '../../model/query/regexp.ts';
import { isWordBefore } from '../../model/query/syntax.ts';
import { bloomPlan, planPasses } from '../../model/query/text-plan.ts';
import { eachTokenHash } from '../../model/query/token-hash.ts';
import { tokenize } from '../../model/query/tokenize.ts';
import { type FieldTest, type Query, RECORD_FIELDS } from '../../model/query/tree.ts';
import { dose } from '../doses.ts';
import { generatedQueries, mixedRecords } from '../suites/mixed-records.ts';

const [record] = mixedRecords(1, 1);

function view(message: string): MatchView {
  return { ...record, stream: 'stdout', level: null, message };
}

function finds(query: string, message: string): boolean {
  return matchRecord(parseQuery(query).query, view(message));
}

/** The meaning of the language said again, as plainly as possible: no prefilter, no search, one rule after the other. */
function plainly(query: Query, subject: MatchView): boolean {
  const { message, source } = subject;
  switch (query.type) {
    case 'all':
      return true;
    case 'and':
      return query.items.every((item) => plainly(item, subject));
    case 'or':
      return query.items.some((item) => plainly(item, subject));
    case 'not':
      return !plainly(query.item, subject);
    case 'phrase': {
      const tokens = tokenize(query.text);
      if (tokens.length === 0) return lower(message).includes(lower(query.text));
      const all = tokenize(message);
      const open = query.prefix && isWordBefore(query.text, query.text.length);
      return all.some((_, at) =>
        tokens.every((token, i) =>
          open && i === tokens.length - 1 ? all[at + i]?.startsWith(token) : all[at + i] === token,
        ),
      );
    }
    case 'substring':
      return lower(message).includes(lower(query.text));
    case 'regexp':
      return RE2JS.compile(query.pattern, RE2JS.CASE_INSENSITIVE).test(message);
    case 'field': {
      if (query.field === 'container') {
        const { test: asked } = query;
        const byId =
          asked.op === 'equals' && /^[0-9a-f]{12,64}$/.test(asked.value) && source.container.startsWith(asked.value);
        return byId || passes(asked, source.containerName) || passes(asked, source.container);
      }
      if (query.field === 'level' && query.test.op === 'compare') {
        return subject.level !== null && compare(levelOrdinal(subject.level), query.test.sign, query.test.value);
      }
      const values: Record<string, string> = { ...source, stream: subject.stream, level: subject.level ?? '' } as never;
      const own = RECORD_FIELDS.some((name) => name === query.field);
      return passes(query.test, own ? values[query.field] : (extractFields(message).get(query.field) ?? ''));
    }
  }
}

function lower(text: string): string {
  return [...text].map((char) => (char === 'İ' ? 'i' : char.toLowerCase())).join('');
}

function compare(value: number, sign: string, than: number): boolean {
  return sign === '>' ? value > than : sign === '>=' ? value >= than : sign === '<' ? value < than : value <= than;
}

function passes(asked: FieldTest, value: string): boolean {
  switch (asked.op) {
    case 'exists':
      return value !== '';
    case 'equals':
      return value === [...asked.value].slice(0, 512).join('');
    case 'glob': {
      const pattern = asked.parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[\\s\\S]*');
      return value !== '' && new RegExp(`^${pattern}$`, 'u').test(value);
    }
    case 'compare':
      return (
        /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/.test(value) && compare(Number(value), asked.sign, asked.value)
      );
  }
}

describe('match', () => {
  test('means what the plain reading means, over mixed records', () => {
    const records = mixedRecords(5, dose(300, 2_000));
    const queries = generatedQueries(6, dose(300, 2_000), records);
    let hits = 0;
    for (const query of queries) {
      const matches = compileMatch(query);
      for (const subject of records) {
        const got = matches(subject);
        if (got !== plainly(query, subject))
          expect.fail(`${JSON.stringify(query)} on ${JSON.stringify(subject.message)}: ${got}`);
        if (got) hits++;
      }
    }
    expect(hits).toBeGreaterThan(queries.length);
  });

  const edge = fc.constantFrom(
    'a',
    'B',
    'ab',
    'abc',
    '中',
    '文',
    'あ',
    'ア',
    'ﾊ',
    'ﾞ',
    'Ａ',
    '１',
    '_',
    ' ',
    '.',
    '，',
    'é',
    'Σ',
    'σ',
    'ς',
    'İ',
    'i',
    'K',
    'k',
    'ſ',
    's',
    '\ua7cb',
    'ɤ',
    '𠀋',
    '𝒳',
    '\u0301',
    '-',
    '*',
  );
  const long = fc.constantFrom('x'.repeat(253), 'x'.repeat(255), 'é'.repeat(254), '𝒳'.repeat(255), 'x'.repeat(511));
  const soup = (pieces: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
    fc.array(pieces, { maxLength: most }).map((parts) => parts.join(''));

  test('phrases, prefixes and substrings equal the plain reading at every edge of the tokenizer', () => {
    const text = soup(fc.oneof({ arbitrary: edge, weight: 12 }, { arbitrary: long, weight: 1 }), 12);
    const needle = soup(fc.oneof({ arbitrary: edge, weight: 20 }, { arbitrary: long, weight: 1 }), 4);
    fc.assert(
      fc.property(
        text,
        needle,
        needle,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (before, asked, after, joined, prefix, literal) => {
          const message = joined ? before + asked + after : before + after;
          const query: Query = literal
            ? { type: 'substring', text: asked }
            : { type: 'phrase', text: asked, prefix, quoted: true };
          expect(matchRecord(query, view(message))).toBe(plainly(query, view(message)));
        },
      ),
      { numRuns: dose(6_000, 60_000) },
    );
  });

  test('a compiled query may be called with one object that changes', () => {
    const matches = compileMatch(parseQuery('status:503 OR /x\\d/ OR timeout').query);
    const reused = { ...record, message: 'status=503' };
    expect(matches(reused)).toBe(true);
    reused.message = 'status=200';
    expect(matches(reused)).toBe(false);
    reused.message = 'Timeout';
    expect(matches(reused)).toBe(true);
  });

  test('absent and empty are one', () => {
    const empty = { ...view('x'), source: { ...record.source, version: '', container: '', containerName: '' } };
    for (const name of ['version', 'container', 'nothing']) {
      expect(matchRecord(fieldEquals(name, ''), empty)).toBe(true);
      expect(matchRecord({ type: 'field', field: name, test: { op: 'equals', value: '' } }, empty)).toBe(true);
      expect(matchRecord(fieldGlob(name, '*'), empty)).toBe(false);
      expect(matchRecord(not(fieldEquals(name, 'x')), empty)).toBe(true);
    }
  });

  test('names of Object.prototype are no fields', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(finds(`${name}:*`, 'plain text')).toBe(false);
      expect(finds(`${name}:1`, `a ${name}=1`)).toBe(true);
      expect(finds(`${name}:1`, `{"${name}":1}`)).toBe(true);
    }
    expect(finds('__proto__.x:1', '{"__proto__":{"x":1}}')).toBe(true);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('a value longer than is kept is compared on what is kept', () => {
    const value = `${'v'.repeat(512)}tail`;
    expect(matchRecord(fieldEquals('k', value), view(`k=${value}`))).toBe(true);
    expect(matchRecord(fieldEquals('k', value.slice(0, 511)), view(`k=${value}`))).toBe(false);
    const name = 'n'.repeat(200);
    expect(matchRecord(fieldEquals(name, '1'), view(`${name}=1`))).toBe(true);
  });
});

describe('regular expressions', () => {
  test('evil patterns take linear time', () => {
    const text = `${'a'.repeat(50_000)}!`;
    for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*a){20}b', '(a*)*b', '([a-zA-Z]+)*1']) {
      expect(compileRegexp(pattern).test(text)).toBe(false);
    }
  });

  test.each<[string, string[]]>([
    ['timeout', ['timeout']],
    ['cost=[5-7]\\d\\dms', ['cost=', 'ms']],
    ['a\\.b', ['a.b']],
    ['[.]log', ['.log']],
    ['colou?r', ['colo', 'r']],
    ['ab+c', ['ab', 'bc']],
    ['ab{2,}c', ['ab', 'bc']],
    ['ab{0,2}c', ['a', 'c']],
    ['(timeout|refused)', []],
    ['(time)(out)', ['time', 'out']],
    ['(?:abc)?def', ['def']],
    ['支付\\w+失败', ['支付', '失败']],
    ['Ünder', ['nder']],
    ['\\Qa.b\\E', ['a.b']],
    ['(?-i)ABC', ['abc']],
    ['x|', []],
    ['\\x41b', []],
    ['a{,2}b', ['a{,2}b']],
    ['^GET /api$', ['get /api']],
  ])('%s must contain %j', (pattern, literals) => expect(compileRegexp(pattern).literals).toEqual(literals));

  test('the prefilter never loses a match', () => {
    const part = fc.constantFrom(
      'a',
      'B',
      's',
      'k',
      '中',
      'é',
      '\\d',
      '\\w',
      '.',
      '[ab]',
      '[^x]',
      '(a|b)',
      '(?:ab)',
      '(?i:k)',
      'x?',
      'a*',
      'b+',
      'k{2}',
      's{0,1}',
      '|',
      '\\.',
      '\\Qa.\\E',
      '[k]',
      '^',
      '$',
      '\\b',
      '(?:a|中s)',
      '\\s',
    );
    const char = fc.constantFrom('a', 'A', 'b', 'B', 's', 'S', 'ſ', 'k', 'K', 'K', '中', 'é', 'É', '.', ' ', '1', 'x');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.array(char, { maxLength: 10 }), (parts, chars) => {
        const pattern = parts.join('');
        const text = chars.join('');
        expect(compileRegexp(pattern).test(text)).toBe(RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE).test(text));
      }),
      { numRuns: dose(6_000, 60_000) },
    );
  });
});

describe('bloomPlan', () => {
  const hashesOf = (message: string): Set<number> => {
    const bytes = new TextEncoder().encode(message);
    const found = new Set<number>();
    eachTokenHash(bytes, 0, bytes.length, (hash) => found.add(hash));
    return found;
  };

  test('never skips a match, over mixed records', () => {
    const records = mixedRecords(7, dose(300, 2_000));
    const hashes = records.map(({ message }) => hashesOf(message));
    let skipped = 0;
    for (const query of generatedQueries(8, dose(400, 3_000), records)) {
      const plan = bloomPlan(query);
      const matches = compileMatch(query);
      for (const [i, subject] of records.entries()) {
        if (planPasses(plan, (hash) => hashes[i].has(hash))) continue;
        skipped++;
        if (matches(subject)) expect.fail(`${JSON.stringify(query)} skips ${JSON.stringify(subject.message)}`);
      }
    }
    expect(skipped).toBeGreaterThan(10_000);
  });

  test('never skips a match at the edges of tokens, case folding and escapes', () => {
    const piece = fc.constantFrom(
      'a',
      'ab',
      'S',
      's',
      'ſ',
      'K',
      'k',
      ' ',
      '.',
      '"',
      '\\u0061',
      '\\n',
      '\\',
      '=',
      ':',
      '{',
      '}',
      '中',
      '文',
      'é',
      'É',
      'ﾊ',
      'ﾞ',
      'Ａ',
      '\ua7cb',
      'ɤ',
      'Σ',
      'ς',
      'x'.repeat(255),
      '*',
      'k=',
      '"k":"',
      ',',
    );
    const text = fc.array(piece, { maxLength: 10 }).map((parts) => parts.join(''));
    const part = fc.array(piece, { maxLength: 5 }).map((parts) => parts.join(''));
    const wrapped = fc.tuple(text, part, text, fc.constantFrom('', 'k=', 'k="', '{"k":"'));
    fc.assert(
      fc.property(wrapped, fc.nat(5), ([before, asked, after, opening], kind) => {
        const message =
          opening === '{"k":"'
            ? `${opening}${asked}"}`
            : opening === ''
              ? before + asked + after
              : `${before} ${opening}${asked} ${after}`;
        const value = extractFields(message).get('k') ?? asked;
        const query = [
          { type: 'phrase', text: asked, prefix: false, quoted: true },
          { type: 'phrase', text: asked, prefix: true, quoted: true },
          { type: 'substring', text: asked },
          { type: 'regexp', pattern: asked.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') },
          fieldEquals('k', value),
          fieldGlob('k', `${value.slice(0, 3)}*${value.slice(4)}`),
        ][kind] as Query;
        const hashes = hashesOf(message);
        if (!planPasses(bloomPlan(query), (hash) => hashes.has(hash)))
          expect(matchRecord(query, view(message))).toBe(false);
      }),
      { numRuns: dose(8_000, 80_000) },
    );
  });

  test.each<[string, unknown]>([
    ['timeout', 'timeout'],
    ['time*', 'any'],
    ['java.lang.N*', 'java & lang'],
    ['~"cost=5"', 'any'],
    ['~" cost=5 "', 'cost & 5'],
    ['~"支付回"', '支 & 付 & 回'],
    ['/x (timeout|refused) y/', 'any'],
    ['/x timeout y/', 'timeout'],
    ['/x( timeout | refused )y/', 'timeout | refused'],
    ['NOT x', 'any'],
    ['app:shop', 'any'],
    ['a b', 'a & b'],
    ['a OR b', 'a | b'],
    ['a OR NOT b', 'any'],
    ['status:503', '(status & 503) | \\'],
    ['status:>500', 'status | \\'],
    ['"="', 'any'],
  ])('%s asks for %s', (text, shown) => {
    const show = (plan: ReturnType<typeof bloomPlan>): string => {
      if (plan.type === 'any') return 'any';
      if (plan.type === 'token') return plan.token;
      return plan.items
        .map((item) => (item.type === 'and' ? `(${show(item)})` : show(item)))
        .join(plan.type === 'and' ? ' & ' : ' | ');
    };
    expect(show(bloomPlan(parseQuery(text).query))).toBe(shown);
  });

  test('and() of queries plans all of them', () => {
    const plan = bloomPlan(and(parseQuery('timeout').query, not(fieldEquals('stream', 'event'))));
    expect(plan.type).toBe('token');
  });
});
