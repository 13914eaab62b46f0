import type { Clock } from '../../model/clock.ts';
import { isCode } from '../../model/errors.ts';
import type { Bus } from '../../transport/bus.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Intent, Progress } from '../checkpoint/file-state.ts';
import type { Log } from '../log.ts';
import type { Flight, TailFile } from '../tail/tail-file.ts';
import { halveBatch } from './halve.ts';

export interface SenderOptions {
  bus: Bus;
  checkpoint: Checkpoint;
  clock: Clock;
  log: Log;
  count: (name: string, by?: number) => void;
  /** Bytes on their way, over all files, before reading stops. */
  inFlightBytes: number;
  /** Something was acknowledged: there may be room, and a file may have become complete. */
  acknowledged: (file: TailFile) => void;
}

/**
 * Publishes batches in order, several of a file at a time, and moves the checkpoint when all before were acknowledged. What is
 * sent is journaled first. While the checkpoint's disk refuses, sending goes on for `inFlightBytes` more and then stops.
 */
export interface Sender {
  /** `again`: the intent is in the journal already. `since` is the µs of the oldest record in it. */
  send(file: TailFile, batch: Buffer, intent: Intent, progress: Progress, since: number, again: boolean): void;
  /** Whether more may be read. */
  hasRoom(): boolean;
  inFlight(): number;
  /** The journal works again: what was sent without it counts no more. */
  journaled(): void;
  /** Resolves when nothing is on its way, or after `ms`. Nothing new leaves. */
  drain(ms: number): Promise<void>;
}

export function createSender(options: SenderOptions): Sender {
  const { bus, checkpoint, count, log } = options;
  const abort = new AbortController();
  let outbox: { file: TailFile; batch: Buffer; intent: Intent; flight: Flight; again: boolean }[] = [];
  let total = 0;
  let unjournaled = 0;
  let idle: (() => void) | null = null;

  function leave(): void {
    const leaving = outbox;
    outbox = [];
    const fresh = leaving.filter((one) => !one.again);
    const intents = fresh.map(({ file, intent }) => ({ fid: file.state.fid, intent }));
    if (intents.length > 0 && !checkpoint.intend(intents)) {
      for (const { batch } of fresh) unjournaled += batch.length;
      count('unjournaled_batches', fresh.length);
    }
    for (const { file, batch, flight } of leaving) void publish(batch).then((safe) => settle(file, flight, safe));
  }

  async function publish(batch: Buffer): Promise<boolean> {
    for (let pause = 100; ; pause = Math.min(pause * 2, 10_000)) {
      try {
        await bus.publish(batch, abort.signal);
        return true;
      } catch (error) {
        if (isCode(error, 'closed') || isCode(error, 'cancelled') || abort.signal.aborted) return false;
        if (isCode(error, 'body_too_large')) {
          const halves = halveBatch(batch);
          count('batches_halved');
          if (halves) return (await publish(halves[0])) && (await publish(halves[1]));
        }
        count('publish_errors');
        log.error({ err: error, bytes: batch.length }, 'cannot publish a batch: trying again');
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (abort.signal.aborted) return false;
      }
    }
  }

  function settle(file: TailFile, flight: Flight, safe: boolean): void {
    total -= flight.bytes;
    if (safe) {
      flight.done = true;
      let progress: Progress | null = null;
      while (file.flights[0]?.done) progress = file.flights.shift()!.progress;
      if (progress) checkpoint.advance(file.state.fid, progress);
      count('batches_acknowledged');
      options.acknowledged(file);
    }
    if (total === 0) idle?.();
  }

  return {
    send(file, batch, intent, progress, since, again) {
      const flight: Flight = { bytes: batch.length, done: false, progress, since };
      file.flights.push(flight);
      total += batch.length;
      // What several files send in one turn of the event loop shares a write to the journal, and travels together.
      if (outbox.length === 0) setImmediate(leave);
      outbox.push({ file, batch, intent, flight, again });
      count('batches');
    },
    hasRoom: () => total < options.inFlightBytes && unjournaled < options.inFlightBytes,
    inFlight: () => total,
    journaled() {
      unjournaled = 0;
    },
    async drain(ms) {
      if (total > 0) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          idle = resolve;
          timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
      }
      abort.abort();
    },
  };
}
