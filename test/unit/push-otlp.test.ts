import { PbfReader, PbfWriter } from 'pbf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let rig: PushRig;

beforeAll(async () => {
  rig = await startPushRig();
});
afterAll(() => rig.close());

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };
const text = (stringValue: string) => ({ stringValue });
const pair = (key: string, value: object) => ({ key, value });

type Value = {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  bytesValue?: string;
  arrayValue?: { values: Value[] };
  kvlistValue?: { values: { key: string; value: Value }[] };
};

function writeValue(value: Value, out: PbfWriter): void {
  if (value.stringValue !== undefined) out.writeStringField(1, value.stringValue);
  if (value.boolValue !== undefined) out.writeBooleanField(2, value.boolValue);
  if (value.intValue !== undefined) out.writeVarintField(3, Number(value.intValue));
  if (value.doubleValue !== undefined) out.writeDoubleField(4, value.doubleValue);
  if (value.arrayValue)
    out.writeMessage(
      5,
      (list: Value[], to) => {
        for (const one of list) to.writeMessage(1, writeValue, one);
      },
      value.arrayValue.values,
    );
  if (value.kvlistValue)
    out.writeMessage(
      6,
      (list: { key: string; value: Value }[], to) => {
        for (const one of list) to.writeMessage(1, writePair, one);
      },
      value.kvlistValue.values,
    );
  if (value.bytesValue !== undefined) out.writeBytesField(7, Buffer.from(value.bytesValue, 'base64'));
}

function writePair(one: { key: string; value: Value }, out: PbfWriter): void {
  out.writeStringField(1, one.key);
  out.writeMessage(2, writeValue, one.value);
}

interface Record_ {
  timeUnixNano?: string;
  observedTimeUnixNano?: string;
  severityNumber?: number;
  severityText?: string;
  body?: Value;
  attributes?: { key: string; value: Value }[];
  traceId?: string;
  spanId?: string;
}

/** The same request as protobuf, by another's encoder. */
function encode(request: {
  resourceLogs: {
    resource: { attributes: { key: string; value: Value }[] };
    scopeLogs: { scope: { name: string; version: string }; logRecords: Record_[] }[];
  }[];
}): Buffer {
  const out = new PbfWriter();
  for (const { resource, scopeLogs } of request.resourceLogs) {
    out.writeMessage(
      1,
      (_, one) => {
        one.writeMessage(
          1,
          (__, to) => {
            for (const attribute of resource.attributes) to.writeMessage(1, writePair, attribute);
          },
          null,
        );
        for (const { scope, logRecords } of scopeLogs) {
          one.writeMessage(
            2,
            (__, to) => {
              to.writeMessage(
                1,
                (___, about) => {
                  about.writeStringField(1, scope.name);
                  about.writeStringField(2, scope.version);
                },
                null,
              );
              for (const record of logRecords) to.writeMessage(2, writeRecord, record);
            },
            null,
          );
        }
      },
      null,
    );
  }
  return Buffer.from(out.finish());
}

function fixed64(out: PbfWriter, number: number, digits: string): void {
  out.writeTag(number, 1);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(digits));
  out.writeFixed32(bytes.readUInt32LE(0));
  out.writeFixed32(bytes.readUInt32LE(4));
}

function writeRecord(record: Record_, out: PbfWriter): void {
  if (record.timeUnixNano) fixed64(out, 1, record.timeUnixNano);
  if (record.observedTimeUnixNano) fixed64(out, 11, record.observedTimeUnixNano);
  if (record.severityNumber) out.writeVarintField(2, record.severityNumber);
  if (record.severityText) out.writeStringField(3, record.severityText);
  if (record.body) out.writeMessage(5, writeValue, record.body);
  for (const attribute of record.attributes ?? []) out.writeMessage(6, writePair, attribute);
  if (record.traceId) out.writeBytesField(9, Buffer.from(record.traceId, 'hex'));
  if (record.spanId) out.writeBytesField(10, Buffer.from(record.spanId, 'hex'));
}

const request = (app: string) => ({
  resourceLogs: [
    {
      resource: {
        attributes: [
          pair('service.name', text(app)),
          pair('deployment.environment.name', text('prod')),
          pair('host.name', text('n-1')),
          pair('service.version', text('1.2')),
          pair('cloud.region', text('eu')),
          pair('k', text('of the resource')),
        ],
      },
      scopeLogs: [
        {
          scope: { name: 'shop.pay', version: '3' },
          logRecords: [
            {
              timeUnixNano: '1795219201123456789',
              severityNumber: 17,
              severityText: 'ERROR',
              body: text('支付回调 failed\n\tat Pay'),
              traceId: '5b8efff798038103d269b633813fc60c',
              spanId: 'eee19b7ec3c1b174',
              attributes: [
                pair('http.status', { intValue: '9007199254740991' }),
                pair('ok', { boolValue: false }),
                pair('took', { doubleValue: 1.5 }),
                pair('k', text('of the record')),
              ],
            },
            {
              observedTimeUnixNano: '1795219202000000000',
              severityText: 'notice',
              body: {
                kvlistValue: {
                  values: [
                    pair('a', { arrayValue: { values: [text('x'), { intValue: '2' }] } }),
                    pair('b', { kvlistValue: { values: [pair('c', text('d'))] } }),
                  ],
                },
              },
            },
            { timeUnixNano: '1795219203000000000', body: { bytesValue: Buffer.from('bytes').toString('base64') } },
            {
              timeUnixNano: '1795219204000000000',
              severityText: 'odd',
              attributes: [pair('service.name', text(`${app}-2`))],
              body: { intValue: '7' },
            },
          ],
        },
      ],
    },
  ],
});

