import { afterAll, describe, expect, test } from 'vitest';
import { tokenize } from '../../model/query/tokenize.ts';
import { createIndexNames } from '../../store/elasticsearch/index-names.ts';
import { splitRuns } from '../../store/elasticsearch/split-runs.ts';
import { logsTemplate } from '../../store/elasticsearch/template.ts';
import { dose } from '../doses.ts';
import { shareElasticsearch } from '../servers/elasticsearch.ts';
import { ownPrefix } from '../suites/elasticsearch-fixture.ts';
import { mixedRecords } from '../suites/mixed-records.ts';
import { createRandom } from '../suites/random.ts';

const server = await shareElasticsearch();
const index = `${ownPrefix()}-analysis`;
afterAll(async () => {
  await fetch(`${server?.url}/${index}`, { method: 'DELETE' });
  server?.leave();
});

/** Code points of one request. */
const BLOCK = 2_048;
const AT_ONCE = 3;

describe.skipIf(!server)('the tokenizer of the index is the one of the product', () => {
  const analyze = async (text: string): Promise<string[]> => {
    const answer = (await send('POST', `/${index}/_analyze`, { analyzer: 'fl_text', text })) as {
      tokens: { token: string }[];
    };
    return answer.tokens.map(({ token }) => token);
  };

  async function send(method: string, path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server?.url}${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
    return answer.json();
  }

  test('on every code point there is', async () => {
    const config = { shards: 1, replicas: 0, codec: 'default', ilm: false } as const;
    const { settings } = logsTemplate(config, createIndexNames('t'), null).template;
    const own = {
      'index.analysis': settings['index.analysis'],
      'index.number_of_replicas': 0,
      'index.analyze.max_token_count': 100_000,
    };
    await send('PUT', `/${index}`, { settings: own });
    const blocks: number[] = [];
    for (let first = 0; first < 0x110000; first += BLOCK) if (first < 0xd800 || first >= 0xe000) blocks.push(first);
    const wrong: string[] = [];
    const next = blocks.values();
    const work = async (): Promise<void> => {
      for (const first of next) {
        let text = '';
        for (let code = first; code < first + BLOCK; code++) {
          const char = String.fromCodePoint(code);
          text += `x${char}Y ${char} `;
        }
        const [got, want] = [await analyze(text), tokenize(text)];
        const at = want.findIndex((token, i) => token !== got[i]);
        if (at >= 0 || got.length !== want.length) wrong.push(`U+${first.toString(16)}: ${got[at]} is not ${want[at]}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    // Surrogates are no characters: 2,048 code points fewer.
    expect(blocks.length * BLOCK).toBe(0x110000 - 0x800);
    expect(wrong).toEqual([]);
  });

  test('on mixed lines, long runs and random Unicode', async () => {
    const random = createRandom(11);
    const runs = [
      'a'.repeat(255),
      'a'.repeat(256),
      `${'é'.repeat(254)}𝒳𝒳`,
      'ｶﾞ'.repeat(130),
      `支${'付'.repeat(300)}`,
      '9'.repeat(1_000),
    ];
    const noise = Array.from({ length: dose(300, 9_000) }, () =>
      Array.from({ length: 1 + random.below(40) }, () => String.fromCodePoint(random.below(0x30000)))
        .join('')
        .toWellFormed(),
    );
    const lines = mixedRecords(77, dose(500, 5_000)).map(({ message }) => message);
    const texts = [...runs, ...noise, ...lines];
    const wrong: string[] = [];
    for (let i = 0; i < texts.length; i += 100) {
      const some = texts.slice(i, i + 100);
      // A separator that is no word character in any table keeps texts apart.
      const got = await analyze(splitRuns(some.join(' \u0001 ')));
      if (JSON.stringify(got) !== JSON.stringify(some.flatMap(tokenize))) wrong.push(...some.slice(0, 3));
    }
    expect(wrong).toEqual([]);
  });
});
