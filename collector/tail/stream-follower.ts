import type { Clock } from '../../model/clock.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { FileState } from '../checkpoint/file-state.ts';
import type { StreamLine, StreamTarget } from '../discovery.ts';
import type { Log } from '../log.ts';
import { newParsedLine, STDERR, STDOUT } from '../parse/line-parser.ts';
import type { Cutter } from '../pipeline/batch-cutter.ts';
import type { LineReader } from '../pipeline/line-reader.ts';
import { OVERSIZE_TEXT_BYTES } from '../pipeline/oversize.ts';
import { putHeld, takeHeld, type Workbench } from '../pipeline/workbench.ts';
import { lineHash, streamFid } from './identity.ts';
import { nothingRead } from './new-state.ts';
import { newTailFile, type Reading, type TailFile } from './tail-file.ts';

export interface StreamDeps {
  host: string;
  clock: Clock;
  log: Log;
  checkpoint: Checkpoint;
  bench: Workbench;
  lines: LineReader;
  cutter: Cutter;
  flushMs: number;
  multilineMs: number;
  count: (name: string, by?: number) => void;
  hasRoom(): boolean;
  reading: Reading;
  finished(file: TailFile): void;
}

/** A container read through the Docker API: positions are a running byte count, and it resumes by time and count. */
export interface StreamFollower {
  readonly target: StreamTarget;
  readonly file: TailFile;
  update(target: StreamTarget, reading: Reading): void;
  gone(): void;
  /** There is room again. */
  room(): void;
  close(): Promise<void>;
}

const RETRY_MS = { first: 500, max: 30_000 };
/** Lines taken before other work gets the thread. */
const LINES_A_PIECE = 1_000;

/** Where a line ends, its time, and how many lines up to it carry that time. */
interface Mark {
  end: number;
  time: number;
  nth: number;
}

function loadState(target: StreamTarget, deps: StreamDeps): FileState {
  const fid = streamFid(deps.host, target.source.container);
  const known = deps.checkpoint.files.get(fid);
  if (known) return known;
  const nowUs = deps.clock.nowUs();
  const state: FileState = {
    fid,
    target: target.key,
    source: target.source,
    dev: 'api',
    ino: target.source.container,
    birth: '0',
    path: '',
    ...nothingRead(nowUs, nowUs),
  };
  deps.checkpoint.put(state);
  return state;
}

function encodeMark({ time, nth }: Mark): Buffer {
  const out = Buffer.alloc(16);
  out.writeDoubleLE(time, 0);
  out.writeDoubleLE(nth, 8);
  return out;
}

