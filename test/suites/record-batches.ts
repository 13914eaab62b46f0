import type { LinesBatch } from '../../model/batch.ts';
import type { LogRecord } from '../../model/record.ts';
import { recordBatch } from '../../model/record-batch.ts';
import type { LogStore } from '../../store/log-store.ts';
import { createRandom } from './random.ts';

/** Records as the batches collectors would send: per file in order and contiguous, of seeded sizes, files interleaved. */
export function batchesOf(records: LogRecord[], seed = 1, most = 40): LinesBatch[] {
  const random = createRandom(seed);
  const files = new Map<string, LogRecord[]>();
  for (const record of records) {
    const key = `${record.fid} ${record.gen} ${JSON.stringify(record.source)}`;
    const file = files.get(key);
    if (file) file.push(record);
    else files.set(key, [record]);
  }
  const cut = [...files.values()].flatMap((file) => {
    file.sort((a, b) => a.offset - b.offset);
    const batches: LinesBatch[] = [];
    for (let i = 0; i < file.length; ) {
      const some = file.slice(i, i + 1 + random.below(most));
      const start = i === 0 ? 0 : file[i].offset;
      const end = file[i + some.length]?.offset ?? some[some.length - 1].offset + 1;
      batches.push(recordBatch(some, start, end));
      i += some.length;
    }
    return batches;
  });
  return cut.sort((a, b) => a.times[0] - b.times[0] || a.start - b.start);
}

/** Stores records, a few batches at a time. */
export async function appendRecords(store: LogStore, records: LogRecord[], seed = 1): Promise<void> {
  const batches = batchesOf(records, seed);
  for (let i = 0; i < batches.length; i += 8) await store.append(batches.slice(i, i + 8));
}
