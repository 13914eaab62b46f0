import fc from 'fast-check';
import { compress } from 'snappyjs';
import { describe, expect, test } from 'vitest';
import { compose } from '../../api/push/compose.ts';
import { documentLine } from '../../api/push/document-line.ts';
import { readDocument } from '../../api/push/json-document.ts';
import { readLokiJson } from '../../api/push/loki.ts';
import { readLokiProtobuf } from '../../api/push/loki-protobuf.ts';
import { readOtlpJson } from '../../api/push/otlp-json.ts';
import { readOtlpProtobuf } from '../../api/push/otlp-protobuf.ts';
import { bytesField, int64Of, readMessage, varintField } from '../../api/push/protobuf.ts';
import { inflateSnappy } from '../../api/push/snappy.ts';
import { FleetlogError } from '../../model/errors.ts';
import { extractFields } from '../../model/fields.ts';
import { dose } from '../doses.ts';

const RUNS = { numRuns: dose(2_000, 200_000) };

/** Gives a value or refuses the bytes as ours; anything else is a bug. */
function survives(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof FleetlogError && (error.code === 'bad_batch' || error.code === 'body_too_large')) return false;
    throw error;
  }
}

const field = fc.record({ number: fc.integer({ min: 1, max: 13 }), value: fc.uint8Array({ maxLength: 24 }) });
/** Messages in messages, so that the bytes are nearly right. */
const nested: fc.Arbitrary<Buffer> = fc.letrec<{ message: Buffer }>((tie) => ({
  message: fc
    .array(
      fc.oneof(
        field.map(({ number, value }) => bytesField(number, Buffer.from(value))),
        fc.tuple(fc.integer({ min: 1, max: 13 }), fc.nat(2 ** 31)).map(([number, value]) => varintField(number, value)),
        fc
          .tuple(fc.integer({ min: 1, max: 12 }), fc.uint8Array({ minLength: 8, maxLength: 8 }))
          .map(([number, value]) => Buffer.from([number * 8 + 1, ...value])),
        fc.tuple(fc.integer({ min: 1, max: 13 }), tie('message')).map(([number, value]) => bytesField(number, value)),
      ),
      { maxLength: 5 },
    )
    .map((parts) => Buffer.concat(parts)),
})).message;
const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  nested,
  // One byte wrong, or an end missing.
  fc.tuple(nested, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = value;
    return copy;
  }),
  fc.tuple(nested, fc.nat()).map(([bytes, at]) => bytes.subarray(0, bytes.length === 0 ? 0 : at % bytes.length)),
);

describe('protobuf', () => {
  test('any bytes are read, or refused as what they are', () => {
    let read = 0;
    fc.assert(
      fc.property(hostile, (bytes) => {
        for (const reader of [readOtlpProtobuf, readLokiProtobuf]) if (survives(() => reader(bytes))) read++;
      }),
      RUNS,
    );
    expect(read).toBeGreaterThan(100);
  });

  test('no field reaches beyond its message', () => {
    fc.assert(
      fc.property(hostile, fc.nat(20), (bytes, rest) => {
        const end = Math.max(0, bytes.length - rest);
        survives(() =>
          readMessage(bytes, 0, end, (one) => {
            expect(one.at).toBeLessThanOrEqual(one.end);
            expect(one.end).toBeLessThanOrEqual(end);
          }),
        );
      }),
      RUNS,
    );
  });

  test('a length beyond the end is never followed', () => {
    for (const bytes of [
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x0a, 5, 1],
      [0x09, 1, 2],
      [0x80],
      [0x00],
      [0x0b],
      [0x0f],
      Array(11).fill(0xff),
    ])
      expect(survives(() => readOtlpProtobuf(Buffer.from(bytes)))).toBe(false);
  });

  test('whole numbers of 64 bits keep their digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes: number[] = [8];
        for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
          bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
          if (rest <= 127n) break;
        }
        let found: bigint | null = null;
        readMessage(Buffer.from(bytes), 0, bytes.length, (one) => {
          found = int64Of(one);
        });
        expect(found).toBe(value);
      }),
    );
  });
});

describe('snappy', () => {
  const texts = fc.array(fc.oneof(fc.constantFrom('abcabcabc', 'level=info ', 'x'.repeat(100)), fc.string()), {
    maxLength: 60,
  });
  test('what another compresses is inflated to the byte', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const plain = Buffer.from(parts.join(''));
        expect(inflateSnappy(compress(plain), 1 << 20)).toEqual(plain);
      }),
      { numRuns: dose(300, 20_000) },
    );
    const long = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i} of a longer body\n`).join(''));
    expect(inflateSnappy(compress(long), 1 << 20).equals(long)).toBe(true);
  });

  test('any bytes are inflated or refused, and never beyond the limit', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          texts.map((parts) => compress(Buffer.from(parts.join('')))),
        ),
        fc.nat(),
        fc.nat(255),
        (bytes, at, value) => {
          const copy = Buffer.from(bytes);
          if (copy.length > 0) copy[at % copy.length] = value;
          survives(() => expect(inflateSnappy(copy, 4_096).length).toBeLessThanOrEqual(4_096));
        },
      ),
      RUNS,
    );
  });
});

describe('JSON', () => {
  test('members keep their text, whatever stands in them', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
        fc.constantFrom(0, 1, '\t'),
        (value, space) => {
          const document = readDocument(JSON.stringify(value, null, space))!;
          const back = JSON.parse(
            `{${document.members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`,
          );
          expect(back).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
      { numRuns: dose(1_000, 50_000) },
    );
  });

  test('any document is a push or refused', () => {
    const words = fc.constantFrom(
      'streams',
      'stream',
      'values',
      'resourceLogs',
      'scopeLogs',
      'logRecords',
      'body',
      'attributes',
      'key',
      'value',
      'stringValue',
      'kvlistValue',
      '__proto__',
    );
    const document = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'medium' },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(words, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(document, (value) => {
        const body = Buffer.from(JSON.stringify(value));
        survives(() => readLokiJson(body));
        survives(() => readOtlpJson(body));
      }),
      RUNS,
    );
  });

  test('any bytes are a line', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const { line } = documentLine(Buffer.from(bytes));
          compose(line, 1_024);
        },
      ),
      RUNS,
    );
  });

  test('every attribute is a field of what is stored, beside the message', () => {
    const name = fc.stringMatching(/^[a-z][a-z.]{0,6}$/);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.uniqueArray(fc.tuple(name, fc.string({ minLength: 1 })), { selector: ([key]) => key, maxLength: 6 }),
        (message, given) => {
          const attributes = given.map(([key, value]) => [key, JSON.stringify(value)] as const);
          const stored = compose({ message, attributes }, 1 << 20).message as string;
          const fields = extractFields(stored);
          for (const [key, value] of given) {
            if (key === 'message') continue;
            expect([fields.get(key), fields.get(`attribute.${key}`)]).toContain(value.toWellFormed());
          }
        },
      ),
      { numRuns: dose(500, 50_000) },
    );
  });
});
