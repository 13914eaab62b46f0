import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { FleetlogError } from '../../model/errors.ts';
import { claimedLength, FRAME_HEADER, type FrameHead, type FrameMemory, frameMemory, readFrameHead } from './frame.ts';

/**
 * A write-ahead log file: 16 bytes ('FLSW', u16 version, 0…) and frames (see `frame.ts`). A head owns one, or more after a
 * restart or a failed write; they go once its segments are committed.
 */
export const LOG_VERSION = 1;
export const LOG_HEADER = 16;
const MAGIC = 'FLSW';

export function logHeader(): Buffer {
  const out = Buffer.alloc(LOG_HEADER);
  out.write(MAGIC, 0);
  out.writeUInt16LE(LOG_VERSION, 4);
  return out;
}

export function logFile(dir: string, number: number): string {
  return `${dir}/wal-${String(number).padStart(10, '0')}.flw`;
}

/** The number in a log file's name, or null. */
export function logNumber(name: string): number | null {
  const found = /^wal-(\d{10})\.flw$/.exec(name);
  return found ? Number(found[1]) : null;
}

export interface ReplayReport {
  frames: number;
  /** Bytes cut from a torn end: never acknowledged. */
  torn: number;
  /** Bytes inside that no frame could be read from, with whole frames behind them: damage. */
  damaged: number;
}

const WINDOW = 4 << 20;

/**
 * Hands every intact frame to `onFrame` in order (memory is reused after it returns) and cuts a torn end off the file.
 * Throws `format_newer` for a later version.
 */
export function replayLog(path: string, onFrame: (memory: FrameMemory, head: FrameHead) => void): ReplayReport {
  const fd = openSync(path, 'r+');
  const report = { frames: 0, torn: 0, damaged: 0 };
  try {
    const { size } = fstatSync(fd);
    let window = frameMemory(new ArrayBuffer(Math.min(WINDOW, (size + LOG_HEADER + 7) & ~7)));
    let base = 0;
    let held = 0;

    /** Makes the window begin at file position `at` and hold `need` bytes if the file has them. */
    const fill = (at: number, need: number): void => {
      if (need > window.bytes.length) window = frameMemory(new ArrayBuffer((need + 7) & ~7));
      base = at;
      held = 0;
      while (held < window.bytes.length) {
        const n = readSync(fd, window.bytes, held, window.bytes.length - held, base + held);
        if (n === 0) break;
        held += n;
      }
    };

    fill(0, LOG_HEADER);
    const named = held >= LOG_HEADER && window.bytes.toString('latin1', 0, 4) === MAGIC;
    const version = window.bytes.readUInt16LE(4);
    if (named && version > LOG_VERSION)
      throw new FleetlogError('format_newer', `cannot replay the write-ahead log: version ${version}`, {
        hint: 'start the newer Fleetlog that wrote it',
      });
    let good = named ? LOG_HEADER : 0;
    for (let at = LOG_HEADER; at + FRAME_HEADER <= size; ) {
      if (at + FRAME_HEADER > base + held) fill(at, window.bytes.length);
      const length = claimedLength(window, at - base);
      if (length > base + held - at && length <= size - at) fill(at, Math.max(window.bytes.length, length));
      const head = length === 0 ? null : readFrameHead(window, at - base, held, true);
      if (!head) {
        at += 8;
        continue;
      }
      report.damaged += at - good;
      onFrame(window, head);
      report.frames++;
      at += head.length;
      good = at;
    }
    report.torn = size - good;
    if (report.torn > 0) {
      ftruncateSync(fd, good);
      fsyncSync(fd);
    }
    return report;
  } finally {
    closeSync(fd);
  }
}
