import type { ApiRecord } from '../../api/contract.ts';
import { dayText, microseconds, type Zone } from '../format/time.ts';
import type { Item } from './row-view.ts';

/** Records with a separator wherever the day changes; the first day is said only when it is not today. */
export function withDays(records: ApiRecord[], zone: Zone, nowUs: number): Item[] {
  const items: Item[] = [];
  let day = dayText(nowUs, zone);
  let hour = -1;
  const seen = new Set<string>();
  for (const record of records) {
    if (seen.has(record.id)) continue;
    seen.add(record.id);
    const time = microseconds(record.time);
    // Zones shift by quarters of an hour at the finest: only another quarter can be another day.
    const quarter = Math.floor(time / 900e6);
    if (quarter !== hour) {
      hour = quarter;
      const own = dayText(time, zone);
      if (own !== day) items.push({ kind: 'day', key: `day ${own} ${record.id}`, text: own });
      day = own;
    }
    items.push({ kind: 'record', key: record.id, record });
  }
  return items;
}