export function startStreamFollower(first: StreamTarget, deps: StreamDeps): StreamFollower {
  const { bench, clock, cutter } = deps;
  let target = first;
  const file = newTailFile(loadState(target, deps), deps.reading, () => {
    throw new Error('a stream has no file');
  });
  file.path = `container ${target.source.containerName || target.source.container}`;
  const saved = Buffer.from(file.state.tail, 'base64');
  file.tailLength = 0;
  const resume: Mark =
    saved.length === 16
      ? { end: file.readPos, time: saved.readDoubleLE(0), nth: saved.readDoubleLE(8) }
      : { end: 0, time: 0, nth: 0 };
  let marks: Mark[] = [resume];
  const line = newParsedLine();
  const abort = new AbortController();
  let isGone = false;
  let flushTimer: NodeJS.Timeout | null = null;
  let wakeRoom: (() => void) | null = null;

  const tailOf = (offset: number): Buffer => {
    let last = 0;
    while (last + 1 < marks.length && marks[last + 1].end <= offset) last++;
    marks = marks.slice(last);
    return encodeMark(marks[0]);
  };

  function take(one: StreamLine): void {
    const length = Math.min(one.line.length, bench.inputAt - bench.used - OVERSIZE_TEXT_BYTES);
    one.line.copy(bench.bytes, bench.used, 0, length);
    line.time = one.time;
    line.stream = one.stream === 'stderr' ? STDERR : STDOUT;
    line.length = length;
    line.flags = 0;
    line.partial = false;
    const offset = file.readPos;
    const end = offset + one.line.length + 1;
    if (!file.headChecked) nameGeneration(one);
    deps.reading.assembler.add(file.assembly, line, offset, end);
    file.readPos = end;
    file.size = end;
    const last = marks[marks.length - 1];
    marks.push({ end, time: one.time, nth: last.time === one.time ? last.nth + 1 : 1 });
    file.lastReadAt = clock.monotonicMs();
    deps.count('bytes_read', one.line.length + 1);
    const again = file.resend[0];
    if (again && end >= again.end) {
      file.resend.shift();
      cutter.cutAll(file, end, tailOf, end === again.end ? again : undefined);
    } else if (!again && deps.lines.isFull()) cutter.cutFull(file, end, tailOf);
  }

  /** Its first line with its time: a container whose oldest lines have been dropped begins another generation. */
  function nameGeneration(one: StreamLine): void {
    file.headChecked = true;
    const named = Buffer.concat([Buffer.from(`${one.time} `), one.line]);
    const head = lineHash(named, 0, named.length);
    file.generation = { gen: head, head, end: -1 };
    file.state.gens.push(file.generation);
  }

  function onBench(work: () => void): void {
    putHeld(bench, file.assembly.held);
    file.assembly.held = null;
    try {
      work();
    } finally {
      file.assembly.held = takeHeld(bench);
    }
  }

  function flush(): void {
    flushTimer = null;
    if (file.closed || file.readPos <= file.assembly.start || file.resend.length > 0) return;
    const quiet = clock.monotonicMs() - file.lastReadAt;
    onBench(() => {
      if (isGone || quiet >= deps.multilineMs) cutter.cutAll(file, file.readPos, tailOf);
      else cutter.cutComplete(file, file.readPos, tailOf);
    });
    if (file.readPos > file.assembly.start) arm(Math.max(1, deps.multilineMs - quiet));
  }

  function arm(ms: number): void {
    flushTimer ??= setTimeout(flush, ms);
  }

  async function room(): Promise<void> {
    while (!deps.hasRoom() && !abort.signal.aborted) {
      await new Promise<void>((resolve) => {
        wakeRoom = resolve;
        abort.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Reads until the stream ends; lines up to the resume point are repeats. */
  async function readOnce(): Promise<void> {
    const from = marks[marks.length - 1];
    let repeats = 0;
    let taken: StreamLine[] = [];
    const work = (): void => {
      const lines = taken;
      taken = [];
      onBench(() => {
        for (const one of lines) take(one);
      });
      arm(deps.flushMs);
    };
    let due: NodeJS.Immediate | null = null;
    for await (const one of target.open(from.time, abort.signal)) {
      if (one.time < from.time) continue;
      if (one.time === from.time && repeats < from.nth) {
        repeats++;
        continue;
      }
      taken.push(one);
      if (taken.length >= LINES_A_PIECE) {
        work();
        await room();
      } else
        due ??= setImmediate(() => {
          due = null;
          if (taken.length > 0 && !abort.signal.aborted) work();
        });
    }
    if (due) clearImmediate(due);
    if (taken.length > 0 && !abort.signal.aborted) work();
  }

  async function run(): Promise<void> {
    for (let pause = RETRY_MS.first; !abort.signal.aborted; pause = Math.min(pause * 2, RETRY_MS.max)) {
      const before = file.readPos;
      try {
        await readOnce();
        file.trouble = null;
      } catch (error) {
        if (abort.signal.aborted) return;
        deps.count('read_errors');
        file.trouble = { state: 'failed', reason: (error as Error).message, retryAt: 0, pauseMs: pause };
        deps.log.warn({ err: error, container: target.source.containerName }, 'cannot read a container’s log stream');
      }
      if (isGone) break;
      if (file.readPos > before) pause = RETRY_MS.first;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(done, pause);
        abort.signal.addEventListener('abort', done, { once: true });
      });
    }
    if (abort.signal.aborted) return;
    flush();
    file.final = true;
    if (file.flights.length === 0) deps.finished(file);
  }

  const running = run();
  return {
    get target() {
      return target;
    },
    file,
    update(next, reading) {
      target = next;
      file.reading = reading;
      isGone = false;
    },
    gone() {
      isGone = true;
    },
    room() {
      wakeRoom?.();
      wakeRoom = null;
    },
    async close() {
      abort.abort();
      if (flushTimer) clearTimeout(flushTimer);
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    },
  };
}
