import fc from 'fast-check';
import { and, fieldEquals, fieldExists, fieldParts, not, or } from '../../model/query/build.ts';
import { isWordBefore } from '../../model/query/syntax.ts';
import type { Query } from '../../model/query/tree.ts';

/** Pieces that stand close to the edges of the syntax. */
const EDGES = [
  'a',
  'Z9',
  '_',
  'status',
  'app',
  'level',
  'AND',
  'OR',
  'NOT',
  '"',
  '“',
  '”',
  '‘',
  '(',
  ')',
  '（',
  '）',
  ':',
  '：',
  '::',
  '//',
  '*',
  '＊',
  '-',
  '－',
  '--',
  '~',
  '～',
  '/',
  '\\',
  '@',
  '=',
  '＝',
  '>',
  '>=',
  '＞',
  '<',
  '.',
  ',',
  ' ',
  '\u3000',
  '\n',
  '\t',
  '支付',
  'ﾊﾞ',
  'é',
  '🚀',
  '\ud800',
  '[',
  ']',
  '{',
  '}',
  '503',
  '1300ms',
  'x'.repeat(300),
  '\ufeff',
  '()',
  '@"',
  '~"',
  ' OR ',
  ' AND ',
  'NOT ',
  'http://',
  'ff:',
];

/** Any text, with a taste for what means something to the parser. */
export const anyText = fc.oneof(
  fc.array(fc.constantFrom(...EDGES), { maxLength: 14 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 30 }),
);

const wellFormed = anyText.map((text) => text.toWellFormed());
const fieldName = fc
  .oneof(
    fc.constantFrom('app', 'status', 'user.id', '@timestamp', '用户 id', '', 'a', 'ab', 'C', 'http', 'OR'),
    wellFormed,
  )
  .filter((name) => name !== 'level');
const patterns = fc.oneof(
  fc.constantFrom(
    'a.*b',
    'cost=[5-7]\\d',
    '/',
    'a/b',
    '[/]',
    '[^]/]x',
    '\\\\',
    'x y',
    ' a',
    'a ',
    'a\\ ',
    '^$',
    '(?-i)A|b',
    '\\Qa/b\\E',
    'a"b',
    '“',
    '（',
  ),
);

const phrase = fc.record({ text: wellFormed, prefix: fc.boolean(), quoted: fc.boolean() }).map(
  ({ text, prefix, quoted }): Query => ({
    type: 'phrase',
    text,
    prefix: prefix && isWordBefore(text, text.length),
    quoted,
  }),
);
const leaf: fc.Arbitrary<Query> = fc.oneof(
  phrase,
  wellFormed.map((text): Query => ({ type: 'substring', text })),
  patterns.map((pattern): Query => ({ type: 'regexp', pattern })),
  fieldName.map((name) => fieldExists(name)),
  fc.tuple(fieldName, wellFormed).map(([name, value]) => fieldEquals(name, value)),
  fc
    .tuple(fieldName, fc.array(wellFormed, { minLength: 2, maxLength: 4 }))
    .map(([name, parts]) => fieldParts(name, parts)),
  fc.tuple(fieldName, fc.constantFrom('>', '>=', '<', '<='), fc.constantFrom(5, -1.5, 0, 1e21, 1300)).map(
    ([field, sign, value]): Query => ({
      type: 'field',
      field,
      test: { op: 'compare', sign: sign as '>', value, text: String(value) },
    }),
  ),
  fc.constantFrom<Query>(
    fieldEquals('level', 'warn'),
    fieldEquals('level', 'none'),
    { type: 'field', field: 'level', test: { op: 'compare', sign: '>=', value: 4, text: 'warn' } },
    { type: 'field', field: 'cost', test: { op: 'compare', sign: '>', value: 5000, text: '5s' } },
    { type: 'all' },
  ),
);

/** Trees as the constructors build them, every node kind, edges of the syntax in every text. */
export const anyTree: fc.Arbitrary<Query> = fc.letrec<{ tree: Query }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    leaf,
    fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((items) => and(...items)),
    fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((items) => or(...items)),
    tie('tree').map((item) => not(item)),
  ),
})).tree;

/** A tree without its places, for comparison. */
export function bare(query: Query): Query {
  return JSON.parse(JSON.stringify(query, (key, value) => (key === 'span' ? undefined : value))) as Query;
}

/** The same with every word written in quotes: what may differ when a word cannot stand bare. */
export function unwritten(query: Query): Query {
  return JSON.parse(
    JSON.stringify(query, (key, value) => (key === 'span' || key === 'quoted' ? undefined : value)),
  ) as Query;
}
