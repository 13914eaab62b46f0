import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patternsMeet } from '../../api/scope.ts';
import { matchesGlob } from '../../model/glob.ts';
import { type Harness, startHarness } from '../suites/api-harness.ts';

describe('patterns meet', () => {
  test.each([
    ['shop-*', 'shop-order', true],
    ['shop-*', '*-order', true],
    ['shop-*', 'pay-*', false],
    ['*', '', true],
    ['a*b', 'ab', true],
    ['a*b', 'b*a', false],
    ['a', 'aa', false],
    ['*a*', 'b*c', true],
  ])('%s and %s: %s', (a, b, meet) => {
    expect(patternsMeet(a, b)).toBe(meet);
    expect(patternsMeet(b, a)).toBe(meet);
  });

  test('whenever a value matches both', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    const value = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, pattern, value, (a, b, text) => {
        if (matchesGlob(a, text) && matchesGlob(b, text)) expect(patternsMeet(a, b)).toBe(true);
      }),
    );
  });

  test('only when some short value matches both', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 });
    const values = [''];
    for (let from = 0; values.length < 1000; from++) values.push(`${values[from]}a`, `${values[from]}b`);
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const some = values.some((text) => matchesGlob(a, text) && matchesGlob(b, text));
        expect(patternsMeet(a, b)).toBe(some);
      }),
    );
  });
});

describe('views', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await startHarness();
  });
  afterAll(() => h.close());

  test('shared with a scope are seen by those who read something of it, and by nobody else', async () => {
    const save = (name: string, rest: object) => h.send('POST', '/api/v1/views', { name, query: 'x', ...rest });
    await save('private', {});
    await save('everyone', { shared: true });
    const shop = await save('shop', { shared: true, scope: { app: 'shop-*', env: 'prod' } });
    expect(shop.json.scope).toEqual({ app: 'shop-*', env: 'prod' });
    const names = async (app: string, env: string) => {
      const { secret } = await h.token('reader', [{ app, env }]);
      const seen = (await h.get('/api/v1/views', secret)).json.items.map((one: { name: string }) => one.name).sort();
      const one = await h.get(`/api/v1/views/${shop.json.id}`, secret);
      expect(one.status).toBe(seen.includes('shop') ? 200 : 404);
      return seen;
    };
    expect(await names('shop-pay', '*')).toEqual(['everyone', 'shop']);
    expect(await names('risk', '*')).toEqual(['everyone']);
    expect(await names('*', 'test')).toEqual(['everyone']);
    expect((await h.get('/api/v1/views')).json.items).toHaveLength(3);
    const wrong = await save('odd', { shared: true, scope: { app: '' } });
    expect(wrong.status).toBe(400);
  });
});
