import { extractFields } from '../model/fields.ts';
import { and, fieldEquals } from '../model/query/build.ts';
import { numericValue } from '../model/query/scalar.ts';
import type { LogRecord } from '../model/record.ts';
import type { LogStore, Note, QueryStats, RangeRequest } from '../store/log-store.ts';
import type { FoundField } from './contract.ts';

/**
 * Apps whose lines are looked at, those with most lines first, and lines looked at in all. An app writes the same fields in line
 * after line, so that few lines of each app know more names than many lines of the loudest one; more apps or lines cost
 * more than a typist waits.
 */
export const LOOK = { apps: 16, lines: 1600 } as const;

export interface FoundFields {
  fields: FoundField[];
  /** Lines looked at. */
  looked: number;
  notes: Note[];
  stats: QueryStats;
}

/** Fields of the newest matching lines of each app, in most lines first. Made of reads every store has, so that all stores give the same. */
export async function findFields(store: LogStore, within: RangeRequest): Promise<FoundFields> {
  const began = performance.now();
  const { facets, notes, stats } = await store.facets({ ...within, fields: ['app'], size: LOOK.apps + 1 });
  const apps = facets.app.slice(0, LOOK.apps);
  const all: Note[] = [...notes];
  if (facets.app.length > LOOK.apps) all.push({ code: 'limit_reached', limit: LOOK.apps });
  const found = new Map<string, { lines: number; kind: FoundField['kind'] }>();
  let looked = 0;
  for (const { value } of apps) {
    const query = and(within.query, fieldEquals('app', value));
    const limit = Math.floor(LOOK.lines / apps.length);
    const page = await store.search({ ...within, query, order: 'desc', limit });
    addFields(found, page.records);
    looked += page.records.length;
    stats.blocksRead += page.stats.blocksRead;
    stats.blocksTotal += page.stats.blocksTotal;
    stats.bytesRead += page.stats.bytesRead;
    // What is there until then is what the answer is made of: one app more would wait for its own time-out.
    const cut = page.notes.find((note) => note.code === 'time_limit_reached');
    if (cut === undefined) continue;
    all.push(cut);
    break;
  }
  const fields = [...found]
    .map(([name, one]): FoundField => ({ name, ...one }))
    .sort((a, b) => b.lines - a.lines || (a.name < b.name ? -1 : 1));
  return { fields, looked, notes: all, stats: { ...stats, tookMs: performance.now() - began } };
}

function addFields(found: Map<string, { lines: number; kind: FoundField['kind'] }>, records: LogRecord[]): void {
  for (const record of records) {
    for (const [name, value] of extractFields(record.message)) {
      const kind = kindOf(value);
      const one = found.get(name);
      if (one === undefined) found.set(name, { lines: 1, kind });
      else {
        one.lines += 1;
        if (one.kind !== kind) one.kind = 'text';
      }
    }
  }
}

function kindOf(value: string): FoundField['kind'] {
  if (value === 'true' || value === 'false') return 'boolean';
  return numericValue(value) === null ? 'text' : 'number';
}
