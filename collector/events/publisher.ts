import { type Clock, systemClock } from '../../model/clock.ts';
import { isCode } from '../../model/errors.ts';
import { encodeBatch } from '../../transport/batch-codec.ts';
import type { Bus } from '../../transport/bus.ts';
import type { ContainerEvent } from '../discovery.ts';
import { type Log, silentLog } from '../log.ts';
import { readEventState, writeEventState } from './event-state.ts';
import { eventBatch, eventsFid } from './events-batch.ts';

export interface EventPublisher {
  /** Takes an event and sends it in its turn; an event it has had before is passed over. Never throws. */
  publish(event: ContainerEvent): void;
  /** µs; events up to here are stored, later ones have to be asked for again: `DiscoveryOptions.eventsSinceUs`. */
  lastEventUs(): number;
  counters(): { published: number; repeated: number; dropped: number; waiting: number };
  /** Waits for what is on its way, for at most five seconds, and remembers what is stored. */
  close(): Promise<void>;
}

export interface EventPublisherOptions {
  bus: Bus;
  /** Folder for a small file that remembers what is stored. */
  stateDir: string;
  host: string;
  log?: Log;
  clock?: Clock;
}

/** Batches given to the bus at once. Order within a container is the bus' promise; across containers it does not matter. */
const IN_FLIGHT = 32;
/** While nothing accepts batches this many events wait in memory (about 1 KB each); the engine remembers 256. */
const WAITING = 50_000;
const SAVE_MS = 200;
const CLOSE_MS = 5_000;
/** Beyond what an engine can send again at a restart. */
const RECENT = 2_048;
const OFFSETS = 5_000;

interface Sent {
  key: string;
  fid: string;
  offset: number;
  time: number;
  stored: boolean;
}

/** Turns container events into records with `stream: event` and sees them stored, once each, over restarts. */
export async function startEventPublisher(options: EventPublisherOptions): Promise<EventPublisher> {
  const { bus, stateDir, host } = options;
  const log = options.log ?? silentLog;
  const clock = options.clock ?? systemClock;
  const damaged = (why: string): void =>
    log.warn(
      { why, stateDir },
      'cannot use the memory of stored events: events while the collector was down may be missing',
    );
  const state = await readEventState(stateDir, damaged);
  const recent = new Set<string>(state?.recent ?? []);
  /** Last offset given out, and last one stored. */
  const given = new Map<string, number>(state?.offsets ?? []);
  const stored = new Map<string, number>(state?.offsets ?? []);
  const storedKeys: string[] = [...(state?.recent ?? [])];
  const waiting: ContainerEvent[] = [];
  const sent: Sent[] = [];
  const giveUp = new AbortController();
  const counts = { published: 0, repeated: 0, dropped: 0 };
  let lastEventUs = state?.lastEventUs ?? clock.nowUs();
  let inFlight = 0;
  let closed = false;
  let saving: Promise<void> = Promise.resolve();
  let saveTimer: NodeJS.Timeout | null = null;
  let idle: () => void = () => {};

  function remember(map: Map<string, number>, fid: string, offset: number): void {
    map.delete(fid);
    map.set(fid, offset);
    if (map.size > OFFSETS) map.delete(map.keys().next().value!);
  }

  function pump(): void {
    while (!giveUp.signal.aborted && inFlight < IN_FLIGHT && waiting.length > 0) send(waiting.shift()!);
    if (inFlight === 0 && (waiting.length === 0 || giveUp.signal.aborted)) idle();
  }

  function send(event: ContainerEvent): void {
    const fid = eventsFid(host, event.source.container);
    const offset = Math.max(event.time, (given.get(fid) ?? 0) + 1);
    remember(given, fid, offset);
    const entry: Sent = { key: keyOf(event), fid, offset, time: event.time, stored: false };
    sent.push(entry);
    inFlight++;
    bus
      .publish(encodeBatch(eventBatch(event, offset, fid, clock.nowUs())), giveUp.signal)
      .then(
        () => {
          counts.published++;
          settled(entry);
        },
        (error: unknown) => {
          if (giveUp.signal.aborted || isCode(error, 'closed')) return;
          // Sending it again would fail again; it must not hold back the memory of those after it.
          log.error({ err: error, event: event.type }, 'cannot publish a container event');
          counts.dropped++;
          settled(entry);
        },
      )
      .finally(() => {
        inFlight--;
        pump();
      });
  }

  /** What is stored counts up to the first event that is not: those after it are asked for again and known by their keys. */
  function settled(entry: Sent): void {
    entry.stored = true;
    while (sent.length > 0 && sent[0].stored) {
      const first = sent.shift()!;
      lastEventUs = first.time;
      remember(stored, first.fid, first.offset);
      storedKeys.push(first.key);
    }
    storedKeys.splice(0, Math.max(0, storedKeys.length - RECENT));
    if (saveTimer || closed) return;
    saveTimer = setTimeout(save, SAVE_MS);
    saveTimer.unref();
  }

  function save(): void {
    saveTimer = null;
    saving = saving.then(async () => {
      try {
        await writeEventState(stateDir, { lastEventUs, offsets: [...stored], recent: storedKeys });
      } catch (error) {
        log.warn(
          { err: error, stateDir },
          'cannot remember which events are stored: they may be sent again after a restart',
        );
      }
    });
  }

  // Even without a single event: what happens while the collector is down is asked for from here on.
  if (!state) save();

  return {
    publish(event) {
      const key = keyOf(event);
      if (closed) return;
      if (recent.has(key)) {
        counts.repeated++;
        return;
      }
      if (waiting.length >= WAITING) {
        if (counts.dropped++ === 0) log.error({}, 'cannot keep more container events: nothing accepts them');
        return;
      }
      recent.add(key);
      if (recent.size > RECENT * 2) recent.delete(recent.values().next().value!);
      waiting.push(event);
      pump();
    },
    lastEventUs: () => lastEventUs,
    counters: () => ({ ...counts, waiting: waiting.length + inFlight }),
    async close() {
      if (closed) return;
      closed = true;
      if (inFlight > 0 || waiting.length > 0) {
        const timer = setTimeout(() => {
          giveUp.abort();
          idle();
        }, CLOSE_MS);
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
        clearTimeout(timer);
      }
      if (saveTimer) clearTimeout(saveTimer);
      save();
      await saving;
    },
  };
}

function keyOf(event: ContainerEvent): string {
  return `${event.source.container.slice(0, 16)} ${event.type} ${event.time}`;
}
