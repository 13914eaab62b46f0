import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, gzipSync, zstdCompress, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FleetlogError } from '../../model/errors.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import { type Harness, startHarness, statusBatch } from '../suites/api-harness.ts';
import { linesBatch, source } from '../suites/batches.ts';

let h: Harness;
let token: string;
let collected: Buffer[];
let behave: (batch: Buffer) => Promise<void>;

beforeAll(async () => {
  h = await startHarness({
    config: (config) => void (config.http.bodyBytes = 4 << 20),
    deps: {
      async collect(batch) {
        await behave(batch);
        collected.push(batch);
      },
    },
  });
  token = (await h.token('collector', undefined, { host: 'h1' })).secret;
});
afterAll(() => h.close());
beforeEach(() => {
  collected = [];
  behave = async () => undefined;
});

const lines = (host = 'h1', text = 'a line'): Buffer =>
  encodeBatch(linesBatch({ source: source({ host }), messages: [text] }));
const status = (host = 'h1'): Buffer => encodeBatch(statusBatch({ host }));

interface Answered {
  status: number;
  code: string | undefined;
  retryAfter: string | undefined;
}

/** Over plain http: fetch would not send every encoding, nor show an answer that comes while it still sends. */
function post(
  body: Buffer | NodeJS.ReadableStream,
  headers: Record<string, string> = {},
  by = token,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const call = request(
      `${h.url}/api/v1/collect`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${by}`, 'content-type': 'application/x-fleetlog-batch', ...headers },
      },
      (response) => {
        answered = true;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const code = text ? (JSON.parse(text) as { error: { code: string } }).error.code : undefined;
          resolve({ status: response.statusCode!, code, retryAfter: response.headers['retry-after'] });
          call.destroy();
        });
      },
    );
    call.on('error', (error) => answered || reject(error));
    if (Buffer.isBuffer(body)) call.end(body);
    else body.pipe(call);
  });
}

describe('batches', () => {
  test('one or more, in each encoding, arrive byte for byte and in order', async () => {
    const batches = [lines(), status(), lines('h1', '中文 '.repeat(10_000))];
    const body = Buffer.concat(batches);
    expect((await post(body)).status).toBe(204);
    expect((await post(gzipSync(body), { 'content-encoding': 'gzip' })).status).toBe(204);
    expect((await post(zstdCompressSync(body), { 'content-encoding': 'zstd' })).status).toBe(204);
    expect((await post(body, { 'content-encoding': 'identity' })).status).toBe(204);
    expect(collected).toEqual([...batches, ...batches, ...batches, ...batches]);
    expect(collected.every((batch) => batch.byteOffset % 8 === 0)).toBe(true);
  });

  test('are answered only when all are stored', async () => {
    let store = (): void => undefined;
    behave = () => new Promise<void>((resolve) => (store = resolve));
    let done = false;
    const answer = post(lines()).then((value) => {
      done = true;
      return value;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(done).toBe(false);
    store();
    expect((await answer).status).toBe(204);
  });

  test('refusals of the store are back-pressure with a time to come again', async () => {
    for (const [code, status_] of [
      ['store_full', 503],
      ['store_busy', 503],
      ['closed', 503],
    ] as const) {
      behave = () => Promise.reject(new FleetlogError(code));
      expect(await post(lines())).toEqual({ status: status_, code, retryAfter: expect.stringMatching(/^\d+$/) });
    }
  });

  test('another host\u2019s are refused whole, and the refusal is logged', async () => {
    for (const batch of [
      lines('h2'),
      status('h2'),
      encodeBatch({ kind: 'samples', host: 'h2', time: 1, epoch: 'e', rows: [], values: {} }),
    ]) {
      const before = h.logged.length;
      expect(await post(Buffer.concat([lines(), batch]))).toMatchObject({ status: 403, code: 'forbidden' });
      expect(h.logged.slice(before)).toContainEqual(expect.objectContaining({ level: 'warn' }));
    }
    expect(collected).toEqual([]);
  });

  test('only collectors may', async () => {
    expect((await post(lines(), {}, h.admin)).status).toBe(403);
    expect((await post(lines(), {}, (await h.token('reader')).secret)).status).toBe(403);
    expect((await post(lines(), {}, 'flt_x')).status).toBe(401);
  });

  test('broken ones are refused whole', async () => {
    const good = lines();
    const flipped = Buffer.from(good);
    flipped[good.length - 9] ^= 1;
    for (const body of [
      flipped,
      good.subarray(0, -8),
      Buffer.concat([good, Buffer.from('x')]),
      Buffer.alloc(100),
      Buffer.alloc(0),
    ])
      expect(await post(Buffer.concat([body]))).toMatchObject({ status: 422, code: 'bad_batch' });
    for (const [encoding, packed] of [
      ['gzip', gzipSync(good)],
      ['zstd', zstdCompressSync(good)],
    ] as const) {
      expect((await post(packed.subarray(0, -5), { 'content-encoding': encoding })).code).toBe('bad_batch');
      expect((await post(good, { 'content-encoding': encoding })).code).toBe('bad_batch');
    }
    expect(collected).toEqual([]);
  });

  test('other encodings are not read', async () => {
    for (const encoding of ['br', 'compress', 'gzip, gzip', 'zstd, gzip', '__proto__', 'constructor'])
      expect(await post(lines(), { 'content-encoding': encoding })).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
      });
  });
});

describe('bombs', () => {
  test('are cut off at the limit, counted after inflating', async () => {
    const zeros = Buffer.alloc(64 << 20);
    const before = process.memoryUsage.rss();
    for (const [encoding, body] of [
      ['gzip', await promisify(gzip)(zeros)],
      ['zstd', await promisify(zstdCompress)(zeros)],
      ['identity', zeros.subarray(0, (4 << 20) + 1)],
    ] as const)
      expect(await post(body, { 'content-encoding': encoding })).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 << 20);
    expect((await post(lines())).status).toBe(204);
  });

  test('many concatenated frames do not add up unseen', async () => {
    const frame = zstdCompressSync(Buffer.alloc(1 << 20));
    const body = Buffer.concat(Array.from({ length: 40 }, () => frame));
    expect(await post(body, { 'content-encoding': 'zstd' })).toMatchObject({ status: 413 });
    const member = gzipSync(Buffer.alloc(1 << 20));
    const members = Buffer.concat(Array.from({ length: 40 }, () => member));
    expect(await post(members, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413 });
  });

  test('a body without end is cut off too', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'fleetlog-bomb-'));
    await writeFile(join(dir, 'big'), Buffer.alloc(32 << 20));
    expect(await post(createReadStream(join(dir, 'big')))).toMatchObject({ status: 413 });
    await rm(dir, { recursive: true });
  });

  test('a connection lost in mid-body gives its room back', async () => {
    for (let i = 0; i < 20; i++) {
      await new Promise<void>((resolve) => {
        const call = request(`${h.url}/api/v1/collect`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/x-fleetlog-batch',
            'content-length': 4 << 20,
          },
        });
        call.on('error', () => resolve());
        call.write(Buffer.alloc(1 << 20), () => setTimeout(() => call.destroy(), 5));
        call.on('close', () => resolve());
      });
    }
    expect((await post(lines())).status).toBe(204);
  });

  test('a JSON body has its own, smaller limit', async () => {
    const answer = await h.send('POST', '/api/v1/views', { name: 'x', query: 'x'.repeat(2 << 20) });
    expect(answer.json.error.code).toBe('body_too_large');
  });
});
