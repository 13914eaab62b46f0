import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let rig: PushRig;

beforeAll(async () => {
  rig = await startPushRig((config) => {
    config.http.bodyBytes = 4 << 20;
    config.push.maxLines = 1_000;
    config.push.maxSources = 20;
    config.collector.lineBytes = 2_048;
    config.retention.classes = [{ name: 'short', app: 'brief-*', env: '*', days: 1, bytes: 0 }];
  });
});
afterAll(() => rig.close());

const lines = (...all: (string | object)[]): string =>
  all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');

describe('a body of lines', () => {
  test('texts and objects, each of its own app, env and host', async () => {
    const answer = await rig.push(
      '/ndjson?app=mixed&env=prod',
      lines('plain text ERROR here', '', {
        msg: 'only text',
        app: 'mixed',
        env: 'test',
        host: 'web-1',
        level: 'WARNING',
      }),
    );
    expect(answer).toMatchObject({ status: 200, json: { stored: 2 } });
    const [plain, object] = (await rig.records('app:mixed')).sort((a, b) => (a.message < b.message ? 1 : -1));
    expect(plain).toMatchObject({
      env: 'prod',
      host: '127.0.0.1',
      level: 'error',
      stream: 'file',
      path: 'push/ndjson/mixed',
    });
    expect(plain).toMatchObject({ message: 'plain text ERROR here', time: '2026-11-21T00:10:00.000000Z' });
    // Nothing is left that the record does not hold already: the message stands alone.
    expect(object).toMatchObject({
      env: 'test',
      host: 'web-1',
      instance: 'web-1',
      level: 'warn',
      message: 'only text',
    });
  });

  test('what is neither message, time, level nor identity is a field, with the digits it came with', async () => {
    await rig.push(
      '/ndjson',
      '{"time":"2026-11-21T00:05:00.123456Z","message":"paid","app":"fields","trace_id":"abc","id":12345678901234567890,"price":1.50,"user":{"name":"李"}}',
    );
    const [record] = await rig.records('trace_id:abc');
    expect(record.time).toBe('2026-11-21T00:05:00.123456Z');
    expect(record.message).toBe(
      '{"message":"paid","trace_id":"abc","id":12345678901234567890,"price":1.50,"user":{"name":"李"}}',
    );
    expect(record.fields).toMatchObject({
      trace_id: 'abc',
      id: '12345678901234567890',
      price: '1.50',
      'user.name': '李',
    });
    expect(await rig.records('app:fields paid user.name:李')).toHaveLength(1);
  });

  test('words behind a line break are found, for breaks and tabs stay what they are', async () => {
    await rig.push(
      '/ndjson',
      lines({ app: 'trace', message: 'java.lang.Foo: "x"\n\tat com.shop.Pay(Pay.java:7)\n', span: 's1' }),
    );
    const [record] = await rig.records('app:trace "at com.shop.Pay"');
    expect(record.message).toBe('{"message":"java.lang.Foo: \\"x\\"\n\tat com.shop.Pay(Pay.java:7)","span":"s1"}');
    expect(await rig.records('app:trace span:s1')).toHaveLength(1);
  });

  test('a message that is JSON keeps its own members, and gets the others behind them', async () => {
    const inner = '{"status": 503, "level":"error"}';
    await rig.push(
      '/ndjson',
      lines({ app: 'inner', log: `${inner}\n`, pod: 'p-1', status: 503, level2: 'x', time: 1795219200 }),
    );
    const [record] = await rig.records('app:inner status:503 pod:p-1');
    expect(record.message).toBe('{"status": 503, "level":"error","pod":"p-1","level2":"x"}');
    expect(record.level).toBe('error');
    await rig.push('/ndjson', lines({ app: 'inner', log: inner, status: 200 }));
    const [other] = await rig.records('app:inner status:503 attribute.status:200');
    expect(other.message).toBe('{"status": 503, "level":"error","attribute.status":200}');
  });

  test('key=value pairs of the message stay fields; what the shipper says counts more', async () => {
    await rig.push('/ndjson', lines({ app: 'pairs', msg: 'took cost=12 user="李 四" span=fake', span: 's2' }));
    const [record] = await rig.records('app:pairs cost:>10 user:"李 四" span:s2');
    expect(record.message).toBe(
      '{"message":"took cost=12 user=\\"李 四\\" span=fake","span":"s2","cost":"12","user":"李 四"}',
    );
    await rig.push('/ndjson', lines({ app: 'pairs', msg: 'alone cost=7' }));
    expect((await rig.records('app:pairs cost:7'))[0].message).toBe('alone cost=7');
  });

  test('an object without a message is its members', async () => {
    await rig.push('/ndjson', lines({ app: 'bare', status: 503, path: '/x', log: { a: 1 } }));
    expect(await rig.records('app:bare status:503 log.a:1')).toMatchObject([
      { message: '{"status":503,"path":"/x","log":{"a":1}}' },
    ]);
  });

  test('times of every usual kind; what cannot be one is kept, and the arrival counts', async () => {
    const given = {
      seconds: 1795219201,
      fraction: '1795219202.25',
      milliseconds: 1795219203123,
      microseconds: 1795219204123456,
      nanoseconds: '1795219205123456789',
      zone: '2026-11-21T08:00:06.5+08:00',
      blank: '2026-11-21 00:00:07,123',
    };
    await rig.push('/ndjson', lines(...Object.entries(given).map(([msg, time]) => ({ app: 'times', msg, time }))));
    const times = Object.fromEntries(
      (await rig.records('app:times')).map(({ message, time }) => [message, time.slice(17)]),
    );
    expect(times).toEqual({
      seconds: '01.000000Z',
      fraction: '02.250000Z',
      milliseconds: '03.123000Z',
      microseconds: '04.123456Z',
      nanoseconds: '05.123456Z',
      zone: '06.500000Z',
      blank: '07.123000Z',
    });
    await rig.push(
      '/ndjson',
      lines(
        { app: 'odd', msg: 'broken', time: 'yesterday' },
        { app: 'odd', msg: 'future', time: '2027-11-21T00:00:00Z' },
        { app: 'odd', msg: 'old', time: '2024-11-21T00:00:00Z' },
        { app: 'odd', msg: 'absent' },
        { app: 'brief-1', msg: 'older than its class', time: '2026-11-19T00:00:00Z' },
        { app: 'odd', msg: 'second', time: 'never', ts: 1795219200 },
      ),
    );
    const odd = await rig.records('app:(odd OR brief-1)');
    const arrived = odd.filter(({ time }) => time === '2026-11-21T00:10:00.000000Z');
    expect(arrived.map(({ message }) => message).sort()).toEqual([
      'absent',
      '{"message":"broken","time":"yesterday"}',
      '{"message":"future","time":"2027-11-21T00:00:00Z"}',
      '{"message":"old","time":"2024-11-21T00:00:00Z"}',
      '{"message":"older than its class","time":"2026-11-19T00:00:00Z"}',
    ]);
    expect(odd.find(({ message }) => message.includes('second'))).toMatchObject({
      time: '2026-11-21T00:00:00.000000Z',
      fields: { time: 'never' },
    });
    expect(await rig.metric('fleetlog_push_arrival_times_total')).toEqual(
      expect.arrayContaining(
        ['future', 'too_old', 'unreadable', 'absent'].map((why) => expect.stringContaining(`"${why}"`)),
      ),
    );
  });

  test('bytes that are no UTF-8, NULs and broken JSON are kept as they came', async () => {
    const body = Buffer.concat([
      Buffer.from('{"message":"half'),
      Buffer.from([10]),
      Buffer.from([0x62, 0xff, 0xfe, 0x63, 10]),
      Buffer.from('a\0b\r\n'),
      Buffer.from('{"message":"x\\u0000y","k":"\\ud800"}'),
    ]);
    expect((await rig.push('/ndjson?app=raw', body)).status).toBe(200);
    const all = await rig.records('app:raw');
    expect(all.map(({ message }) => message)).toEqual([
      '{"message":"half',
      'b\ufffd\ufffdc',
      'a\0b',
      '{"message":"x\\u0000y","k":"\\ud800"}',
    ]);
    expect(Buffer.from(all[1].raw, 'base64')).toEqual(Buffer.from([0x62, 0xff, 0xfe, 0x63]));
    expect(all[3].fields).toEqual({ message: 'x\0y', k: '\ufffd' });
  });

  test('a long line is cut, and says so', async () => {
    await rig.push('/ndjson?app=long', lines('中'.repeat(1_000), { msg: 'y'.repeat(3_000), tag: 't1' }));
    const all = await rig.records('app:long');
    expect(all.map(({ flags }) => flags)).toEqual([['truncated'], ['truncated']]);
    expect(all[0].message).toMatch(/^中{682} …\[truncated: 3000 bytes, sha1 [0-9a-f]{40}\]$/);
    expect(all[1].fields.tag).toBe('t1');
    expect(await rig.metric('fleetlog_push_long_lines_total')).toEqual(['fleetlog_push_long_lines_total 2']);
  });

  test('secrets do not reach the store, nor keys that come line by line', async () => {
    const body = lines(
      'login password=hunter2 ok',
      { msg: 'sign in', authorization: 'Bearer abcdefgh', keep: 'k1' },
      '-----BEGIN RSA PRIVATE KEY-----',
      'MIIEowIBAAKCAQEA7',
      'abcdefghijklmnop',
      '-----END RSA PRIVATE KEY-----',
      'after the key',
    );
    await rig.push('/ndjson?app=secret', body);
    const all = await rig.records('app:secret');
    const text = all.map(({ message }) => message).join('\n');
    for (const secret of ['hunter2', 'abcdefgh', 'MIIE']) expect(text).not.toContain(secret);
    expect(text).toContain('after the key');
    expect(all[1].fields).toMatchObject({ authorization: expect.stringContaining('[redacted:password]'), keep: 'k1' });
    expect(all[0].flags).toEqual(['redacted']);
    expect(await rig.metric('fleetlog_push_redacted_total{reason="password"}')).toEqual([expect.stringMatching(/ 2$/)]);
  });

  test('stderr is stderr, a container is a container', async () => {
    const container = 'ab'.repeat(32);
    await rig.push(
      '/ndjson',
      lines({ log: 'oops\n', stream: 'stderr', container_id: container, container_name: 'pay-1' }),
    );
    expect(await rig.records(`container:${container}`)).toMatchObject([
      { stream: 'stderr', containerName: 'pay-1', app: 'pay-1', instance: 'pay-1', message: 'oops' },
    ]);
  });
});

