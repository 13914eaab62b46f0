import type { SourceStatus } from '../../model/batch.ts';
import type { Told } from '../status.ts';
import { accountOf, birthUs, type TailFile } from './tail-file.ts';

export function statusOf(file: TailFile): SourceStatus {
  const { read, searchable, inFlight } = accountOf(file);
  const behind = file.size > file.readPos || inFlight > 0;
  return {
    fid: file.state.fid,
    source: file.reading.source,
    state: file.trouble?.state ?? (file.phase === 'done' ? 'gone' : behind ? 'reading' : 'idle'),
    size: Math.min(file.size, Number.MAX_SAFE_INTEGER),
    read,
    searchable,
    dropped: { ...file.state.dropped },
    inFlight,
    lines: file.state.lines,
    lastLineAt: file.lastLineAt || null,
    ...(file.trouble ? { reason: file.trouble.reason } : {}),
  };
}

/** Where a source that is not complete stands: µs up to which all its lines are searchable. */
export function behindOf(file: TailFile): Told['behind'] {
  // All that was written before it was last drained was read; a line is stamped a moment before it is written.
  const unread = file.drainedUs > 0 ? file.drainedUs - 50_000 : file.state.context.time || birthUs(file.state);
  if (file.trouble) return { completeTo: oldest(file, unread), cause: file.trouble.reason };
  if (file.flights.length > 0) return { completeTo: oldest(file, unread), cause: 'not acknowledged yet' };
  if (file.readPos > file.assembly.start) return { completeTo: oldest(file, unread), cause: 'held for joining' };
  if (file.size > file.readPos || file.queued || file.noticedAt !== Number.POSITIVE_INFINITY)
    return { completeTo: unread, cause: 'not read yet' };
  return null;
}

function oldest(file: TailFile, unread: number): number {
  const { held } = file.assembly;
  let least = file.size > file.readPos ? unread : Number.POSITIVE_INFINITY;
  for (const { since } of file.flights) least = Math.min(least, since);
  if (held && held.count > 0) least = Math.min(least, held.times[0]);
  return least === Number.POSITIVE_INFINITY ? unread : least;
}
