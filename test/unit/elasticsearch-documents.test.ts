import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenize } from '../../model/query/tokenize.ts';
import { itemOutcome } from '../../store/elasticsearch/bulk-outcome.ts';
import { documentId, fileHash } from '../../store/elasticsearch/document-id.ts';
import { createDocumentWriter, sourcePart } from '../../store/elasticsearch/documents.ts';
import { createFileStates } from '../../store/elasticsearch/file-states.ts';
import { createIndexNames, DAY_US } from '../../store/elasticsearch/index-names.ts';
import { keyEnd, keyStart, orderedNumber, valueOfTerm, valueTerm } from '../../store/elasticsearch/line-fields.ts';
import { selectRecords } from '../../store/elasticsearch/select-records.ts';
import { splitRuns } from '../../store/elasticsearch/split-runs.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { MIXED_START } from '../suites/mixed-records.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('names of indices', () => {
  const names = createIndexNames('fleet');

  test('come from the class and the line’s own day', () => {
    expect(names.of('default', MIXED_START, MIXED_START)).toBe('fleet-logs-default-2026.11.21');
    expect(names.of('a-b', MIXED_START - 1, MIXED_START)).toBe('fleet-logs-a-b-2026.11.20');
    expect(names.read('fleet-logs-a-b-2026.11.20')).toEqual({
      name: 'fleet-logs-a-b-2026.11.20',
      class: 'a-b',
      day: MIXED_START - DAY_US,
    });
  });

  test('wrong stamps of the far future share one', () => {
    const name = names.of('default', MIXED_START + 900 * DAY_US, MIXED_START);
    expect(name).toBe('fleet-logs-default-ahead');
    expect(names.read(name)).toMatchObject({ class: 'default', day: null });
  });

  test('cover a range, by day while they are few', () => {
    expect(names.covering(MIXED_START - 1, MIXED_START + 1)).toBe(
      'fleet-logs-*-2026.11.20,fleet-logs-*-2026.11.21,fleet-logs-*-ahead',
    );
    expect(names.covering(MIXED_START, MIXED_START + DAY_US)).not.toContain('2026.11.22');
    expect(names.covering(0, Number.MAX_SAFE_INTEGER)).toBe('fleet-logs-*');
    expect(names.covering(DAY_US, DAY_US)).toBe('fleet-logs-*');
  });

  test('of others are none', () => {
    for (const name of ['fleet-state', 'fleet-logs-x', 'fleet-logs-default-2026.13.99', 'other-logs-a-2026.11.21'])
      expect(names.read(name), name).toBeNull();
    for (const prefix of ['', 'A', '-a', 'a_b', 'a-logs', 'a-logs-b', 'x'.repeat(33)])
      expect(() => createIndexNames(prefix), prefix).toThrowError(/cannot name indices/);
  });
});

describe('ids of documents', () => {
  const key = { time: MIXED_START, fid: 'a'.repeat(32), gen: 7, offset: 1_234 };
  const id = (change: Partial<typeof key> = {}): string => {
    const one = { ...key, ...change };
    return documentId(one, fileHash(one.fid, one.gen));
  };

  test('are 24 characters, the same for the same position, and others for others', () => {
    expect(id()).toBe(id());
    expect(id()).toMatch(/^[\w-]{24}$/);
    const all = [
      id(),
      id({ offset: 1_235 }),
      id({ gen: 8 }),
      id({ fid: 'b'.repeat(32) }),
      id({ time: MIXED_START + 1e6 }),
    ];
    expect(new Set([...all, id({ offset: MIXED_START }), id({ offset: MIXED_START + 1 })]).size).toBe(7);
  });

  test('begin with the time, so that new ones stand together', () => {
    const at = (seconds: number): number =>
      Buffer.from(id({ time: MIXED_START + seconds * 1e6 }), 'base64url').readUInt32BE(0);
    expect(at(1) - at(0)).toBe(1);
  });
});

describe('fields as terms', () => {
  test('numbers sort as text', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [x, y] = [orderedNumber(a), orderedNumber(b)];
        expect(x < y).toBe(a < b);
        expect(x === y).toBe(a === b);
      }),
    );
  });

  test('a key never reads as another key with a value', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\u001e', '\u001f', '\ud800', '中', '!'), maxLength: 6 });
    fc.assert(
      fc.property(text, text, text, (key, value, other) => {
        const term = valueTerm(key, value);
        expect(term.startsWith(keyStart(other))).toBe(key === other);
        expect(term > keyStart(key) || value === '').toBe(true);
        expect(term < keyEnd(key)).toBe(true);
        expect(term.isWellFormed()).toBe(true);
        expect(valueOfTerm(key, term)).toBe(value);
      }),
    );
  });
});

