import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamLine } from '../../collector/discovery.ts';
import { parseEvent, readEvents } from '../../collector/docker/event-stream.ts';
import { readFrames, readRaw } from '../../collector/docker/log-stream.ts';
import { engineTime, microsFromRfc3339 } from '../../collector/docker/times.ts';

const STAMP = '2026-11-21T15:35:44.123456789Z';
const AT = Date.UTC(2026, 10, 21, 15, 35, 44) * 1000 + 123_456;
const stampAt = (i: number): string => `2026-11-21T15:35:44.${String(i).padStart(6, '0')}123Z`;

function frame(stream: 1 | 2 | 3, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** The bytes in pieces of the given sizes, over and over: frames and stamps get cut anywhere. */
async function* inPieces(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length];
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function all(lines: AsyncIterable<StreamLine>): Promise<StreamLine[]> {
  const list: StreamLine[] = [];
  for await (const line of lines) list.push(line);
  return list;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 });
const text = fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.replaceAll('\n', '.'));

describe('log stream of the Docker API', () => {
  test('frames: lines of both outputs, long ones joined from their parts, however the bytes are cut', async () => {
    const line = fc.record({
      stream: fc.constantFrom<1 | 2>(1, 2),
      text: fc.oneof(
        text,
        fc.integer({ min: 16_384, max: 50_000 }).map((n) => 'x'.repeat(n)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), sizes, async (lines, cuts) => {
        const bytes = Buffer.concat(
          lines.flatMap(({ stream, text }, i) => {
            const whole = Buffer.from(`${text}\n`);
            const parts: Buffer[] = [];
            for (let at = 0; at < whole.length; at += 16_384)
              parts.push(
                frame(stream, Buffer.concat([Buffer.from(`${stampAt(i)} `), whole.subarray(at, at + 16_384)])),
              );
            return parts;
          }),
        );
        const got = await all(readFrames(inPieces(bytes, cuts), 1 << 20));
        expect(got.map(({ stream, time, line }) => [stream, time, line.toString()])).toEqual(
          lines.map(({ stream, text }, i) => [
            stream === 2 ? 'stderr' : 'stdout',
            microsFromRfc3339(stampAt(i)),
            Buffer.from(text).toString(),
          ]),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('frames: parts of the two outputs may alternate, and a last line may lack its newline', async () => {
    const part = 'x'.repeat(16_384);
    const bytes = Buffer.concat([
      frame(1, `${STAMP} ${part}`),
      frame(2, `${STAMP} ${part}`),
      frame(1, `${STAMP} put\n`),
      frame(2, `${STAMP} or`),
    ]);
    expect(await all(readFrames(inPieces(bytes, [7]), 1 << 20))).toEqual([
      { stream: 'stdout', time: AT, line: Buffer.from(`${part}put`) },
      { stream: 'stderr', time: AT, line: Buffer.from(`${part}or`) },
    ]);
  });

  test('frames of the driver local: the last part of a long line has no newline', async () => {
    const part = 'x'.repeat(16_384);
    const payloads = [
      `${stampAt(1)} ${part}`,
      `${stampAt(1)} rest`,
      `${stampAt(2)} ${part}`,
      `${stampAt(2)} `,
      `${stampAt(3)} ${part}`,
      `${stampAt(4)} short\n`,
    ];
    const got = await all(
      readFrames(inPieces(Buffer.concat(payloads.map((payload) => frame(1, payload))), [5_000]), 1 << 20),
    );
    expect(got.map(({ line }) => line.toString())).toEqual([`${part}rest`, part, part, 'short']);
  });

  test('a line that is over is given at once, though its last part has no newline and nothing follows', async () => {
    const quiet = new Promise<void>(() => {});
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.concat([frame(1, `${STAMP} ${'x'.repeat(16_384)}`), frame(1, `${STAMP} rest`)]);
      await quiet;
    }
    const { value } = await readFrames(body(), 1 << 20).next();
    expect(value?.line.length).toBe(16_388);
  });

  test('TTY with the driver local: the next line’s stamp ends a long line, a quoted one does not', async () => {
    const part = 'x'.repeat(16_384);
    const quoted = 'at 2020-01-01T00:00:00.000000000Z it';
    const long = `${stampAt(1)} ${part}${stampAt(1)} ${part}${stampAt(1)} rest ${quoted}\r`;
    const text = `${long}${stampAt(2)} ${part}${stampAt(2)} ${stampAt(3)} short\r\n`;
    for (const cut of [1, 1_000, 50_000]) {
      const got = await all(readRaw(inPieces(Buffer.from(text), [cut]), 1 << 20));
      expect(got.map(({ line }) => line.toString())).toEqual([`${part}${part}rest ${quoted}`, part, 'short']);
    }
  });

  test('frames: what is longer than the cap is cut and counted, and the next line is whole', async () => {
    const bytes = Buffer.concat([frame(1, `${STAMP} ${'a'.repeat(5_000)}\n`), frame(1, `${STAMP} next\n`)]);
    const [long, next] = await all(readFrames(inPieces(bytes, [999]), 1_000));
    expect([long.line.length, long.cutBytes]).toEqual([1_000, 4_000]);
    expect([next.line.toString(), next.cutBytes]).toEqual(['next', undefined]);
  });

  test('frames: a complaint of the engine is an error, not a line', async () => {
    await expect(all(readFrames(inPieces(frame(3, 'error reading logs'), [9]), 1_000))).rejects.toThrow(
      'error reading logs',
    );
  });

  test('TTY: lines with \\r\\n, parts joined where the stamp repeats, however the bytes are cut', async () => {
    const line = fc.oneof(
      text.map((value) => value.replaceAll('\r', '.')),
      fc.integer({ min: 16_380, max: 40_000 }).map((n) => 'y'.repeat(n)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), sizes, async (lines, cuts) => {
        const bytes = Buffer.concat(
          lines.flatMap((value, i) => {
            const whole = Buffer.from(`${value}\r\n`);
            const parts: Buffer[] = [];
            for (let at = 0; at < whole.length; at += 16_384)
              parts.push(Buffer.from(`${stampAt(i)} `), whole.subarray(at, at + 16_384));
            return parts;
          }),
        );
        const got = await all(readRaw(inPieces(bytes, cuts), 1 << 20));
        expect(got.map(({ time, line }) => [time, line.toString()])).toEqual(
          lines.map((value, i) => [microsFromRfc3339(stampAt(i)), Buffer.from(value).toString()]),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('event stream of the Docker API', () => {
  const event = { Type: 'container', Action: 'die', Actor: { ID: 'abc', Attributes: { exitCode: '137' } } };
  const line = (extra: object): string => JSON.stringify({ ...event, ...extra }).replace('"@"', '1795276707372154999');

  test('nanoseconds are cut to µs without the error of a double', () => {
    expect(parseEvent(line({ timeNano: '@' }))).toEqual({
      id: 'abc',
      action: 'die',
      time: 1_795_276_707_372_154,
      attributes: { exitCode: '137' },
    });
  });

  test('other types and torn lines are passed over; lines may be cut anywhere', async () => {
    const body = [line({ timeNano: '@' }), line({ timeNano: '@', Type: 'image' }), '{"Type":', line({ timeNano: '@' })];
    for (const cut of [1, 7, 1_000]) {
      const actions: string[] = [];
      for await (const { action } of readEvents(inPieces(Buffer.from(`${body.join('\n')}\n`), [cut])))
        actions.push(action);
      expect(actions).toEqual(['die', 'die']);
    }
  });
});

test.each([
  ['2026-11-21T15:35:44.123456789Z', AT],
  ['2026-11-21T15:35:44.1Z', AT - 23_456],
  ['2026-11-21T15:35:44Z', AT - 123_456],
  ['2026-11-21T23:35:44.123456789+08:00', AT],
  ['0001-01-01T00:00:00Z', null],
  ['', null],
  ['yesterday', null],
  ['2026-13-41T99:00:00Z', null],
  [undefined, null],
])('time %s', (value, us) => {
  expect(microsFromRfc3339(value)).toBe(us);
});

test('times asked of the engine', () => {
  expect(engineTime(AT)).toBe(`${Math.floor(AT / 1e6)}.123456000`);
  expect(engineTime(1_000_001)).toBe('1.000001000');
});
