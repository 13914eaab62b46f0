import { PbfWriter } from 'pbf';
import { compress } from 'snappyjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLabels } from '../../api/push/loki-labels.ts';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let rig: PushRig;

beforeAll(async () => {
  rig = await startPushRig((config) => {
    config.http.bodyBytes = 1 << 20;
    config.push.documentBytes = 64 << 10;
  });
});
afterAll(() => rig.close());

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };

interface Stream {
  labels: string;
  entries: { seconds: number; nanos: number; line: string; metadata?: [string, string][] }[];
}

/** As promtail encodes it: snappy over logproto.PushRequest. */
function pushRequest(streams: Stream[]): Buffer {
  const out = new PbfWriter();
  for (const { labels, entries } of streams) {
    out.writeMessage(
      1,
      (_, stream) => {
        stream.writeStringField(1, labels);
        for (const { seconds, nanos, line, metadata = [] } of entries) {
          stream.writeMessage(
            2,
            (__, entry) => {
              entry.writeMessage(
                1,
                (___, stamp) => {
                  stamp.writeVarintField(1, seconds);
                  stamp.writeVarintField(2, nanos);
                },
                null,
              );
              entry.writeStringField(2, line);
              for (const [name, value] of metadata)
                entry.writeMessage(
                  3,
                  (___, pair) => {
                    pair.writeStringField(1, name);
                    pair.writeStringField(2, value);
                  },
                  null,
                );
            },
            null,
          );
        }
        stream.writeVarintField(3, 1234567890123);
      },
      null,
    );
  }
  return compress(Buffer.from(out.finish()));
}

describe('Loki', () => {
  test('JSON and protobuf give the same records, at both addresses', async () => {
    const labels = {
      job: 'varlogs',
      filename: '/var/log/syslog',
      host: 'web-1',
      env: 'prod',
      level: 'warn',
      zone: 'eu "1"',
    };
    const values = [
      ['1795219201123456789', 'disk 91% full\n', { trace_id: 't-1' }],
      ['1795219202000000001', '支付回调 ERROR'],
    ];
    const answer = await rig.push(
      '/loki/loki/api/v1/push',
      JSON.stringify({ streams: [{ stream: labels, values }] }),
      json,
    );
    expect(answer).toMatchObject({ status: 204, text: '' });
    const text = `{job="varlogs2", filename="/var/log/syslog", host="web-1", env="prod", level="warn", zone="eu \\"1\\""}`;
    const entries = [
      {
        seconds: 1795219201,
        nanos: 123456789,
        line: 'disk 91% full\n',
        metadata: [['trace_id', 't-1']] as [string, string][],
      },
      { seconds: 1795219202, nanos: 1, line: '支付回调 ERROR' },
    ];
    for (const headers of [protobuf, { ...protobuf, 'content-encoding': 'snappy' }])
      expect(
        (
          await rig.push(
            `/loki?host=${headers === protobuf ? 'a' : 'b'}`,
            pushRequest([{ labels: text, entries }]),
            headers,
          )
        ).status,
      ).toBe(204);
    const plain = ({ time, message, level, env, host, path }: Record<string, unknown>) => ({
      time,
      message,
      level,
      env,
      host,
      path,
    });
    const [a, b] = [await rig.records('app:varlogs'), await rig.records('app:varlogs2')];
    expect(a.map(plain)).toEqual([
      {
        time: '2026-11-21T00:00:01.123456Z',
        message: '{"message":"disk 91% full","trace_id":"t-1","zone":"eu \\"1\\""}',
        level: 'warn',
        env: 'prod',
        host: 'web-1',
        path: '/var/log/syslog',
      },
      {
        time: '2026-11-21T00:00:02.000000Z',
        message: '{"message":"支付回调 ERROR","zone":"eu \\"1\\""}',
        level: 'warn',
        env: 'prod',
        host: 'web-1',
        path: '/var/log/syslog',
      },
    ]);
    expect(b.map(plain)).toEqual([a[0], a[0], a[1], a[1]].map(plain));
    expect(await rig.records('app:varlogs trace_id:t-1 zone:"eu \\"1\\""')).toHaveLength(1);
  });

  test('lines outside the scope are refused, the others stored', async () => {
    const token = await rig.newToken([{ app: 'mine', env: '*' }]);
    const streams = ['mine', 'other'].map((app) => ({
      stream: { app },
      values: [['1795219201000000000', `of ${app}`]],
    }));
    const answer = await rig.push('/loki', JSON.stringify({ streams }), { ...json, authorization: `Bearer ${token}` });
    expect(answer).toMatchObject({
      status: 403,
      json: { error: { message: expect.stringContaining('1 of 2 lines') } },
    });
    expect((await rig.records('of')).map(({ message }) => message)).toEqual(['of mine']);
  });

  test('what cannot be read says what it should look like', async () => {
    for (const body of [
      '',
      '{',
      '[]',
      '{"streams":1}',
      '{"streams":[{"stream":{}}]}',
      '{"streams":[{"stream":{},"values":[["1"]]}]}',
    ])
      expect(await rig.push('/loki', body, json)).toMatchObject({
        status: 422,
        json: { error: { code: 'bad_batch' } },
      });
    for (const body of [
      Buffer.from('plain'),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      compress(Buffer.from('plain text')),
      pushRequest([{ labels: 'app', entries: [] }]),
    ])
      expect(await rig.push('/loki', body, protobuf)).toMatchObject({
        status: 422,
        json: { error: { code: 'bad_batch' } },
      });
  });

  test('a snappy bomb, and a large document, are refused by what they claim', async () => {
    const bomb = compress(Buffer.alloc(2 << 20));
    expect(bomb.length).toBeLessThan(200 << 10);
    expect((await rig.push('/loki', bomb, protobuf)).status).toBe(413);
    const document = JSON.stringify({ streams: [{ stream: {}, values: [['1', 'x'.repeat(70 << 10)]] }] });
    expect((await rig.push('/loki', document, json)).json.error.hint).toContain('push.documentBytes');
  });
});

test('labels are read as Loki writes them', () => {
  const of = (text: string) => readLabels(text) && Object.fromEntries(readLabels(text)!);
  expect(of('{}')).toEqual({});
  expect(of(' { a="1" , b = `x"y` } ')).toEqual({ a: '1', b: 'x"y' });
  expect(of('{a="q\\"\\\\\\n\\u4e2d\\x41\\101\\U0001F600"}')).toEqual({ a: 'q"\\\n中AA😀' });
  expect(of('{a="",b="}"}')).toEqual({ b: '}' });
  for (const text of [
    '',
    'a="1"',
    '{a}',
    '{a=1}',
    '{a="1" b="2"}',
    '{a="1"',
    '{="1"}',
    '{a="1",,}',
    `{a="${'x'.repeat(70_000)}"}`,
  ])
    expect(readLabels(text), text.slice(0, 20)).toBeNull();
});
