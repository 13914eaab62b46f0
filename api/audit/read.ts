import { FleetlogError } from '../../model/errors.ts';
import { matchesGlob } from '../../model/glob.ts';
import type { AuditEntry } from './entry.ts';
import { type AuditBase, type AuditSegment, isReadable, type Segments } from './segments.ts';

/** Segments one request looks through: some 50 MB of documents. A rarer entry is further along the cursor. */
const SEGMENTS_A_REQUEST = 200;
/** How far clocks of nodes are allowed to differ before an entry is missed by its time, ms. */
const SLACK_MS = 3600e3;

export interface AuditQuery {
  /** ISO with six decimals, or null. */
  from: string | null;
  to: string | null;
  /** Patterns with `*`; empty is any. */
  actors: string[];
  actions: string[];
  /** Null is any. */
  outcome: AuditEntry['outcome'] | null;
  /** Entries before this number only. */
  before: number | null;
  limit: number;
}

export interface AuditPage {
  /** Newest first. */
  entries: AuditEntry[];
  /** Go on with entries before this number; null at the end. */
  next: number | null;
  /** The bound on segments cut it short. */
  isPartial: boolean;
  /** Segments that cannot be read. */
  broken: number[];
}

export async function readAudit(segments: Segments, query: AuditQuery): Promise<AuditPage> {
  const base = await segments.base();
  const last = await segments.last();
  const page: AuditPage = { entries: [], next: null, isPartial: false, broken: [] };
  const start = await firstToRead(segments, base, last, query);
  let read = 0;
  for (let n = start; n >= base.segment; n--) {
    if (read++ >= SEGMENTS_A_REQUEST) {
      page.isPartial = true;
      page.next = await seqAfter(segments, n);
      return page;
    }
    const doc = (await segments.get(n))?.doc;
    if (!isReadable(doc)) {
      page.broken.push(n);
      continue;
    }
    if (query.from !== null && doc.to < shifted(query.from, -SLACK_MS)) return page;
    for (let i = doc.entries.length - 1; i >= 0; i--) {
      const entry = doc.entries[i];
      if (!matches(entry, query)) continue;
      if (page.entries.length === query.limit) {
        page.next = page.entries[page.entries.length - 1].seq;
        return page;
      }
      page.entries.push(entry);
    }
  }
  return page;
}

/** In the chain's own order, for verification: whole segments from the one that holds entry `after` + 1. Throws `corrupt`. */
export async function readChain(
  segments: Segments,
  cursor: number | null,
): Promise<{ entries: AuditEntry[]; next: number | null }> {
  const base = await segments.base();
  const n = cursor ?? base.segment;
  if (n < base.segment)
    throw new FleetlogError('bad_cursor', 'cannot go on: these entries were removed by age meanwhile', {
      hint: 'begin again',
    });
  const last = await segments.last();
  const found = await segments.get(n);
  if (!found) {
    if (n > last) return { entries: [], next: null };
    throw new FleetlogError('corrupt', `cannot read the audit log: its segment ${n} is missing`);
  }
  if (!isReadable(found.doc)) throw new FleetlogError('corrupt', `cannot read segment ${n} of the audit log`);
  return { entries: found.doc.entries, next: n < last ? n + 1 : null };
}

/** Numbers and times both grow along the chain (times within the slack), so the newest segment of interest is found by halving. */
async function firstToRead(segments: Segments, base: AuditBase, last: number, query: AuditQuery): Promise<number> {
  const isBeyond = (doc: AuditSegment): boolean =>
    (query.before !== null && doc.after.seq + 1 >= query.before) ||
    (query.to !== null && doc.from > shifted(query.to, SLACK_MS));
  let low = base.segment;
  let high = last;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const doc = (await segments.get(middle))?.doc;
    if (isReadable(doc) && isBeyond(doc)) high = middle - 1;
    else low = middle;
  }
  return high;
}

async function seqAfter(segments: Segments, n: number): Promise<number | null> {
  const doc = (await segments.get(n))?.doc;
  return isReadable(doc) ? (doc.entries.at(-1)?.seq ?? doc.after.seq) + 1 : null;
}

function matches(entry: AuditEntry, query: AuditQuery): boolean {
  if (query.before !== null && entry.seq >= query.before) return false;
  if (query.from !== null && entry.time < query.from) return false;
  if (query.to !== null && entry.time >= query.to) return false;
  if (query.actors.length > 0 && !query.actors.some((one) => matchesGlob(one, entry.actor))) return false;
  if (query.outcome !== null && entry.outcome !== query.outcome) return false;
  return query.actions.length === 0 || query.actions.some((one) => matchesGlob(one, entry.action));
}

function shifted(iso: string, ms: number): string {
  const seconds = iso.slice(0, 19);
  return `${new Date(Date.parse(`${seconds}Z`) + ms).toISOString().slice(0, 19)}${iso.slice(19)}`;
}
