import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFields } from '../../api/found-fields.ts';
import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { Query } from '../../model/query/tree.ts';
import type { GroupKey, LogStore, Note } from '../../store/log-store.ts';
import { dose } from '../doses.ts';
import { shareElasticsearch } from '../servers/elasticsearch.ts';
import { elasticsearchConfig, openElasticsearchStore, removePrefix } from '../suites/elasticsearch-fixture.ts';
import { openStore } from '../suites/embedded-fixture.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';
import { generatedQueries, MIXED_START, mixedRecords } from '../suites/mixed-records.ts';
import { createRandom, type Random } from '../suites/random.ts';
import { appendRecords, batchesOf } from '../suites/record-batches.ts';

const SECOND = 1_000_000;
const PAGE = 60;
/** Queries that are under way at once: most of the time is spent waiting for the cluster. */
const AT_ONCE = 4;

const server = await shareElasticsearch();
afterAll(() => server?.leave());

/**
 * The same lines in three stores: an array under `match`, the segments, the cluster. Every generated query is asked of all; ids, counts,
 * buckets, facets and patterns must be the same. Only what an answer itself calls a lower bound is outside.
 */
describe.skipIf(!server)('a query means the same in every store', () => {
  const records = mixedRecords(2_026, dose(5_000, 50_000));
  const queries = generatedQueries(1_121, dose(500, 5_000), records);
  const reference = createMemoryLogStore();
  const stores = new Map<string, LogStore>();
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'fleetlog-differential-'));
    const embedded = await openStore(dir);
    const config = elasticsearchConfig([server?.url as string], { shards: 2 });
    const cluster = await openElasticsearchStore(config);
    stores.set('embedded', embedded).set('Elasticsearch', cluster);
    ends.push(
      () => embedded.close(),
      () => rm(dir, { recursive: true, force: true }),
      () => cluster.close(),
      () => removePrefix(server?.url as string, config.prefix),
    );
    await appendRecords(reference, records);
    await appendRecords(embedded, records.slice(0, records.length / 2));
    await embedded.flush();
    await appendRecords(embedded, records);
    const batches = batchesOf(records);
    for (let i = 0; i < batches.length; i += 100) await cluster.append(batches.slice(i, i + 100));
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  test(
    `${queries.length} queries over ${records.length} lines`,
    async () => {
      const random = createRandom(7);
      const asked = queries.map((query) => questionAbout(random, query, records));
      const wrong: string[] = [];
      let bounds = 0;
      const next = asked.entries();
      const work = async (): Promise<void> => {
        for (const [i, question] of next) {
          const want = await ask(reference, question);
          for (const [name, store] of stores) {
            const got = await ask(store, question);
            for (const part of Object.keys(want) as (keyof Answers)[]) {
              if (got[part].bounded) bounds++;
              else if (JSON.stringify(got[part].answer) !== JSON.stringify(want[part].answer)) {
                wrong.push(`${name}, query ${i}, ${part}: ${JSON.stringify(question.query)}`);
              }
            }
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      expect(wrong.slice(0, 5)).toEqual([]);
      // Answers that are only lower bounds prove nothing; of so few lines none is.
      expect(bounds).toBe(0);
    },
    dose(600_000, 7_200_000),
  );
});

interface Question {
  query: Query;
  from: number;
  to: number;
  order: 'asc' | 'desc';
  after: RecordKey | undefined;
  by: GroupKey;
  interval: number;
  fields: string[];
  /** Patterns and names of fields cost most; every fourth question asks for them. */
  patterns: boolean;
}

function questionAbout(random: Random, query: Query, records: RecordKey[]): Question {
  const last = records[records.length - 1].time;
  const whole = random.chance(0.6);
  const from = whole ? MIXED_START : records[random.below(records.length)].time;
  return {
    patterns: random.chance(0.25),
    query,
    from,
    to: whole ? last + 1 : from + (1 + random.below(900)) * SECOND,
    order: random.pick(['asc', 'desc']),
    after: random.chance(0.3) ? records[random.below(records.length)] : undefined,
    by: random.pick(['level', 'app', 'env', 'host', 'none']),
    interval: random.pick([7, 60, 90, 300]) * SECOND,
    fields: [
      random.pick(['app', 'level', 'stream', 'container', 'path', 'image']),
      random.pick(['status', 'cost', 'user.id', 'traceId']),
    ],
  };
}

interface Answer {
  answer: unknown;
  bounded: boolean;
}
type Answers = Record<'count' | 'page' | 'buckets' | 'facets' | 'patterns' | 'found', Answer>;

async function ask(store: LogStore, question: Question): Promise<Answers> {
  const { order, after, interval, by, fields, patterns: withPatterns, ...range } = question;
  const kept = ({ notes }: { notes: Note[] }, answer: unknown): Answer => ({
    answer,
    bounded: notes.some(({ code }) => code === 'lower_bound'),
  });
  const [count, page, histogram, facets, patterns, found] = await Promise.all([
    store.count(range),
    store.search({ ...range, order, after, limit: PAGE }),
    store.histogram({ ...range, interval, by }),
    store.facets({ ...range, fields, size: 20 }),
    withPatterns ? store.patterns({ ...range, size: 10, interval }) : { notes: [], total: 0, patterns: [] },
    withPatterns ? findFields(store, range) : { notes: [], fields: [], looked: 0 },
  ]);
  const id = ({ time, fid, gen, offset }: RecordKey): string => `${time} ${fid} ${gen} ${offset}`;
  const sorted = page.records.toSorted(compareKeys);
  if (order === 'desc') sorted.reverse();
  return {
    count: kept(count, count.count),
    page: kept(page, {
      more: page.more,
      ordered: page.records.every((record, i) => record === sorted[i]),
      records: page.records.map(({ message, level, stream, raw, flags, source, ...key }) => [
        id(key),
        message,
        level,
        stream,
        raw ?? null,
        flags,
        source.containerName,
      ]),
    }),
    buckets: kept(
      histogram,
      histogram.buckets.map(({ time, counts }) => [time, Object.entries(counts).sort()]),
    ),
    found: kept(found, [found.fields, found.looked]),
    facets: kept(
      facets,
      fields.map((field) => facets.facets[field]),
    ),
    patterns: kept(patterns, {
      total: patterns.total,
      patterns: patterns.patterns.map(({ sample, apps, ...one }) => [one, id(sample), Object.entries(apps).sort()]),
    }),
  };
}
