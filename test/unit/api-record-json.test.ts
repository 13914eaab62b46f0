import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecordJson } from '../../api/record-json.ts';
import { apiRecord } from '../../api/records.ts';
import { createTimeFormat, formatTime } from '../../api/times.ts';
import { encodeRecordId } from '../../model/position.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import { createIdEncoder } from '../../model/record-ids.ts';
import { source } from '../suites/batches.ts';
import { mixedRecords } from '../suites/mixed-records.ts';

const key = fc.record({
  time: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  fid: fc.constantFrom('0'.repeat(32), 'f'.repeat(32), '0123456789abcdef'.repeat(2), `9${'a'.repeat(31)}`),
  gen: fc.constantFrom(0, 1, 0x7fff_ffff),
  offset: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
});

test('ids and times made in a row are those made one by one', () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 20 }), (keys) => {
      const idOf = createIdEncoder();
      const timeOf = createTimeFormat();
      for (const one of keys) {
        expect(idOf(one)).toBe(encodeRecordId(one));
        const time = one.time % 4e15;
        expect(timeOf(time)).toBe(formatTime(time));
        expect(timeOf(time + 1)).toBe(formatTime(time + 1));
      }
    }),
  );
});

test('the text of a record parses to the record', () => {
  const hostile = [
    '__proto__=x constructor=y',
    '{"a":{"b":"\\u4e2d\\n"},"7":1,"a":2}',
    'k="a \\"b\\"" 状态=正常',
    '\ud800 \u2028\0',
  ];
  const records: LogRecord[] = [
    ...mixedRecords(11, 400),
    ...hostile.map((message, i) => ({
      ...mixedRecords(12, 1)[0],
      message,
      source: source({ app: '"\\\u0001', path: i % 2 ? '/a "b"' : '' }),
      ...(i === 3 && { raw: '7aCA', flags: FLAG.LOSSY | FLAG.REDACTED | 1 }),
    })),
  ];
  const json = createRecordJson();
  for (const record of records) expect(JSON.parse(json(record))).toEqual(JSON.parse(JSON.stringify(apiRecord(record))));
});
