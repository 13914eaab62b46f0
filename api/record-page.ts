import type { LogRecord } from '../model/record.ts';
import type { Note, SearchResult } from '../store/log-store.ts';
import type { ApiNote } from './contract.ts';
import { type Cursor, encodeCursor } from './cursor.ts';
import { formatTime } from './times.ts';

export interface RecordPage {
  records: LogRecord[];
  next: string | null;
  notes: ApiNote[];
  timedOut: boolean;
}

/**
 * A page of a search and the cursor behind it. Where time ran out, the store may have found records on the far side of what it had
 * looked at: they are left for the next page, which begins at that edge, so that pages put together have no hole.
 */
export function recordPage(found: SearchResult, page: Cursor, limit: number): RecordPage {
  const late = found.notes.find((note) => note.code === 'time_limit_reached');
  const edge = typeof late?.completeTo === 'number' ? late.completeTo : null;
  const desc = page.order === 'desc';
  const records =
    edge === null ? found.records : found.records.filter(({ time }) => (desc ? time > edge : time < edge));
  const last = records.at(-1);
  const full = last !== undefined && records.length >= limit && found.more;
  const notes = found.notes.map((note) => (note === late ? lateNote(late) : note));
  if (full) notes.push({ code: 'limit_reached', limit });
  return { records, notes, timedOut: late !== undefined, next: found.more ? next() : null };

  function next(): string {
    if (last && (full || edge === null)) {
      const { time, fid, gen, offset } = last;
      return encodeCursor({ ...page, after: { time, fid, gen, offset } });
    }
    if (edge === null) return encodeCursor(page);
    const rest = desc ? { to: edge + 1 } : { from: edge };
    const from = Math.max(page.from, rest.from ?? 0);
    const to = Math.min(page.to, rest.to ?? page.to);
    // An edge at or beyond the range's own end: nothing was looked at, and the same is asked again.
    return encodeCursor(from < to && edge >= 0 ? { ...page, from, to, after: keptAfter(from, to) } : page);
  }

  /** The key the page began behind still counts while the edge has not passed it. */
  function keptAfter(from: number, to: number): Cursor['after'] {
    const { after } = page;
    if (!after) return null;
    return desc ? (after.time < to ? after : null) : after.time >= from ? after : null;
  }
}

function lateNote(note: Note): ApiNote {
  return typeof note.completeTo === 'number' && note.completeTo >= 0
    ? { ...note, completeTo: formatTime(note.completeTo) }
    : { code: note.code };
}
