import type { Clock } from '../../model/clock.ts';
import type { CollectorConfig } from '../../model/config.ts';
import { detectLevel } from '../../model/detect-level.ts';
import { levelOrdinal, UNDETECTED_LEVEL } from '../../model/level.ts';
import { createRedactor } from '../../model/redaction/redaction.ts';
import type { Bus } from '../../transport/bus.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { compileKernel } from '../kernel/load-kernel.ts';
import type { Log } from '../log.ts';
import type { TailFile } from '../tail/tail-file.ts';
import { type Cutter, createCutter } from './batch-cutter.ts';
import { createLineReader, type LineReader } from './line-reader.ts';
import { createReadings, type Readings } from './readings.ts';
import { createSender, type Sender } from './sender.ts';
import { createTurn, type Turn } from './turn.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

export interface PipelineOptions {
  config: CollectorConfig;
  bus: Bus;
  checkpoint: Checkpoint;
  clock: Clock;
  log: Log;
  count: (name: string, by?: number) => void;
  oldestUs(): number;
  acknowledged(file: TailFile): void;
  /** Null does without; the compiled kernel of this build by default. */
  kernel?: WebAssembly.Module | null;
}

/** A bench and what works on it. */
export interface Station {
  bench: Workbench;
  lines: LineReader;
  cutter: Cutter;
  readings: Readings;
}

/** From bytes to published batches: one station for files, whose turns it takes, and one for streams when there are any. */
export interface Pipeline {
  files: Station;
  streams(): Station;
  turn: Turn;
  sender: Sender;
}

const WARN = levelOrdinal('warn');

function severe(bytes: Buffer, start: number, end: number): boolean {
  const newline = bytes.indexOf(10, start);
  const level = detectLevel(bytes, start, newline >= 0 && newline < end ? newline : end);
  return level >= WARN && level !== UNDETECTED_LEVEL;
}

/** Bytes one file may take before others get their turn. */
const TURN_BYTES = 1 << 20;

/** Throws `bad_config` for patterns that cannot be used. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { config, clock, count, checkpoint } = options;
  const rawLineBytes = Math.max(config.readBytes, config.lineBytes + (64 << 10));
  const sender = createSender({ ...options, inFlightBytes: config.inFlightBytes });
  const kernel = options.kernel === undefined ? compileKernel() : options.kernel;
  const redactor = createRedactor(config, (rule, places, records) => {
    count(`redacted:${rule}`, places);
    count(`redacted_lines:${rule}`, records);
  });

  function station(): Station {
    const bench = createWorkbench({ ...config, rawLineBytes }, kernel);
    return {
      bench,
      lines: createLineReader(bench, config.batchBytes, config.lineBytes, count),
      cutter: createCutter({
        bench,
        sender,
        checkpoint,
        redactor,
        clock,
        batchBytes: config.batchBytes,
        level: detectLevel,
        count,
      }),
      readings: createReadings({ config, bench, count, oldestUs: options.oldestUs, severe }),
    };
  }

  const files = station();
  let streams: Station | null = null;
  return {
    files,
    streams: () => (streams ??= station()),
    sender,
    turn: createTurn({
      ...files,
      clock,
      count,
      severe,
      rawLineBytes,
      readBytes: config.readBytes,
      flushMs: config.flushMs,
      multilineMs: config.multilineMs,
      turnBytes: TURN_BYTES,
      worthBytes: config.batchBytes / 4,
      hasRoom: sender.hasRoom,
    }),
  };
}
