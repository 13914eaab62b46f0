import { randomBytes } from 'node:crypto';
import type { ContainerStatus, SourceStatus, StatusBatch } from '../model/batch.ts';
import type { Clock } from '../model/clock.ts';
import { encodeBatch } from '../transport/batch-codec.ts';
import type { Bus } from '../transport/bus.ts';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { Discovery } from './discovery.ts';
import type { Log } from './log.ts';

/** A source as the status publisher asks for it. */
export interface Told {
  status: SourceStatus;
  /** Null when everything of it is searchable, as far as is known. */
  behind: { completeTo: number; cause: string } | null;
}

export interface StatusOptions {
  host: string;
  version: string;
  bus: Bus;
  clock: Clock;
  log: Log;
  checkpoint: Checkpoint;
  discovery: Discovery;
  statusMs: number;
  sources(): Iterable<Told>;
  counters(): Record<string, number>;
}

/** Everything is told at least this often, and by the first status. */
const FULL_MS = 60_000;
/** A line is stamped before it is written, and a write takes a moment to be noticed: nothing younger is called complete. */
export const NOTICE_US = 50_000;

/** Publishes what the collector knows every `statusMs`, one status at a time; gaps stay until a status with them was stored. */
export function startStatus(options: StatusOptions): { close(): Promise<void> } {
  const { bus, clock, checkpoint, discovery } = options;
  const epoch = randomBytes(8).toString('hex');
  const abort = new AbortController();
  const told = new Map<string, string>();
  const lastRows = new WeakSet<SourceStatus>();
  const texts = new WeakMap<ContainerStatus, string>();
  let toldContainers = new Map<string, string>();
  let seq = 0;
  let fullAt = Number.NEGATIVE_INFINITY;
  let publishing: Promise<void> | null = null;

  /** What a container was told as, to see whether it changed; most are the same objects each time. */
  function textOf(container: ContainerStatus): string {
    let text = texts.get(container);
    if (text === undefined) texts.set(container, (text = JSON.stringify(container)));
    return text;
  }

  function compose(): { status: StatusBatch; gaps: number } {
    const now = clock.monotonicMs();
    const full = now - fullAt >= FULL_MS;
    const time = clock.nowUs() - NOTICE_US;
    const sources: SourceStatus[] = [];
    const behind: StatusBatch['behind'] = [];
    const seen = new Set<string>();
    for (const { status, behind: late } of options.sources()) {
      seen.add(status.fid);
      // Rows of files that ended, or of which nothing changed, are the same objects each time.
      if (!full && late === null && lastRows.has(status)) continue;
      lastRows.add(status);
      const figures = `${status.read} ${status.searchable} ${status.inFlight} ${status.size} ${status.state} ${status.spooled ?? ''} ${status.reason ?? ''}`;
      if (full || told.get(status.fid) !== figures) sources.push(status);
      told.set(status.fid, figures);
      if (late) behind.push({ fid: status.fid, completeTo: Math.min(time, late.completeTo), cause: late.cause });
    }
    for (const fid of told.keys()) if (!seen.has(fid)) told.delete(fid);
    const all = discovery.containers();
    const nowContainers = new Map(all.map((c) => [c.container || `${c.app}/${c.containerName}`, textOf(c)]));
    const containers = full
      ? all
      : all.filter((c) => {
          const key = c.container || `${c.app}/${c.containerName}`;
          return toldContainers.get(key) !== nowContainers.get(key);
        });
    toldContainers = nowContainers;
    const gaps = checkpoint.gaps().slice(0, 1_000);
    if (full) fullAt = now;
    const status: StatusBatch = {
      kind: 'status',
      host: options.host,
      time,
      epoch,
      seq: seq++,
      version: options.version,
      full,
      docker: discovery.docker(),
      sources,
      containers,
      behind,
      gaps,
      counters: options.counters(),
    };
    return { status, gaps: gaps.length };
  }

  async function publish(): Promise<void> {
    const { status, gaps } = compose();
    try {
      await bus.publish(encodeBatch(status), abort.signal);
      checkpoint.dropGaps(gaps);
    } catch (error) {
      // What was in it is told again by the next one.
      fullAt = Number.NEGATIVE_INFINITY;
      if (!abort.signal.aborted) options.log.warn({ err: error }, 'cannot publish status: the next one says it again');
    }
  }

  function tick(): void {
    if (publishing) return;
    publishing = publish().finally(() => {
      publishing = null;
    });
  }

  const timer = setInterval(tick, options.statusMs);
  tick();
  return {
    async close() {
      clearInterval(timer);
      // The last word: what was acknowledged since. A bus that takes nothing, or takes it and cannot pass it on, does not hold up the stop.
      const last = (publishing ?? Promise.resolve()).then(publish);
      let limit: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, 1_000);
      });
      await Promise.race([last, late]);
      clearTimeout(limit);
      abort.abort();
    },
  };
}
