import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { halveBatch } from '../../collector/pipeline/halve.ts';
import type { LinesBatch } from '../../model/batch.ts';
import { FLAG } from '../../model/record.ts';
import { requiredLiteral } from '../../model/user-patterns.ts';
import { decodeBatch, encodeBatch } from '../../transport/batch-codec.ts';
import { dose } from '../doses.ts';
import { createRig, dockerLine, fileTarget, testSource } from './collector-rig.ts';

const T = 1_795_000_000_000_000;

const line = fc.record({
  text: fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
    { weight: 3, arbitrary: fc.constantFrom('\tat a.B(1)', 'Caused by: x', 'java.lang.Error: y', '  indented', '') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'Traceback (most recent call last):',
        'KeyError: 1',
        'panic: z',
        'goroutine 1 [running]:',
      ),
    },
    { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 30_000 }).map((n) => 'l'.repeat(n)) },
  ),
  err: fc.boolean(),
  newline: fc.boolean(),
  pause: fc.constantFrom(0, 0, 0, 10, 200_000),
});

test('whatever the size of reads, the records are the same', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 60 }), async (lines) => {
      let time = T;
      const text = lines
        .map((l) => dockerLine(l.text, (time += l.pause), l.err ? 'stderr' : 'stdout', l.newline))
        .join('');
      const seen: string[] = [];
      for (const readBytes of [4_096, 7_001, 262_144]) {
        const rig = await createRig({ readBytes });
        const path = join(rig.logs, 'x-json.log');
        rig.append(path, text);
        rig.found(fileTarget(path, 'json-file'));
        await rig.start();
        await rig.until(() => expect(Math.max(0, ...rig.sink.batches.map((b) => b.end))).toBe(Buffer.byteLength(text)));
        seen.push(JSON.stringify(rig.sink.sorted().map((r) => [r.offset, r.time, r.flags, r.message])));
        await rig.cleanup();
      }
      expect(seen[1]).toBe(seen[0]);
      expect(seen[2]).toBe(seen[0]);
    }),
    { numRuns: dose(20, 200) },
  );
});

function batchOf(messages: string[]): LinesBatch {
  const bytes = messages.map((m) => Buffer.from(m));
  let end = 0;
  const joins = messages.flatMap((m, i) => [...m.matchAll(/\n/g)].flatMap((_, k) => [i, k + 1]));
  return {
    kind: 'lines',
    source: testSource('a', 'file', '/a'),
    fid: '0'.repeat(32),
    gen: 1,
    start: 1_000,
    end: 1_000 + messages.length * 100,
    collectedAt: T,
    count: messages.length,
    times: Float64Array.from(messages, (_, i) => T + i),
    offsets: Float64Array.from(messages, (_, i) => 1_000 + i * 100),
    ends: Uint32Array.from(bytes, (b) => (end += b.length)),
    flags: new Uint8Array(messages.length),
    levels: new Uint8Array(messages.length),
    joins: Uint32Array.from(joins),
    dropped: { blank: 3 },
    messages: Buffer.concat(bytes),
  };
}

test('halves hold the same records, joins and bytes of the file', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 20 }), (messages) => {
      const whole = batchOf(messages);
      const halves = halveBatch(encodeBatch(whole))!.map((half) => decodeBatch(half) as LinesBatch);
      expect(halves[0].start).toBe(whole.start);
      expect(halves[0].end).toBe(halves[1].start);
      expect(halves[1].end).toBe(whole.end);
      expect(halves.flatMap((h) => [...h.offsets])).toEqual([...whole.offsets]);
      expect(Buffer.concat(halves.map((h) => h.messages)).equals(whole.messages)).toBe(true);
      expect([...halves[0].joins, ...[...halves[1].joins].map((v, i) => (i % 2 ? v : v + halves[0].count))]).toEqual([
        ...whole.joins,
      ]);
      expect(halves.map((h) => h.dropped)).toEqual([{ blank: 3 }, {}]);
    }),
  );
});

test('one record that is too large is cut and says so; a small one cannot be halved', () => {
  const [short, empty] = halveBatch(encodeBatch(batchOf([`é\n${'é'.repeat(5_000)}`])))!.map(
    (b) => decodeBatch(b) as LinesBatch,
  );
  expect(Buffer.from(short.messages).toString()).toMatch(/^é\né+ …\[truncated: 10003 bytes/);
  expect(short.flags[0] & FLAG.TRUNCATED).toBe(FLAG.TRUNCATED);
  expect([short.end, empty.start, empty.count]).toEqual([1_100, 1_100, 0]);
  expect(halveBatch(encodeBatch(batchOf(['small'])))).toBeNull();
});

test.each([
  ['token=([a-z]+)', 'token='],
  ['a+bc', 'bc'],
  ['(?i)abc', ''],
  ['abc|def', ''],
  ['x?yz', 'yz'],
  ['ab\\.cd[0-9]{2}ef', 'ab.cd'],
  ['\\d{3}-key', '-key'],
  ['(ab)*', ''],
])('what %s must hold: %s', (pattern, literal) => {
  expect(requiredLiteral(pattern)).toBe(literal);
});
