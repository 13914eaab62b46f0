import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PushRig, startPushRig } from '../suites/push-rig.ts';

let rig: PushRig;

beforeAll(async () => {
  rig = await startPushRig();
});
afterAll(() => rig.close());

describe('a body of lines', () => {
  test('texts and objects, each with its own fields', async () => {
    const answer = await rig.push(
      '/ndjson?app=shop&env=prod',
      [
        'plain text ERROR here',
        '{"time":"2026-11-21T00:05:00.123456Z","message":"paid","level":"warn","trace_id":"abc123","amount":12345678901234567890}',
        '{"msg":"only text","app":"cart","env":"test","host":"web-1"}',
      ].join('\n'),
    );
    expect(answer).toMatchObject({ status: 200, json: { stored: 3 } });
    expect(await rig.records()).toHaveLength(3);
  });
});
