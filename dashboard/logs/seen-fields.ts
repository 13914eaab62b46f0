import type { ApiRecord } from '../../api/contract.ts';

/** Names of fields in the lines, the most frequent first. */
export function seenFields(records: ApiRecord[]): string[] {
  const counts = new Map<string, number>();
  for (const record of records)
    for (const name of Object.keys(record.fields)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}
