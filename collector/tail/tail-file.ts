import type { DropReason } from '../../model/batch.ts';
import type { Source } from '../../model/source.ts';
import type { FileState, Generation, Intent, Phase, Progress } from '../checkpoint/file-state.ts';
import type { LineParser } from '../parse/line-parser.ts';
import type { Assembler } from '../pipeline/assembler.ts';
import { type Assembly, newAssembly } from '../pipeline/assembly.ts';
import type { LineFilter } from '../pipeline/line-filter.ts';
import type { Oversize } from '../pipeline/oversize.ts';
import type { ByteSource } from './byte-source.ts';

/** How a target's files are read: one object for all files of a target. */
export interface Reading {
  source: Source;
  parser: LineParser;
  assembler: Assembler;
  filter: LineFilter | null;
  /** Docker's lines with the built-in trace rules: a kernel may take them. */
  ordinary: boolean;
  /** Every open record is held for the full wait (custom start patterns). */
  holdsAll: boolean;
  /** NULs at a line's start are a hole when there are at least this many. */
  holeBytes: number;
  setModified(ms: number): void;
}

/** A line longer than what is parsed at once, while it is read past. */
export interface LongLine {
  start: number;
  over: Oversize;
  head: Buffer;
  /** Its last bytes so far: docker puts time and stream there. */
  last: Buffer;
}

/** A batch on its way. */
export interface Flight {
  bytes: number;
  done: boolean;
  progress: Progress;
  /** µs of its oldest record. */
  since: number;
}

export const TAIL_BYTES = 64;

/** One physical file while it is read. */
export interface TailFile {
  /** What the checkpoint knows; `advance` moves it. */
  readonly state: FileState;
  reading: Reading;
  /** What an error message and the ledger call it. */
  path: string;
  phase: Phase;
  source: ByteSource | null;
  /** Opens the source (again); throws what the system says. */
  open: () => ByteSource;
  /** Null until the first whole line of this generation was seen. */
  generation: Generation | null;
  /** False until the generation's first line was compared with what names it; reading on from further in, the tail tells. */
  headChecked: boolean;
  /** Next byte to read; the start of a line, or inside `long`. */
  readPos: number;
  /** Bytes right before `readPos`, at the end of `tail`. */
  tail: Buffer;
  tailLength: number;
  size: number;
  /** Bytes of earlier generations: read, and handed to the sender. */
  pastRead: number;
  assembly: Assembly;
  long: LongLine | null;
  /** Batches that were sent before a crash and must be sent again alike. */
  resend: Intent[];
  flights: Flight[];
  /** Totals handed to the sender, for `Progress`. */
  sentLines: number;
  sentDropped: Partial<Record<DropReason, number>>;
  lastLineAt: number;
  /** No more bytes will come: a line without a newline is a line. */
  final: boolean;
  /** The last turn found nothing more to read; false during a turn. */
  atEnd: boolean;
  unlinked: boolean;
  /** The live file's source, while what a copy holds of its old generation is read. */
  copying: ByteSource | null;
  /** ms, of the file, when it was last looked at. */
  mtimeMs: number;
  /** Everything was read when this was taken (monotonic ms, and wall µs). */
  drainedAt: number;
  drainedUs: number;
  /** Monotonic ms of the first line not yet cut into a batch, and of the last line read. */
  heldSince: number;
  lastReadAt: number;
  /** Monotonic ms of the first write noticed since it was last drained. */
  noticedAt: number;
  /** When the next look is due although nothing was written; Infinity for never. */
  dueAt: number;
  /** Monotonic ms when it lost its live name, or all names; 0 before. */
  retiredAt: number;
  queued: boolean;
  closed: boolean;
  /** Why it cannot be read now. */
  trouble: { state: 'denied' | 'failed'; reason: string; retryAt: number; pauseMs: number } | null;
}

/** µs that lines without any time get at the start of a file: its birth. */
export function birthUs(state: FileState): number {
  return Math.floor(Number(BigInt(state.birth) / 1_000n)) || state.seenAt;
}

/** Where reading goes on after a restart: perhaps in another generation than the last acknowledged byte's. */
function resumeGeneration(state: FileState): void {
  const at = state.gens.findIndex((known) => known.gen === state.gen);
  const acknowledged = state.gens[at];
  if (acknowledged && state.offset < acknowledged.end) {
    // It was cut before all of it was acknowledged: its end is looked for again, in the copy that may have been made of it.
    state.gens.length = at + 1;
    acknowledged.end = -1;
    return;
  }
  const current = state.gens.at(-1);
  if (!current || (current === acknowledged && current.end < 0)) return;
  state.past += acknowledged ? state.offset : 0;
  state.gen = current.end < 0 ? current.gen : 0;
  state.offset = 0;
  state.tail = '';
  state.context = { time: birthUs(state), pem: 0 };
}

export function newTailFile(state: FileState, reading: Reading, open: () => ByteSource): TailFile {
  resumeGeneration(state);
  const current = state.gens.at(-1) ?? null;
  const tail = Buffer.alloc(TAIL_BYTES);
  const before = Buffer.from(state.tail, 'base64');
  before.copy(tail, TAIL_BYTES - before.length);
  const intents = state.intents.filter((intent) => intent.gen === state.gen).sort((a, b) => a.start - b.start);
  // Only what follows the acknowledged offset without a hole can be sent again alike.
  const resend: Intent[] = [];
  for (let at = state.offset; ; ) {
    const next = intents.find((intent) => intent.start === at && intent.end > at);
    if (!next) break;
    resend.push(next);
    at = next.end;
  }
  return {
    state,
    reading,
    path: state.path,
    phase: state.phase,
    source: null,
    open,
    generation: current && current.end < 0 ? current : null,
    headChecked: state.offset > 0 && current !== null,
    readPos: state.offset,
    tail,
    tailLength: before.length,
    size: state.offset,
    pastRead: state.past,
    assembly: newAssembly(state.offset, state.context),
    long: null,
    resend,
    flights: [],
    sentLines: state.lines,
    sentDropped: { ...state.dropped },
    lastLineAt: state.lastLineAt,
    final: false,
    atEnd: false,
    unlinked: false,
    copying: null,
    mtimeMs: 0,
    drainedAt: Number.NEGATIVE_INFINITY,
    drainedUs: 0,
    heldSince: Number.POSITIVE_INFINITY,
    lastReadAt: 0,
    noticedAt: Number.POSITIVE_INFINITY,
    dueAt: Number.POSITIVE_INFINITY,
    retiredAt: 0,
    queued: false,
    closed: false,
    trouble: null,
  };
}

/** Bytes read, acknowledged and searchable, dropped, and on their way: `read = searchable + dropped + inFlight`, always. */
export function accountOf(file: TailFile): { read: number; searchable: number; dropped: number; inFlight: number } {
  const read = file.pastRead + file.readPos;
  const safe = file.state.past + file.state.offset;
  let dropped = 0;
  for (const bytes of Object.values(file.state.dropped)) dropped += bytes ?? 0;
  return { read, searchable: safe - dropped, dropped, inFlight: read - safe };
}
