import { createGrowingTable } from './growing-table.ts';
import { CELLS } from './record-columns.ts';
import { COUNT_NARROW, type CountTable } from './segment-format.ts';

export const MINUTE_US = 60_000_000;

/** Counts records by source, minute and cell; the current minute of the current source is kept in a small array. */
export interface MinuteCounter {
  add(source: number, times: Float64Array, cells: Uint8Array, from: number, to: number): void;
  finish(): { table: CountTable; length: number };
}

export function createMinuteCounter(): MinuteCounter {
  const bySource = new Map<number, Map<number, number>>();
  const current = new Uint32Array(CELLS);
  let source = -1;
  let minute = -1;

  function settle(): void {
    if (minute < 0) return;
    let counts = bySource.get(source);
    if (!counts) bySource.set(source, (counts = new Map()));
    for (let cell = 0; cell < CELLS; cell++) {
      if (current[cell] === 0) continue;
      const key = minute * CELLS + cell;
      counts.set(key, (counts.get(key) ?? 0) + current[cell]);
      current[cell] = 0;
    }
  }

  return {
    add(of, times, cells, from, to) {
      if (of !== source) {
        settle();
        source = of;
        minute = -1;
      }
      let low = minute * MINUTE_US;
      let high = low + MINUTE_US;
      for (let i = from; i < to; i++) {
        const time = times[i];
        if (time < low || time >= high || minute < 0) {
          settle();
          minute = Math.floor(time / MINUTE_US);
          low = minute * MINUTE_US;
          high = low + MINUTE_US;
        }
        current[cells[i]]++;
      }
    },
    finish() {
      settle();
      minute = -1;
      const table = createGrowingTable([], COUNT_NARROW);
      for (const of of [...bySource.keys()].sort((a, b) => a - b)) {
        const counts = bySource.get(of)!;
        for (const key of Float64Array.from(counts.keys()).sort())
          table.push({ source: of, minute: Math.floor(key / CELLS), cell: key % CELLS, count: counts.get(key)! });
      }
      return { table: table.finish() as unknown as CountTable, length: table.length };
    },
  };
}
