import { crc32 } from 'node:zlib';

/**
 * The lines of kill tests name themselves: run, stream of lines, sequence number, and a checksum over these and the payload. What
 * the product gives back is judged by the line alone; nothing is asked of any process that was killed.
 */
export interface OracleLine {
  run: string;
  stream: number;
  seq: number;
  payload: string;
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

function sum(line: OracleLine): string {
  return hex8(crc32(`${line.run} ${line.stream} ${line.seq} ${line.payload}`));
}

export function formatLine(line: OracleLine): string {
  return `run=${line.run} s=${line.stream} seq=${line.seq} crc=${sum(line)} ${line.payload}`;
}

const SHAPE = /^run=(\S+) s=(\d+) seq=(\d+) crc=([0-9a-f]{8}) /;

/** Null for a text that is no such line at all; `intact` says whether the checksum holds. */
export function parseLine(text: string): (OracleLine & { intact: boolean }) | null {
  const found = SHAPE.exec(text.trimStart().replace(/^at /, ''));
  if (!found) return null;
  const start = text.indexOf(found[0]) + found[0].length;
  const line = { run: found[1], stream: Number(found[2]), seq: Number(found[3]), payload: text.slice(start) };
  return { ...line, intact: sum(line) === found[4] };
}

/** What was written, by stream: the last sequence number; the first is 1. */
export type Written = Map<number, number>;

export interface Tally {
  records: number;
  /** Distinct lines that came back. */
  lines: number;
  lost: number;
  twice: number;
  bad: number;
  /** Lines that came back in another order than they were written in. */
  disordered: number;
  /** Lines nobody wrote: another run's, no oracle's line, or a number beyond the last. */
  strange: number;
  /** The first few of all of these, for a person. */
  examples: string[];
}

const EXAMPLES = 20;

/** Takes lines in the order in which the product gives them and says what is wrong with them. Memory: one bit a line. */
export function createOracle(run: string, written: Written): { take(message: string): void; verdict(): Tally } {
  const tally: Tally = { records: 0, lines: 0, lost: 0, twice: 0, bad: 0, disordered: 0, strange: 0, examples: [] };
  const seen = new Map([...written].map(([stream, last]) => [stream, new Uint8Array((last >> 3) + 1)]));
  const newest = new Map<number, number>();
  const note = (what: string, text: string): void => {
    if (tally.examples.length < EXAMPLES) tally.examples.push(`${what}: ${text.slice(0, 120)}`);
  };
  function takeLine(text: string): void {
    const line = parseLine(text);
    const last = line ? written.get(line.stream) : undefined;
    if (!line || last === undefined || line.run !== run || line.seq < 1 || line.seq > last) {
      tally.strange++;
      note('strange', text);
      return;
    }
    if (!line.intact) {
      tally.bad++;
      note('bad', text);
      return;
    }
    const bits = seen.get(line.stream)!;
    const mask = 1 << (line.seq & 7);
    if (bits[line.seq >> 3] & mask) {
      tally.twice++;
      note('twice', text);
      return;
    }
    bits[line.seq >> 3] |= mask;
    tally.lines++;
    if (line.seq < (newest.get(line.stream) ?? 0)) {
      tally.disordered++;
      note('disordered', text);
    }
    newest.set(line.stream, line.seq);
  }
  return {
    take(message) {
      tally.records++;
      for (const text of message.split('\n')) takeLine(text);
    },
    verdict() {
      tally.lost = 0;
      for (const [stream, last] of written) {
        const bits = seen.get(stream)!;
        for (let seq = 1; seq <= last; seq++) {
          if (bits[seq >> 3] & (1 << (seq & 7))) continue;
          tally.lost++;
          note('lost', `stream ${stream} seq ${seq}`);
        }
      }
      return tally;
    },
  };
}
