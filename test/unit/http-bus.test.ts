import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { LinesBatch } from '../../model/batch.ts';
import { decodeBatch, encodeBatch, frameLength } from '../../transport/batch-codec.ts';
import { createHttpBus } from '../../transport/http-bus.ts';
import { linesBatch } from '../suites/batches.ts';

const fidOf = (n: number): string => n.toString(16).padStart(32, '0');
const nth = (key: number, n: number, bytes = 50): Buffer =>
  encodeBatch(linesBatch({ fid: fidOf(key), start: n * (bytes + 1), messages: ['x'.repeat(bytes)] }));

/** What a central process does, with faults chosen per request. */
async function central(fault: (request: number) => 'take' | number | 'reset' | 'hang') {
  const got: LinesBatch[] = [];
  const tokens = new Set<string>();
  let requests = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const what = fault(requests++);
      tokens.add(request.headers.authorization ?? '');
      if (what === 'reset') return void request.socket.destroy();
      if (what === 'hang') return;
      if (typeof what === 'number') return void response.writeHead(what, { 'retry-after': '0' }).end('{}');
      const body = zstdDecompressSync(Buffer.concat(chunks));
      for (let at = 0; at < body.length; ) {
        const length = frameLength(body, at)!;
        got.push(decodeBatch(Buffer.from(body.subarray(at, at + length))) as LinesBatch);
        at += length;
      }
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    tokens,
    requests: () => requests,
    close,
  };
}

describe('http bus', () => {
  let close = async (): Promise<void> => {};
  afterEach(() => close());

  it('sends batches in order per key through refusals and resets, each acknowledged once taken', async () => {
    const server = await central((n) => (n % 5 === 1 ? 503 : n % 5 === 2 ? 'reset' : n % 5 === 3 ? 429 : 'take'));
    close = server.close;
    const retries: string[] = [];
    const bus = createHttpBus({
      to: server.url,
      token: 'flt_x',
      capacityBytes: 1 << 20,
      requestBytes: 1_000,
      retryMs: { first: 1, max: 5 },
      onRetry: (why) => retries.push(why),
    });
    await Promise.all(Array.from({ length: 200 }, (_, i) => bus.publish(nth(i % 5, Math.floor(i / 5)))));
    for (let key = 0; key < 5; key++) {
      const starts = server.got.filter((b) => b.fid === fidOf(key)).map((b) => b.start);
      expect([...new Set(starts)]).toEqual(Array.from({ length: 40 }, (_, n) => n * 51));
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
    }
    expect(retries.some((why) => why.startsWith('503'))).toBe(true);
    expect([...server.tokens]).toEqual(['Bearer flt_x']);
    expect(bus.pendingBytes()).toBe(0);
    await bus.close();
  });

  it('holds publishers back while the central process is away, in bounded memory', async () => {
    let away = true;
    const server = await central(() => (away ? 503 : 'take'));
    close = server.close;
    const bus = createHttpBus({
      to: server.url,
      token: 't',
      capacityBytes: 2_000,
      retryMs: { first: 1, max: 2 },
      lanes: 1,
    });
    let acknowledged = 0;
    const all = Array.from({ length: 40 }, (_, n) => bus.publish(nth(1, n)).then(() => acknowledged++));
    while (server.requests() < 5) await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(0);
    expect(bus.pendingBytes()).toBeLessThanOrEqual(2_000);
    away = false;
    await Promise.all(all);
    expect(server.got.map((b) => b.start)).toEqual(Array.from({ length: 40 }, (_, n) => n * 51));
    await bus.close();
  });

  it('refuses what comes after close, and what waits for room then', async () => {
    const server = await central(() => 'take');
    close = server.close;
    const bus = createHttpBus({ to: server.url, token: 't', capacityBytes: 1 << 20, retryMs: { first: 1, max: 2 } });
    const accepted = bus.publish(nth(1, 0));
    await bus.close();
    await accepted;
    await expect(bus.publish(nth(1, 1))).rejects.toMatchObject({ code: 'closed' });
    expect(server.got.length).toBe(1);
  });
});
