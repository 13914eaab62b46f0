import { compareKeys, type RecordKey } from '../../model/position.ts';
import type { LogRecord } from '../../model/record.ts';
import { type PackedRecords, unpackRecord } from './packed-records.ts';
import type { ScanAnswer } from './scan-request.ts';

type Top = Extract<ScanAnswer, { type: 'top' }>;

/** Records made at a time before other work of the main thread gets its turn. */
const SLICE = 500;

export interface MergedRecords {
  records: LogRecord[];
  /** True when matching records exist behind the last one. */
  more: boolean;
}

function keyAt(packed: PackedRecords, i: number): RecordKey {
  return { time: packed.times[i], fid: packed.fids[packed.fid[i]], gen: packed.gens[i], offset: packed.offsets[i] };
}

/** The first `limit` records of what the threads found, each of whose lists is in order. Yields to the event loop between slices. */
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
  const records: LogRecord[] = [];
  for (;;) {
    // A list that was cut says nothing about what comes after its end.
    if (lists.some((list) => list.cut && list.at === list.packed.count)) return { records, more: true };
    let best: (typeof lists)[number] | null = null;
    for (const list of lists) if (list.at < list.packed.count && (!best || before(list, best))) best = list;
    if (!best) return { records, more: false };
    if (records.length === limit) return { records, more: true };
    records.push(unpackRecord(best.packed, best.at++));
    if (records.length % SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