describe('bodies', () => {
  test('gzip, zstd and deflate', async () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
      ['deflate', deflateSync],
    ] as const)
      expect(
        (await rig.push(`/ndjson?app=${encoding}`, compress('one\ntwo'), { 'content-encoding': encoding })).json,
      ).toEqual({ stored: 2 });
    expect(await rig.records('app:(gzip OR zstd OR deflate)')).toHaveLength(6);
  });

  test('a bomb is refused when it has inflated to the limit, and nothing of it is held', async () => {
    const bomb = gzipSync(Buffer.alloc(200 << 20));
    const answer = await rig.push('/ndjson', bomb, { 'content-encoding': 'gzip' });
    expect(answer).toMatchObject({
      status: 413,
      json: { error: { code: 'body_too_large', hint: expect.stringContaining('http.bodyBytes') } },
    });
    expect(await rig.metric('fleetlog_push_held_bytes')).toEqual(['fleetlog_push_held_bytes 0']);
  });

  test('too many lines or sources are refused whole', async () => {
    const many = await rig.push('/ndjson?app=many', 'x\n'.repeat(1_001));
    expect(many).toMatchObject({ status: 413, json: { error: { hint: expect.stringContaining('push.maxLines') } } });
    const wide = lines(...Array.from({ length: 21 }, (_, i) => ({ app: `wide-${i}`, msg: 'x' })));
    expect((await rig.push('/ndjson', wide)).json.error.hint).toContain('push.maxSources');
    expect(await rig.records('app:(many OR wide-*)')).toEqual([]);
  });

  test('broken compression and unknown encodings say so', async () => {
    expect((await rig.push('/ndjson', 'plain', { 'content-encoding': 'gzip' })).json.error.code).toBe('bad_batch');
    expect((await rig.push('/ndjson', 'plain', { 'content-encoding': 'br' })).status).toBe(415);
  });
});
