import { expect, test } from 'vitest';
import { findFields, LOOK } from '../../api/found-fields.ts';
import type { LogStore } from '../../store/log-store.ts';
import { T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { createMemoryLogStore } from '../suites/memory-log-store.ts';

const WHOLE = { query: { type: 'all' } as const, from: T0, to: T0 + 3600e6 };

async function storeOf(apps: Record<string, string[]>): Promise<LogStore> {
  const store = createMemoryLogStore();
  let n = 0;
  for (const [app, messages] of Object.entries(apps)) {
    n += 1;
    const fid = n.toString(16).padStart(32, '0');
    await store.append([linesBatch({ fid, source: source({ app }), messages })]);
  }
  return store;
}
const many = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n));

test('a loud app does not hide the fields of a quiet one', async () => {
  const store = await storeOf({ quiet: ['rare=1'], loud: many(LOOK.lines * 2, (n) => `seq=${n}`) });
  const { fields, looked } = await findFields(store, WHOLE);
  expect(fields).toEqual([
    { name: 'seq', kind: 'number', lines: LOOK.lines / 2 },
    { name: 'rare', kind: 'number', lines: 1 },
  ]);
  expect(looked).toBe(LOOK.lines / 2 + 1);
});

test('the kind is what every value can be read as', async () => {
  const store = await storeOf({
    shop: ['a=1 b=true c=x __proto__=1', 'a=2.5 b=false c=7 __proto__=2', 'a=-1e3 b=true c=true'],
  });
  const { fields } = await findFields(store, WHOLE);
  expect(fields.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    'a number',
    'b boolean',
    'c text',
    '__proto__ number',
  ]);
});

test('with more apps than are looked at, the answer says so', async () => {
  const apps = Object.fromEntries(many(LOOK.apps + 4, (n) => `app-${n}`).map((app) => [app, [`of=${app}`]]));
  const { fields, looked, notes } = await findFields(await storeOf(apps), WHOLE);
  expect(notes).toEqual([{ code: 'limit_reached', limit: LOOK.apps }]);
  expect(looked).toBe(LOOK.apps);
  expect(fields).toEqual([{ name: 'of', kind: 'text', lines: LOOK.apps }]);
});

test('when time runs out, what is known by then is the answer', async () => {
  const store = await storeOf({ one: ['first=1', 'first=2'], two: ['second=1'] });
  let searches = 0;
  const slow: LogStore = {
    ...store,
    search: async (request) => {
      searches += 1;
      const page = await store.search(request);
      return { ...page, notes: [...page.notes, { code: 'time_limit_reached' }] };
    },
  };
  const { fields, notes } = await findFields(slow, WHOLE);
  expect(searches).toBe(1);
  expect(fields.map((one) => one.name)).toEqual(['first']);
  expect(notes).toEqual([{ code: 'time_limit_reached' }]);
});
