import type { SourceStatus } from '../../model/batch.ts';
import { BEHIND_CAUSES } from '../../model/behind-cause.ts';
import type { Source } from '../../model/source.ts';
import type { FileState } from '../checkpoint/file-state.ts';
import type { Told } from '../status.ts';
import { accountOf, birthUs, type TailFile } from './tail-file.ts';

/** The last row of a file that ended before this start: all that was read of it is searchable or dropped. */
export function finishedStatus(state: FileState): SourceStatus {
  const read = state.past + state.offset;
  const dropped = Object.values(state.dropped).reduce((sum, bytes) => sum + (bytes ?? 0), 0);
  return {
    fid: state.fid,
    source: state.source,
    state: 'gone',
    size: read,
    read,
    searchable: read - dropped,
    dropped: { ...state.dropped },
    inFlight: 0,
    lines: state.lines,
    lastLineAt: state.lastLineAt || null,
  };
}

export function statusOf(file: TailFile): SourceStatus {
  const { read, searchable, inFlight } = accountOf(file);
  const behind = file.size > file.readPos || inFlight > 0;
  return {
    fid: file.state.fid,
    source: file.reading.source,
    state: file.trouble?.state ?? (file.phase === 'done' ? 'gone' : behind ? 'reading' : 'idle'),
    // How long a compressed file is, is known only at its end.
    size: file.size < Number.MAX_SAFE_INTEGER ? file.size : read,
    read,
    searchable,
    dropped: { ...file.state.dropped },
    inFlight,
    lines: file.state.lines,
    lastLineAt: file.lastLineAt || null,
    ...(file.trouble ? { reason: file.trouble.reason } : {}),
    ...(file.state.spool ? { spooled: true as const } : {}),
  };
}

interface Row {
  told: Told;
  read: number;
  safe: number;
  size: number;
  phase: string;
  source: Source;
}

/** What is told of files that are read; a file of which nothing changed is the same object again, for most of a host's files are quiet. */
export function createRows(): (file: TailFile) => Told {
  const rows = new WeakMap<TailFile, Row>();
  return (file) => {
    const { size, phase, state } = file;
    const { source } = file.reading;
    const behind = behindOf(file);
    const read = file.pastRead + file.readPos;
    const safe = state.past + state.offset;
    const row = behind === null ? rows.get(file) : undefined;
    if (
      row &&
      row.read === read &&
      row.safe === safe &&
      row.size === size &&
      row.phase === phase &&
      row.source === source
    )
      return row.told;
    const told: Told = { status: statusOf(file), behind };
    if (behind === null) rows.set(file, { told, read, safe, size, phase, source });
    return told;
  };
}

/** Where a source that is not complete stands: µs up to which all its lines are searchable. */
export function behindOf(file: TailFile): Told['behind'] {
  // All that was written before it was last drained was read; a line is stamped a moment before it is written.
  const unread = file.drainedUs > 0 ? file.drainedUs - 50_000 : file.state.context.time || birthUs(file.state);
  if (file.trouble) return { completeTo: oldest(file, unread), cause: file.trouble.reason };
  if (file.flights.length > 0) return { completeTo: oldest(file, unread), cause: BEHIND_CAUSES.not_acknowledged };
  if (file.readPos > file.assembly.start) return { completeTo: oldest(file, unread), cause: BEHIND_CAUSES.held };
  if (file.size > file.readPos || file.queued || file.noticedAt !== Number.POSITIVE_INFINITY)
    return { completeTo: unread, cause: BEHIND_CAUSES.not_read };
  return null;
}

function oldest(file: TailFile, unread: number): number {
  const { held } = file.assembly;
  let least = file.size > file.readPos ? unread : Number.POSITIVE_INFINITY;
  for (const { since } of file.flights) least = Math.min(least, since);
  if (held && held.count > 0) least = Math.min(least, held.times[0]);
  return least === Number.POSITIVE_INFINITY ? unread : least;
}
