import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuditEntrySchema, AuditVerdictSchema } from '../../api/audit/shapes.ts';
import * as contract from '../../api/contract.ts';
import { FieldsAnswerSchema } from '../../api/contract-fields.ts';
import { RedactionSchema, RetentionAnswerSchema } from '../../api/contract-keeping.ts';
import { type Harness, startHarness, T0 } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';

let h: Harness;
const range = `from=${T0}&to=${T0 + 600e6}`;
beforeAll(async () => {
  h = await startHarness({ deps: { collect: async () => {} } });
  await h.feed(
    linesBatch({ messages: ['a=1', Buffer.from([0x61, 0xff])], levels: [5, 0], flags: [0, 1 << 5] }),
    linesBatch({
      kind: 'events',
      fid: 'e'.repeat(32),
      source: source(),
      messages: ['event=die exitCode=1'],
      flags: [3],
    }),
  );
  await h.report('h1', T0 + 1, {
    gaps: [{ fid: 'f', from: T0, to: T0 + 1, bytes: null, cause: 'lost', app: 'shop', env: 'prod' }],
  });
  await h.send('POST', '/api/v1/users', { name: 'bob', password: 'blue horse 77 sky' });
  await h.send('POST', '/api/v1/views', { name: 'v', query: 'x', params: { from: 'now-1h' } });
});
afterAll(() => h.close());

/** The same schema where objects hold what they name and nothing else. */
function closed(schema: unknown): TSchema {
  const copy = JSON.parse(JSON.stringify(schema)) as unknown;
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const one = node as { type?: unknown; properties?: unknown; additionalProperties?: unknown };
    if (one.type === 'object' && one.properties && one.additionalProperties === undefined)
      one.additionalProperties = false;
    for (const value of Object.values(node)) walk(value);
  };
  walk(copy);
  return copy as TSchema;
}

describe('answers are what the contract says, and no more', () => {
  const { ListOf } = contract;
  const cases: [string, TSchema][] = [
    [`/logs?${range}`, contract.LogsAnswerSchema],
    [`/logs?${range}&query=stream:event`, contract.LogsAnswerSchema],
    [`/logs?${range}&query=nothing:here`, contract.LogsAnswerSchema],
    [`/logs/histogram?${range}`, contract.HistogramAnswerSchema],
    [`/logs/facets?${range}`, contract.FacetsAnswerSchema],
    [`/logs/fields?${range}`, FieldsAnswerSchema],
    ['/apps', ListOf(contract.AppSchema)],
    ['/hosts', ListOf(contract.HostSchema)],
    ['/containers', ListOf(contract.ContainerSchema)],
    ['/ledger', ListOf(contract.LedgerItemSchema)],
    [`/events?${range}`, ListOf(contract.EventSchema)],
    ['/me', contract.MeSchema],
    ['/users', ListOf(contract.UserSchema)],
    ['/tokens', ListOf(contract.TokenSchema)],
    ['/views', ListOf(contract.ViewSchema)],
    ['/retention', RetentionAnswerSchema],
    ['/redaction', ListOf(RedactionSchema)],
    ['/audit', ListOf(AuditEntrySchema)],
    ['/audit/verify', AuditVerdictSchema],
    ['/nothing', contract.ErrorSchema],
  ];
  test.each(cases)('%s', async (path, schema) => {
    const answer = await h.get(`/api/v1${path}`);
    expect(Value.Errors(closed(schema), answer.json)).toEqual([]);
  });

  test('bytes that are no text come as they are beside the message', async () => {
    const { records } = (await h.get(`/api/v1/logs?${range}&order=asc`)).json;
    expect(records[1]).toMatchObject({ message: 'a\ufffd', raw: 'Yf8=', flags: ['lossy'] });
    expect(records[0]).not.toHaveProperty('raw');
  });
});

describe('the OpenAPI document', () => {
  // biome-ignore lint/suspicious/noExplicitAny: a document of the world, looked into place by place
  let document: any;
  beforeAll(async () => {
    document = (await h.get('/api/v1/openapi.json')).json;
  });

  test('names every route, each with its own operation, parameters and answers', () => {
    expect(document.openapi).toBe('3.1.0');
    const paths = Object.keys(document.paths);
    for (const path of [
      'logs',
      'logs/histogram',
      'logs/facets',
      'logs/fields',
      'logs/context',
      'logs/tail',
      'logs/export',
      'apps',
      'hosts',
      'containers',
      'events',
      'ledger',
      'retention',
      'redaction',
      'audit',
      'audit/verify',
      'me',
      'login',
      'logout',
      'setup',
      'users',
      'tokens',
      'views',
      'collect',
    ])
      expect(paths).toContain(`/api/v1/${path}`);
    for (const path of ['/healthz', '/readyz', '/metrics']) expect(paths).toContain(path);
    const ids: string[] = [];
    for (const [path, methods] of Object.entries<Record<string, never>>(document.paths)) {
      for (const operation of Object.values<{
        operationId: string;
        summary: string;
        responses: object;
        parameters?: { in: string; name: string }[];
      }>(methods)) {
        ids.push(operation.operationId);
        expect(operation.summary, path).toMatch(/\w/);
        expect(Object.keys(operation.responses).length, path).toBeGreaterThan(0);
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        expect((operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name)).toEqual(inPath);
        for (const status of Object.keys(operation.responses)) expect(status).toMatch(/^([1-5]\d\d|[45]XX|default)$/);
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every schema in it is one, and every reference leads somewhere', () => {
    const types = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
    const walk = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const one = node as Record<string, unknown>;
      if (typeof one.$ref === 'string') {
        const found = one.$ref
          .slice(2)
          .split('/')
          .reduce((value: Record<string, never> | undefined, key: string) => value?.[key], document);
        expect(found, at).toBeDefined();
      }
      if (typeof one.type === 'string' && at.includes('schema') && !at.endsWith('properties'))
        expect(types.has(one.type), `${at} ${one.type}`).toBe(true);
      for (const [key, value] of Object.entries(one)) walk(value, `${at}/${key}`);
    };
    walk(document.paths, '');
    expect(JSON.stringify(document)).not.toMatch(/\/work\/|node_modules/);
  });

  test('asks for a principal wherever the server does', async () => {
    for (const [path, methods] of Object.entries<Record<string, { security?: unknown[] }>>(document.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const open = security?.length === 0;
        expect(`${method} ${path} ${open}`).toBe(`${method} ${path} ${/healthz|readyz|login|setup/.test(path)}`);
      }
    }
  });

  test('can be browsed', async () => {
    const page = await h.get('/api/docs/');
    expect(page.text).toContain('swagger-ui');
    const script = await h.get('/api/docs/static/swagger-initializer.js');
    expect(script.status).toBe(200);
    expect((await h.get('/api/docs/json')).json.paths).toBeDefined();
  });
});