describe('documents', () => {
  const write = createDocumentWriter();
  const record = (text: string | Buffer, over = {}) => {
    const messages = typeof text === 'string' ? bytes(text) : text;
    const place = { fid: 'f'.repeat(32), gen: 1, offset: 5, time: MIXED_START };
    const whole = { messages, from: 0, to: messages.length };
    const part = sourcePart(source());
    return JSON.parse(write(part, { ...place, ...whole, flags: 1, level: 3, joins: [], ...over })) as Record<
      string,
      unknown
    >;
  };

  test('hold what queries ask for, and the source to give back', () => {
    const document = record('status=503 took=1.5 user="bob"');
    expect(document).toMatchObject({
      time: MIXED_START,
      app: 'shop',
      stream: 'stderr',
      level: 3,
      bytes: 30,
      rest: { flags: 1 },
    });
    expect(JSON.parse(document.source as string)).toEqual(source());
    expect(document.kv).toEqual(['status\u001f503', 'took\u001f1.5', 'user\u001fbob']);
    expect(document.nv).toHaveLength(2);
    expect(document).not.toHaveProperty('cut');
    expect(document).not.toHaveProperty('joins');
  });

  test('say where tokens may have been cut', () => {
    const long = `${'a'.repeat(256)}支${'é'.repeat(600)}`;
    const pieces = [255, 1].map((n) => 'a'.repeat(n)).join(' ');
    const accents = [255, 255, 90].map((n) => 'é'.repeat(n)).join(' ');
    // Indexed with a space at each cut; the text itself is kept beside it.
    expect(record(long)).toMatchObject({ cut: true, message: `${pieces}支${accents}`, rest: { text: long } });
    expect(tokenize(splitRuns(long))).toEqual(tokenize(long));
    expect(record(`${'a'.repeat(255)} ${'b'.repeat(255)}`)).not.toHaveProperty('cut');
  });

  test('keep bytes that are no text', () => {
    const raw = Buffer.from([0x61, 0xff]);
    expect(record(raw)).toMatchObject({ message: 'a\ufffd', rest: { raw: raw.toString('base64') } });
  });

  test('of a source with endless labels are still taken', () => {
    const labels = { note: 'x'.repeat(40_000) };
    const term = (JSON.parse(`{${sourcePart(source({ labels })).members}}`) as { source: string }).source;
    expect(Buffer.byteLength(term)).toBeLessThan(32_766);
  });
});

describe('what is written of a batch', () => {
  const joined = { ...linesBatch({ messages: ['a\nb\nc', 'd'] }), joins: Uint32Array.of(0, 10, 0, 20) };
  const texts = (stored: number[], oldest = 0) =>
    selectRecords(joined, (offset) => stored.includes(offset), oldest).records.map(
      ({ messages, from, to, offset, joins }) => [offset, messages.toString('utf8', from, to), joins],
    );

  test('is all of it when nothing is stored', () => {
    expect(texts([])).toEqual([
      [0, 'a\nb\nc', [10, 20]],
      [6, 'd', []],
    ]);
  });

  test('is the lines of a joined record that are not stored', () => {
    expect(texts([0])[0]).toEqual([10, 'b\nc', [20]]);
    expect(texts([10])[0]).toEqual([0, 'a\nc', [20]]);
    expect(texts([0, 10])[0]).toEqual([20, 'c', []]);
    expect(texts([0, 10, 20])).toEqual([[6, 'd', []]]);
  });

  test('leaves out what is too old', () => {
    expect(selectRecords(joined, () => false, joined.times[0] + 1)).toMatchObject({
      tooOld: 1,
      records: [{ offset: 6 }],
    });
  });
});

describe('what is known of files', () => {
  const at = (start: number, text = 'abc') => linesBatch({ start, messages: [text] });

  test('a file read on is never asked for again; one read anew is', () => {
    const files = createFileStates();
    const first = at(0);
    expect(files.unknown([first, at(4)])).toEqual([{ fid: first.fid, gen: 1, from: 0, to: 8 }]);
    files.learn(
      { fid: first.fid, gen: 1, from: 0, to: 8 },
      { from: 0, to: Number.POSITIVE_INFINITY, lines: new Set() },
    );
    files.add(first);
    files.add(at(4));
    expect(files.unknown([at(8)])).toEqual([]);
    // Wholly known: nothing to ask. Cut differently and beyond what is known: the cluster has to say.
    expect(files.unknown([first])).toEqual([]);
    expect(files.unknown([at(6, 'abcdef')])).toHaveLength(1);
    expect(files.isStored(first)(0)).toBe(true);
    expect(files.isStored(at(8))(8)).toBe(false);
    files.clear();
    expect(files.unknown([at(8)])).toHaveLength(1);
  });

  test('events are told apart by their ids alone', () => {
    const files = createFileStates();
    const event = linesBatch({ kind: 'events', messages: ['die'], start: 5 });
    expect(files.unknown([event])).toEqual([]);
    expect(files.isStored(event)(5)).toBe(false);
  });
});

describe('what becomes of a document', () => {
  const of = (status: number, type = '', reason = '') => itemOutcome({ status, error: { type, reason } });

  test.each([
    [201, '', 'stored'],
    [409, 'version_conflict_engine_exception', 'known'],
    [400, 'document_parsing_exception', 'refused'],
    [400, 'illegal_argument_exception', 'refused'],
    [400, 'validation_exception', 'later'],
    [400, 'index_closed_exception', 'later'],
    [403, 'cluster_block_exception', 'later'],
    [404, 'index_not_found_exception', 'later'],
    [429, 'es_rejected_execution_exception', 'later'],
    [503, 'unavailable_shards_exception', 'later'],
  ])('%i %s: %s', (status, type, want) => expect(of(status, type).type).toBe(want));

  test('larger than the node may ever hold is refused, though it says too many', () => {
    const reason =
      'rejected execution of coordinating operation [all_bytes=0, coordinating_operation_bytes=900, max_coordinating_bytes=800]';
    expect(of(429, 'es_rejected_execution_exception', reason).type).toBe('refused');
    expect(of(429, 'es_rejected_execution_exception', reason.replace('=800', '=1800')).type).toBe('later');
  });
});