describe('OpenTelemetry', () => {
  test('protobuf and JSON give the same records; attributes of log, scope and resource are fields', async () => {
    const [one, two] = [
      await rig.push('/otlp/v1/logs', JSON.stringify(request('otel-json')), json),
      await rig.push('/otlp/v1/logs', encode(request('otel-pb')), protobuf),
    ];
    expect(one).toMatchObject({ status: 200, json: {} });
    expect(two).toMatchObject({ status: 200, text: '' });
    expect(two.headers.get('content-type')).toBe('application/x-protobuf');
    const plain = ({ id, app, path, fields, ...rest }: Record<string, unknown>) => rest;
    const [a, b] = [await rig.records('app:otel-json*'), await rig.records('app:otel-pb*')];
    expect(a.map(plain)).toEqual(JSON.parse(JSON.stringify(b.map(plain)).replaceAll('otel-pb', 'otel-json')));
    expect(a.map(({ app }) => app)).toEqual(['otel-json', 'otel-json', 'otel-json', 'otel-json-2']);
    expect(a[0]).toMatchObject({
      env: 'prod',
      host: 'n-1',
      version: '1.2',
      level: 'error',
      time: '2026-11-21T00:00:01.123456Z',
    });
    expect(a[0].message).toContain(
      '{"message":"支付回调 failed\n\tat Pay","trace_id":"5b8efff798038103d269b633813fc60c"',
    );
    expect(a[0].fields).toMatchObject({
      'http.status': '9007199254740991',
      ok: 'false',
      took: '1.5',
      k: 'of the record',
      'resource.k': 'of the resource',
      'cloud.region': 'eu',
      'otel.scope.name': 'shop.pay',
      span_id: 'eee19b7ec3c1b174',
    });
    expect(a[1]).toMatchObject({
      level: 'info',
      time: '2026-11-21T00:00:02.000000Z',
      fields: { a: '["x",2]', 'b.c': 'd' },
    });
    expect(a[2].fields.message).toBe('bytes');
    expect(a[3].fields).toMatchObject({ message: '7', severity_text: 'odd' });
    expect(await rig.records('trace_id:5b8efff798038103d269b633813fc60c')).toHaveLength(2);
    expect(await rig.records('app:otel-pb "at Pay" took:>1')).toHaveLength(1);
  });

  test('lines outside the scope are counted in partialSuccess; none at all is a refusal', async () => {
    const token = await rig.newToken([{ app: 'part', env: '*' }]);
    const by = { authorization: `Bearer ${token}` };
    const asked = JSON.stringify(request('part'));
    expect((await rig.push('/otlp/v1/logs', asked, { ...json, ...by })).json).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringContaining('"part-2/prod"') },
    });
    const bytes = Buffer.from((await rig.push('/otlp/v1/logs', encode(request('part')), { ...protobuf, ...by })).text);
    const rejected = new PbfReader(bytes).readFields(
      (tag, found: { count: number }, pbf) => {
        if (tag === 1)
          pbf.readMessage((inner, to: { count: number }, at) => {
            if (inner === 1) to.count = at.readVarint();
          }, found);
      },
      { count: 0 },
    );
    expect(rejected).toEqual({ count: 1 });
    const none = await rig.push('/otlp/v1/logs', encode(request('not-mine')), { ...protobuf, ...by });
    expect(none.status).toBe(403);
    expect(none.headers.get('content-type')).toBe('application/x-protobuf');
    expect(none.text).toContain('this token may not write them');
    expect(none.text.startsWith('{')).toBe(false);
  });

  test('what is no export is refused in the form of the request', async () => {
    for (const body of ['', '[]', '{"resourceLogs":{}}', '{'])
      expect((await rig.push('/otlp/v1/logs', body, json)).json?.error.code, body).toBe('bad_batch');
    const broken = await rig.push('/otlp/v1/logs', Buffer.from('{"resourceLogs":[]}'), protobuf);
    expect(broken.status).toBe(422);
    expect(broken.text).toContain('application/json');
    for (const odd of [
      '{}',
      '{"resourceLogs":[1,{"scopeLogs":[{"logRecords":[{"timeUnixNano":{},"body":3,"attributes":"x"}]}]}]}',
    ])
      expect((await rig.push('/otlp/v1/logs?app=odd', odd, json)).status, odd).toBe(200);
  });

  test('values nested without end end', async () => {
    let value: Value = text('deep');
    for (let i = 0; i < 300; i++) value = { arrayValue: { values: [value] } };
    const deep = request('deep');
    deep.resourceLogs[0].scopeLogs[0].logRecords = [{ timeUnixNano: '1795219201000000000', body: value } as never];
    expect((await rig.push('/otlp/v1/logs', encode(deep), protobuf)).status).toBe(200);
    expect((await rig.push('/otlp/v1/logs', JSON.stringify(deep), json)).status).toBe(200);
    expect(
      (await rig.records('app:deep')).map(({ message }) => message.includes('nested deeper than 32 levels')),
    ).toEqual([true, true]);
  });
});
