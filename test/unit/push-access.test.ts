import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asBearer } from '../../api/push/credentials.ts';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let rig: PushRig;

beforeAll(async () => {
  rig = await startPushRig();
});
afterAll(() => rig.close());

const INPUTS: [path: string, type: string, body: string][] = [
  ['/ndjson', 'application/x-ndjson', '{"app":"a","msg":"x"}'],
  ['/loki', 'application/json', '{"streams":[]}'],
  ['/elastic/_bulk', 'application/x-ndjson', '{"create":{}}\n{"message":"x"}\n'],
  ['/otlp/v1/logs', 'application/json', '{}'],
];

describe('who may push', () => {
  test('nobody without a token, and is told how to make one', async () => {
    for (const [path, type, body] of INPUTS) {
      const answer = await fetch(`${rig.h.url}/api/v1/push${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
      expect(answer.status).toBe(401);
      expect(((await answer.json()) as { error: { hint: string } }).error.hint).toContain(
        'fleetlog token create NAME --role push',
      );
    }
  });

  test('no reader, collector or metrics token; a push token pushes and does nothing else', async () => {
    for (const role of ['reader', 'collector', 'metrics'] as const) {
      const token = await rig.newToken(undefined, { role, ...(role === 'collector' && { host: 'h1' }) });
      expect((await rig.push('/ndjson', 'x', { authorization: `Bearer ${token}` })).status).toBe(403);
    }
    for (const path of ['logs', 'apps', 'tokens', 'ledger', 'logs/tail'])
      expect((await rig.h.get(`/api/v1/${path}`, rig.token)).status).toBe(403);
    expect((await rig.h.get('/api/v1/me', rig.token)).json.role).toBe('push');
    expect(
      (await rig.h.send('POST', '/api/v1/collect', undefined, { authorization: `Bearer ${rig.token}` })).status,
    ).toBe(403);
  });

  test('a revoked token pushes no more', async () => {
    const { secret, token } = await rig.h.token('push');
    expect((await rig.push('/ndjson?app=revoked', 'x', { authorization: `Bearer ${secret}` })).status).toBe(200);
    await rig.h.send('DELETE', `/api/v1/tokens/${token.id}`);
    expect((await rig.push('/ndjson?app=revoked', 'x', { authorization: `Bearer ${secret}` })).status).toBe(401);
  });

  test('tokens come as a bearer, as a password, or as an API key', async () => {
    const basic = `Basic ${Buffer.from(`anyone:${rig.token}`).toString('base64')}`;
    const key = `ApiKey ${Buffer.from(`id:${rig.token}`).toString('base64')}`;
    for (const authorization of [`Bearer ${rig.token}`, basic, key])
      expect((await rig.push('/ndjson?app=schemes', 'x', { authorization })).status).toBe(200);
    for (const authorization of [
      'Basic !!',
      'Basic eDp5',
      'ApiKey',
      'Digest x',
      `Basic ${Buffer.from('x:flt_no').toString('base64')}`,
    ])
      expect((await rig.push('/ndjson', 'x', { authorization })).status).toBe(401);
    // Elsewhere a password is no token.
    expect((await rig.h.send('GET', '/api/v1/apps', undefined, { authorization: basic })).status).toBe(401);
    expect(asBearer('Bearer flt_x')).toBe('Bearer flt_x');
  });
});

describe('scope', () => {
  test('lines outside of it are refused and counted, the others stored, and the sender is told', async () => {
    const token = await rig.newToken([{ app: 'shop-*', env: 'prod' }]);
    const body = ['shop-1', 'shop-2', 'pay', 'shop-1'].map((app, i) =>
      JSON.stringify({ app, env: i === 3 ? 'test' : 'prod', msg: `scoped ${i}` }),
    );
    const answer = await rig.push('/ndjson', body.join('\n'), { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(403);
    expect(answer.json.error.message).toBe(
      'cannot take lines of "pay/prod": this token may not write them (2 of 4 lines; the others are stored)',
    );
    expect(answer.json.error.hint).toContain('--role push --scope "pay/prod"');
    expect((await rig.records('scoped')).map(({ message }) => message)).toEqual(['scoped 0', 'scoped 1']);
    expect(await rig.metric('fleetlog_push_refused_lines_total')).toEqual([
      'fleetlog_push_refused_lines_total{input="ndjson",reason="scope"} 2',
    ]);
  });

  test('a token for one app, env and host says what its lines are of', async () => {
    const token = await rig.newToken([{ app: 'billing', env: 'prod' }], { host: 'db-7' });
    await rig.push('/ndjson', 'of the token', { authorization: `Bearer ${token}` });
    expect(await rig.records('"of the token"')).toMatchObject([{ app: 'billing', env: 'prod', host: 'db-7' }]);
  });

  test('an app that only pushes is in the list of apps', async () => {
    await rig.push('/ndjson?app=only-push&env=prod&host=far-1', 'ERROR it broke');
    const { items } = (await rig.h.get('/api/v1/apps?app=only-push')).json;
    expect(items).toMatchObject([{ app: 'only-push', env: 'prod', hosts: ['far-1'], lines: 1, errors: 1 }]);
  });
});
