import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import { createUnpacker, type PackedRecords } from './packed-records.ts';
import type { ScanAnswer } from './scan-request.ts';

type Top = Extract<ScanAnswer, { type: 'top' }>;

/** Records put in order, or made, before other work of the main thread gets its turn. */
const ORDER_SLICE = 10_000;
const MAKE_SLICE = 500;

/** Records of several threads as one list; each is made only when asked for. */
export interface MergedRecords {
  length: number;
  /** True when matching records exist behind the last one. */
  more: boolean;
  /** Message bytes. */
  bytes: number;
  key(i: number): RecordKey;
  record(i: number): LogRecord;
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function keyAt(packed: PackedRecords, i: number): RecordKey {
  return { time: packed.times[i], fid: packed.fids[packed.fid[i]], gen: packed.gens[i], offset: packed.offsets[i] };
}

/** The first `limit` records of what the threads found, each of whose lists is in order. */
export async function mergeRecords(
  answers: Top[],
  order: 'asc' | 'desc',
  by: 'time' | 'offset',
  limit: number,
): Promise<MergedRecords> {
  const lists = answers.map(({ records, cut }) => ({ packed: records, cut, at: 0 }));
  const sign = order === 'asc' ? 1 : -1;
  const before = (a: (typeof lists)[number], b: (typeof lists)[number]): boolean => {
    if (by === 'offset') return sign * (a.packed.offsets[a.at] - b.packed.offsets[b.at]) < 0;
    const times = a.packed.times[a.at] - b.packed.times[b.at];
    return sign * (times || compareKeys(keyAt(a.packed, a.at), keyAt(b.packed, b.at))) < 0;
  };
  const total = Math.min(
    limit,
    lists.reduce((sum, { packed }) => sum + packed.count, 0),
  );
  const list = new Uint8Array(total);
  const place = new Uint32Array(total);
  let length = 0;
  let more = false;
  let bytes = 0;
  for (;;) {
    // A list that was cut says nothing about what comes after its end.
    more = lists.some(({ cut, at, packed }) => cut && at === packed.count);
    let best = -1;
    for (let k = 0; k < lists.length; k++)
      if (lists[k].at < lists[k].packed.count && (best < 0 || before(lists[k], lists[best]))) best = k;
    if (more || best < 0) break;
    more = length === limit;
    if (more) break;
    const { packed, at } = lists[best];
    bytes += packed.ends[at] - packed.starts[at];
    list[length] = best;
    place[length++] = lists[best].at++;
    if (length % ORDER_SLICE === 0) await breathe();
  }
  const unpackers = lists.map(({ packed }) => createUnpacker(packed));
  return {
    length,
    more,
    bytes,
    key: (i) => keyAt(lists[list[i]].packed, place[i]),
    record: (i) => unpackers[list[i]](place[i]),
  };
}

/** Makes records [from, to). */
export async function makeRecords(merged: MergedRecords, from: number, to: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let i = from; i < Math.min(to, merged.length); i++) {
    records.push(merged.record(i));
    if (records.length % MAKE_SLICE === 0) await breathe();
  }
  return records;
}
