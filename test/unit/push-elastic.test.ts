import { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let rig: PushRig;

beforeAll(async () => {
  rig = await startPushRig();
});
afterAll(() => rig.close());

const bulk = (...all: object[]): string => `${all.map((one) => JSON.stringify(one)).join('\n')}\n`;
const ask = (method: string, path: string) =>
  fetch(`${rig.h.url}/api/v1/push/elastic${path}`, { method, headers: { authorization: `Bearer ${rig.token}` } });

describe('bulk', () => {
  test('create and index take documents as Filebeat sends them', async () => {
    const document = {
      '@timestamp': '2026-11-21T00:00:01.500Z',
      message: 'GET /x 200',
      log: { level: 'info', file: { path: '/var/log/nginx.log' }, offset: 77 },
      host: { name: 'web-3' },
      service: { name: 'nginx', environment: 'prod' },
      agent: { type: 'filebeat' },
    };
    const answer = await rig.push(
      '/elastic/_bulk?filter_path=errors',
      bulk({ create: { _index: 'filebeat-8' } }, document, { index: { _id: 'x1' } }, { message: 'no service' }),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-elastic-product')).toBe('Elasticsearch');
    expect(answer.json).toMatchObject({
      errors: false,
      items: [{ create: { _index: 'filebeat-8', status: 201 } }, { index: { _id: 'x1', status: 201 } }],
    });
    const [record] = await rig.records('app:nginx agent.type:filebeat');
    expect(record).toMatchObject({
      env: 'prod',
      host: 'web-3',
      level: 'info',
      path: '/var/log/nginx.log',
      time: '2026-11-21T00:00:01.500000Z',
    });
    expect(record.message).toMatch(/^\{"message":"GET \/x 200","log":\{/);
    expect(record.fields['log.offset']).toBe('77');
  });

  test('the index names the app of documents that name none', async () => {
    await rig.push(
      '/elastic/logs-shop/_bulk',
      bulk({ create: {} }, { message: 'by path' }, { create: { _index: 'other' } }, { message: 'by item' }),
    );
    expect((await rig.records('app:logs-shop'))[0].message).toBe('by path');
    expect((await rig.records('app:other'))[0].message).toBe('by item');
  });

  test('each item says what became of it', async () => {
    const token = await rig.newToken([{ app: 'mine', env: '*' }]);
    const body = bulk(
      { create: {} },
      { app: 'mine', message: 'item one' },
      { create: {} },
      { app: 'theirs', message: 'item two' },
      { delete: { _id: '7' } },
      { update: { _id: '8' } },
      { doc: {} },
      { index: {} },
      { app: 'mine', message: 'item five' },
    );
    const { json } = await rig.push('/elastic/_bulk', body, { authorization: `Bearer ${token}` });
    expect(json.errors).toBe(true);
    expect(
      json.items.map((item: Record<string, { status: number; error?: { type: string } }>) =>
        Object.entries(item).flatMap(([action, { status, error }]) => [action, status, error?.type]),
      ),
    ).toEqual([
      ['create', 201, undefined],
      ['create', 403, 'security_exception'],
      ['delete', 400, 'action_request_validation_exception'],
      ['update', 400, 'action_request_validation_exception'],
      ['index', 201, undefined],
    ]);
    expect((await rig.records('app:mine item')).map(({ message }) => message)).toEqual(['item one', 'item five']);
    expect(await rig.metric('fleetlog_push_refused_lines_total{input="elastic"')).toHaveLength(2);
  });

  test('a body that cannot be read is refused whole', async () => {
    for (const body of [
      'x\n',
      '{}\n{}\n',
      '{"create":{}}\n',
      '[1]\n',
      `${bulk({ create: {} }, { app: 'whole', message: 'y' })}{"what":{}}\n{}\n`,
    ])
      expect(await rig.push('/elastic/_bulk', body)).toMatchObject({
        status: 422,
        json: { error: { code: 'bad_batch' } },
      });
    expect(await rig.records('app:whole')).toEqual([]);
  });
});

describe('what clients ask', () => {
  test('when they connect', async () => {
    for (const [method, path, part] of [
      ['GET', '', { version: { number: expect.stringMatching(/^8\./) } }],
      ['GET', '/', { tagline: 'You Know, for Search' }],
      ['GET', '/_license', { license: { status: 'active', type: 'basic' } }],
      ['GET', '/_xpack', { license: { type: 'basic' } }],
      ['GET', '/_cluster/health', { status: 'green' }],
      ['GET', '/_data_stream/logs-x', { acknowledged: true }],
      ['PUT', '/_data_stream/logs-x', { acknowledged: true }],
      ['PUT', '/_index_template/filebeat-8', { acknowledged: true }],
    ] as const) {
      const answer = await ask(method, path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get('x-elastic-product')).toBe('Elasticsearch');
      expect(await answer.json()).toMatchObject(part);
    }
    for (const path of ['', '/', '/_index_template/filebeat-8', '/_ilm/policy/filebeat'])
      expect((await ask('HEAD', path)).status).toBe(200);
    expect((await ask('GET', '/_search')).status).toBe(404);
  });

  test("Elasticsearch's own client finds what it looks for, and its bulk helper works", async () => {
    const client = new Client({
      node: `${rig.h.url}/api/v1/push/elastic`,
      auth: { username: 'any', password: rig.token },
      compression: true,
    });
    expect((await client.info()).version.number).toMatch(/^8\./);
    const documents = Array.from({ length: 500 }, (_, i) => ({ app: 'helper', message: `seq=${i}` }));
    const done = await client.helpers.bulk({
      datasource: documents,
      onDocument: () => ({ create: { _index: 'helper' } }),
      flushBytes: 4_096,
    });
    expect(done).toMatchObject({ successful: 500, failed: 0 });
    expect(new Set((await rig.records('app:helper')).map(({ fields }) => fields.seq)).size).toBe(500);
    await client.close();
  });
});
