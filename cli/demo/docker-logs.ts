import { join } from 'node:path';
import { createDockerEncoder, type LogLimits, logPath, openDockerLog, writeDockerConfig } from './docker-files.ts';
import { DEFAULT_CONTAINERS, type DemoContainer, fleetContainers } from './fleet.ts';
import { containerRecords, type DemoRecord, LINE_NANOS, type RecordPlan } from './lines.ts';

export interface WriteOptions {
  /** A directory in docker's `containers` shape; created. */
  dir: string;
  /** Bytes of messages over all containers, without docker's framing. */
  messageBytes: number;
  seed: number;
  /** Default 39. */
  containers?: number;
  /** Milliseconds since the epoch; default the 24 hours before now. */
  from?: number;
  to?: number;
  /** Rotation; default none. */
  limits?: LogLimits;
  onProgress?(done: number, total: number): void;
}

export interface WrittenContainer extends DemoContainer {
  /** Path of the live log file. */
  path: string;
  plan: RecordPlan;
  records: number;
  /** Docker's lines; a record of n lines counts n, a line cut into parts once. */
  lines: number;
  messageBytes: number;
  fileBytes: number;
}

export interface WrittenLogs {
  containersDir: string;
  seed: number;
  from: number;
  to: number;
  containers: WrittenContainer[];
  records: number;
  lines: number;
  messageBytes: number;
  /** Bytes written, rotated files included. */
  fileBytes: number;
}

/** Bytes gathered before a write: large enough that the system call does not count. */
const CHUNK = 1 << 20;

/** Writes a whole fleet's logs at once, as if it had run for a day. About 1 GB in half a minute on one core. */
export async function writeDockerLogs(options: WriteOptions): Promise<WrittenLogs> {
  const to = options.to ?? Math.floor(Date.now() / 60_000) * 60_000;
  const from = options.from ?? to - 86_400_000;
  const fleet = fleetContainers(options.seed, options.containers ?? DEFAULT_CONTAINERS);
  const written: WrittenLogs = {
    containersDir: options.dir,
    seed: options.seed,
    from,
    to,
    containers: [],
    records: 0,
    lines: 0,
    messageBytes: 0,
    fileBytes: 0,
  };
  for (const container of fleet) {
    const plan = { seed: options.seed, from, to, bytes: options.messageBytes * container.share };
    writeDockerConfig(
      options.dir,
      container,
      { running: true, createdAt: new Date(from), startedAt: new Date(from) },
      options.limits,
    );
    const one = await writeContainer(options, container, plan, (bytes) =>
      options.onProgress?.(Math.min(written.messageBytes + bytes, options.messageBytes), options.messageBytes),
    );
    written.containers.push(one);
    written.records += one.records;
    written.lines += one.lines;
    written.messageBytes += one.messageBytes;
    written.fileBytes += one.fileBytes;
  }
  return written;
}

async function writeContainer(
  options: WriteOptions,
  container: DemoContainer,
  plan: RecordPlan,
  onBytes: (bytes: number) => void,
): Promise<WrittenContainer> {
  const path = logPath(options.dir, container.id);
  const file = openDockerLog(path, options.limits);
  const encode = createDockerEncoder();
  const one: WrittenContainer = { ...container, path, plan, records: 0, lines: 0, messageBytes: 0, fileBytes: 0 };
  const chunk = Math.min(CHUNK, options.limits?.maxBytes ?? CHUNK);
  let parts: string[] = [];
  let gathered = 0;
  function spill(): void {
    const bytes = Buffer.from(parts.join(''));
    file.write(bytes);
    one.fileBytes += bytes.length;
    parts = [];
    gathered = 0;
  }
  for (const record of containerRecords(container, plan)) {
    one.lines += encodeRecord(record, encode, parts);
    one.records++;
    one.messageBytes += Buffer.byteLength(record.text);
    gathered += record.text.length + 100;
    if (gathered < chunk) continue;
    spill();
    onBytes(one.messageBytes);
    await new Promise(setImmediate);
  }
  spill();
  file.close();
  onBytes(one.messageBytes);
  return one;
}

/** Appends a record's docker lines to `parts`; gives how many lines it has. */
export function encodeRecord(
  record: DemoRecord,
  encode: ReturnType<typeof createDockerEncoder>,
  parts: string[],
): number {
  let { seconds, nanos } = record;
  if (!record.text.includes('\n')) {
    parts.push(encode(record.text, record.stderr, seconds, nanos));
    return 1;
  }
  const lines = record.text.split('\n');
  for (const line of lines) {
    parts.push(encode(line, record.stderr, seconds, nanos));
    nanos += LINE_NANOS;
    if (nanos >= 1e9) {
      nanos -= 1e9;
      seconds++;
    }
  }
  return lines.length;
}

/** All files of a container's log, oldest first, as far as they can exist. */
export function rotatedPaths(path: string, limits?: LogLimits): string[] {
  const out: string[] = [];
  for (let n = (limits?.maxFiles ?? 1) - 1; n >= 1; n--) out.push(`${path}.${n}.gz`, `${path}.${n}`);
  return [...out, join(path)];
}
