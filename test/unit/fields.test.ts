import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cutKey,
  cutValue,
  extractFields,
  FIELD_LIMIT,
  KEY_LIMIT,
  numericValue,
  parseScalar,
  VALUE_LIMIT,
} from '../../model/fields.ts';
import { dose } from '../doses.ts';

function fields(message: string): Record<string, string> {
  return Object.fromEntries(extractFields(message));
}

describe('fields of JSON lines', () => {
  test.each<[string, Record<string, string>]>([
    ['{"status":503,"ok":true,"no":false}', { status: '503', ok: 'true', no: 'false' }],
    ['{"user":{"id":7,"name":{"first":"bob"}}}', { 'user.id': '7', 'user.name.first': 'bob' }],
    ['{"a.b":1}', { 'a.b': '1' }],
    ['{"none":null,"empty":"","x":1}', { x: '1' }],
    ['{"tags":["a", "b"],"m":[{"x":[1]}],"e":[]}', { tags: '["a", "b"]', m: '[{"x":[1]}]', e: '[]' }],
    ['{"o":{}}', { o: '{}' }],
    ['{}', {}],
    ['  {"a":1}\n', { a: '1' }],
    [
      '{"big":12345678901234567890,"f":1.50,"e":1e3,"neg":-0.5}',
      { big: '12345678901234567890', f: '1.50', e: '1e3', neg: '-0.5' },
    ],
    ['{"s":"a\\"b\\\\c\\n\\u4e2d\\ud83d\\ude80"}', { s: 'a"b\\c\n中🚀' }],
    ['{"lone":"\\ud800x"}', { lone: '\ufffdx' }],
    ['{"\\u0061":1}', { a: '1' }],
    ['{"a":1,"a":2}', { a: '1' }],
    ['{"":1}', { '': '1' }],
    ['{"用户":"张三"}', { 用户: '张三' }],
    ['{"msg":"a=b c=d"}', { msg: 'a=b c=d' }],
    ['{"raw":"tab\there"}', { raw: 'tab\there' }],
  ])('%s', (message, expected) => expect(fields(message)).toEqual(expected));

  test.each([
    '{"a":1} tail x',
    'x {"a":1}',
    '{"a":1',
    '{"a"}',
    '{"a":}',
    '{"a":01}',
    '{"a":1,}',
    '{a:1}',
    '[{"a":1}]',
    '{"a":"\\x"}',
    '{"a":[1}]}',
    '{"a":+1}',
    '{"a":tru}',
  ])('%s is no JSON line', (message) => expect(fields(message)).toEqual({}));

  test('deep nesting is text from the 32nd level and breaks nothing', () => {
    const deep = `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`;
    const [[key, value]] = extractFields(deep);
    expect(key).toBe(Array(33).fill('a').join('.'));
    expect(value.startsWith('{"a":')).toBe(true);
    expect(extractFields(`{"a":${'['.repeat(200_000)}`).size).toBe(0);
    expect(extractFields(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`).size).toBe(1);
  });

  test('what JSON.parse reads is read with the same leaves', () => {
    const leaves = (value: unknown, prefix: string, out: Map<string, string>): Map<string, string> => {
      for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
        const name = value === root ? key : `${prefix}.${key}`;
        if (typeof item === 'object' && item !== null && !Array.isArray(item) && Object.keys(item).length > 0)
          leaves(item, name, out);
        else if (item !== null && item !== '' && !out.has(cutKey(name))) {
          const text = typeof item === 'string' ? item : JSON.stringify(item);
          out.set(cutKey(name), cutValue(text.toWellFormed()));
        }
      }
      return out;
    };
    let root: unknown;
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
    );
    const object = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.dictionary(
        fc.string({ maxLength: 5 }).filter((key) => !key.includes('.') && !/^\d+$/.test(key)),
        fc.oneof({ depthSize: 'small' }, leaf, tie('node')),
        { maxKeys: 5 },
      ),
    })).node;
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const arraysAsWritten = indent === 0;
        const got = extractFields(text);
        root = JSON.parse(text);
        const want = leaves(root, '', new Map());
        if (arraysAsWritten) expect([...got].sort()).toEqual([...want].sort());
        else expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
      }),
      { numRuns: dose(1_500, 50_000) },
    );
  });
});

describe('fields of logfmt pairs', () => {
  test.each<[string, Record<string, string>]>([
    [
      'time=2026-11-21T10:24:57Z level=info msg="hello world" dur=5ms',
      { time: '2026-11-21T10:24:57Z', level: 'info', msg: 'hello world', dur: '5ms' },
    ],
    ['ERROR c.f.Foo - failed status=503 cost=1300ms', { status: '503', cost: '1300ms' }],
    ['调用超时 bank=ICBC cost=3004ms，将进行第 2 次重试', { bank: 'ICBC', cost: '3004ms' }],
    ['重试cost=5ms', { cost: '5ms' }],
    ['[trace=abc][span=def]', { trace: 'abc', span: 'def' }],
    ['User{id=7, name=bob}', { id: '7', name: 'bob' }],
    ['User{id=7,name=bob}', { id: '7', name: 'bob' }],
    ["User{name='Bob B', age=3}", { name: 'Bob B', age: '3' }],
    ['ids=1,2,3 next=4', { ids: '1,2,3', next: '4' }],
    ['url=/x?a=1&b=2 ok=1', { url: '/x?a=1&b=2', ok: '1' }],
    ['list=[1, 2] map={a=1}', { list: '[1, 2]', map: '{a=1}' }],
    ['msg="say \\"hi\\"\\n\\\\" x=1', { msg: 'say "hi"\n\\', x: '1' }],
    ['a=1 a=2', { a: '1' }],
    ['token=abc== x=1', { token: 'abc==', x: '1' }],
    ['@timestamp=1 x=2', { x: '2' }],
    ['user.id=7 x-y=1 _z=2', { 'user.id': '7', 'x-y': '1', _z: '2' }],
    ['name=张三 x', { name: '张三' }],
    ['__proto__=1 constructor=2', JSON.parse('{"__proto__":"1","constructor":"2"}')],
  ])('%s', (message, expected) => expect([...extractFields(message)]).toEqual(Object.entries(expected)));

  test.each([
    'a==b',
    'a=>b',
    'a != b',
    'a= b',
    '=x',
    '1a=2',
    'GET /x?a=1&b=2',
    'x/a=1',
    'éa=1',
    'a="open',
    'a=',
    'if (a <= b)',
    '',
  ])('%s has none', (message) => expect(fields(message)).toEqual({}));

  test('a joined trace gives the pairs of all its lines', () => {
    expect(fields('a=1\nCaused by: x b=2\n\tc=3')).toEqual({ a: '1', b: '2', c: '3' });
  });
});

describe('limits', () => {
  test('200 fields a line, the first ones', () => {
    const pairs = Array.from({ length: 300 }, (_, i) => `k${i}=${i}`);
    const found = extractFields(pairs.join(' '));
    expect(found.size).toBe(FIELD_LIMIT);
    expect(found.get('k199')).toBe('199');
    const object = extractFields(
      JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]))),
    );
    expect([...object.keys()]).toEqual([...found.keys()]);
  });

  test('keys and values are cut by code points', () => {
    const [[key, value]] = extractFields(JSON.stringify({ ['𝒳'.repeat(300)]: '🚀'.repeat(600) }));
    expect([...key].length).toBe(KEY_LIMIT);
    expect([...value].length).toBe(VALUE_LIMIT);
    expect(value.isWellFormed()).toBe(true);
    expect(cutValue('x'.repeat(512))).toBe('x'.repeat(512));
    expect(extractFields(`a=${'v'.repeat(600)}`).get('a')).toBe('v'.repeat(512));
  });

  test('any message gives few, short, non-empty, well-formed fields, in linear time', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '"',
      "'",
      '\\',
      ' ',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '中',
      '\n',
      '\ud800',
      'k=',
      '="',
      '{"a":',
      '1',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) => {
        for (const [key, value] of extractFields(parts.join('').toWellFormed())) {
          expect(value).not.toBe('');
          expect(key.isWellFormed() && value.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: dose(5_000, 100_000) },
    );
    for (const message of [
      'a="'.repeat(60_000),
      'a=['.repeat(60_000),
      "a='".repeat(60_000),
      '='.repeat(200_000),
      `{${'"a":{'.repeat(60_000)}`,
      `{"a":"${'\\'.repeat(200_000)}`,
      'a'.repeat(200_000),
      `{"a":"${'\\"'.repeat(100_000)}`,
    ]) {
      expect(extractFields(message).size).toBeLessThanOrEqual(FIELD_LIMIT);
    }
  });
});

describe('numbers', () => {
  test.each<[string, number | null]>([
    ['503', 503],
    ['-1.5', -1.5],
    ['+2', 2],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['007', 7],
    ['-0', 0],
    ['1300ms', null],
    ['', null],
    [' 5', null],
    ['0x10', null],
    ['1_000', null],
    ['1,000', null],
    ['NaN', null],
    ['Infinity', null],
    ['1e999', null],
    ['１', null],
    ['9'.repeat(400), null],
  ])('value %s is %s', (text, value) => expect(numericValue(text)).toBe(value));

  test.each<[string, number | null]>([
    ['500ms', 500],
    ['5s', 5_000],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['10us', 0.01],
    ['10KB', 10_000],
    ['10kb', 10_000],
    ['1MiB', 1_048_576],
    ['1.5GB', 1.5e9],
    ['-5s', -5_000],
    ['5M', null],
    ['5x', null],
    ['s', null],
    ['5 s', null],
    ['42', 42],
  ])('scalar %s is %s', (text, value) => expect(parseScalar(text)).toBe(value));
});
