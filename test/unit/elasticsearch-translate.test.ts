import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withoutEvents } from '../../model/query/defaults.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { createIndexNames } from '../../store/elasticsearch/index-names.ts';
import { logsTemplate } from '../../store/elasticsearch/template.ts';
import { translate } from '../../store/elasticsearch/translate.ts';
import { substringCandidates } from '../../store/elasticsearch/translate-text.ts';

const GOLDEN = new URL('../fixtures/elasticsearch/', import.meta.url);

/** What is sent for each of these; `FLEETLOG_GOLDEN=write` writes the files anew, for a person to read. */
const QUERIES: Record<string, string> = {
  everything: '',
  word: 'NullPointerException',
  'word-with-dots': 'java.lang.NullPointerException',
  'chinese-phrase': '"支付回调处理失败"',
  prefix: 'err*',
  'phrase-with-prefix': 'java.lang.N*',
  substring: '~"status=503"',
  'substring-of-a-word': '~"1f9c"',
  'substring-without-a-token': '~"=="',
  'substring-half-width': '~"ﾀｲﾑ"',
  regexp: '/cost=\\d{4,}ms/',
  'not-regexp': '-/cost=\\d{4,}ms/ timeout',
  'record-fields': 'app:shop-* env:prod host:(bj-h01 OR bj-h02) -stream:stderr',
  container: 'container:0123456789ab OR container:shop-1',
  level: 'level:>=warn OR -level:*',
  'line-fields': 'status:503 user.id:* path:/api/*/orders* -degraded:true',
  numbers: 'status:>=500 cost:<1.5 offset:>-3 version:>2',
  hostile: 'app:"a\\"]}},{" ~"*?\\\\" "AND OR NOT" note:"a*b\\\\"',
  empty: 'note:="" OR -note:*',
};

describe('what the cluster is asked', () => {
  test.each(Object.entries(QUERIES))('%s', (name, text) => {
    const { clause, runtime, verify, slow } = translate(withoutEvents(parseQuery(text).query));
    const request = { query: text, clause, runtime, verified: verify !== null, slow };
    golden(`${name}.json`, `${JSON.stringify(request, null, 2)}\n`);
  });

  test('of a prefix behind words, where too many terms begin so', () => {
    const { query } = parseQuery('java.lang.N*');
    expect(translate(query, true)).toMatchObject({
      clause: {
        bool: {
          filter: [
            { match_phrase: { message: { query: 'java lang', analyzer: 'whitespace' } } },
            { prefix: { message: { value: 'n' } } },
          ],
        },
      },
      verify: expect.any(Function),
    });
  });

  test('a wrong pattern is refused before anything is asked', () => {
    expect(() => translate({ type: 'regexp', pattern: '(' })).toThrowError(/regular expression is wrong/);
  });

  test('no text of a user stands where the cluster reads syntax', () => {
    for (const [name, text] of Object.entries(QUERIES)) {
      const { clause, runtime } = translate(parseQuery(text).query);
      const kinds = new Set<string>();
      const walk = (value: unknown): void => {
        if (Array.isArray(value)) value.forEach(walk);
        else if (typeof value === 'object' && value !== null)
          for (const [key, inner] of Object.entries(value)) {
            kinds.add(key);
            walk(inner);
          }
      };
      walk(clause);
      for (const kind of ['query_string', 'simple_query_string', 'script', 'regexp', 'wrapper'])
        expect([...kinds], name).not.toContain(kind);
      // Needles are parameters: the script's own text is always the same.
      const scripts = Object.values(runtime) as { script: { source: string } }[];
      expect(new Set(scripts.map(({ script }) => script.source)).size).toBeLessThanOrEqual(1);
    }
  });
});

describe('candidates of a substring', () => {
  const candidates = (text: string): string => JSON.stringify(substringCandidates(text));

  test('ask for whole tokens only between separators', () => {
    expect(candidates('ab cd ef')).toContain('{"wildcard":{"message":{"value":"*ab"}}}');
    expect(candidates('ab cd ef')).toContain('{"term":{"message":"cd"}}');
    expect(candidates('ab cd ef')).toContain('{"prefix":{"message":{"value":"ef"}}}');
    expect(candidates('支付超时')).toContain('支 付 超 时');
  });

  test('promise nothing for what folds with its neighbours or has another case elsewhere', () => {
    expect(substringCandidates('ﾊ')).toBeNull();
    expect(substringCandidates('==')).toBeNull();
    // ハ may stand before a sound mark in the message.
    expect(candidates('xハ')).toContain('"*x*"');
  });
});

test('the template of the indices', () => {
  const config = { shards: 1, replicas: 1, codec: 'default', ilm: false } as const;
  golden('template.json', `${JSON.stringify(logsTemplate(config, createIndexNames('fleetlog'), null), null, 1)}\n`);
});

function golden(name: string, text: string): void {
  const file = new URL(name, GOLDEN);
  if (process.env.FLEETLOG_GOLDEN === 'write') writeFileSync(file, text);
  expect(existsSync(file), `${name} is missing: run with FLEETLOG_GOLDEN=write and read it`).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
}
