import { type EngineAddress, engineTrouble } from '../docker/address.ts';
import type { Engine } from '../docker/engine.ts';
import type { EngineEvent } from '../docker/event-stream.ts';
import type { Log } from '../log.ts';

export interface EngineLink {
  state(): { reachable: boolean; reason?: string };
  /** Resolves after the first attempt, successful or not, or when that takes longer than a start should wait. */
  first: Promise<void>;
  close(): Promise<void>;
}

export interface EngineLinkOptions {
  engine: Engine;
  address: EngineAddress;
  log: Log;
  /** µs; events since then are asked for at the first connection, null for none. */
  sinceUs: number | null;
  onEvent(event: EngineEvent): void;
  /** Events flow again: look at everything. What it rejects with counts as a lost connection. */
  onUp(): Promise<void>;
  /** What happened before the connection was lost is told; what happens from now on is not. */
  onDown(): void;
}

const FIRST_PAUSE_MS = 100;
/** An engine that comes back is found within this; a try costs one failed connect. */
const LAST_PAUSE_MS = 2_000;
/** Start does not wait longer than this for an engine that hangs. */
const FIRST_WAIT_MS = 5_000;
/** Events asked for again after a reconnect are told apart by these; the engine holds 256. */
const REMEMBERED = 1_024;

/** Keeps an event stream to the engine open for as long as it runs, whatever the engine does. */
export function startEngineLink(options: EngineLinkOptions): EngineLink {
  const { engine, address, log } = options;
  const ended = new AbortController();
  const seen = new Set<string>();
  let sinceUs = options.sinceUs;
  let state: { reachable: boolean; reason?: string } = { reachable: false, reason: 'connecting' };
  let tried: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    tried = resolve;
  });
  const firstTimer = setTimeout(tried, FIRST_WAIT_MS);
  firstTimer.unref();
  let cutPause: () => void = () => {};

  function take(event: EngineEvent): void {
    const key = `${event.id}\0${event.time}\0${event.action}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value!);
    sinceUs = event.time;
    options.onEvent(event);
  }

  /** One connection: events first, so that nothing happens between the look at everything and them. */
  async function connect(): Promise<void> {
    const connection = new AbortController();
    const stop = (): void => connection.abort();
    ended.signal.addEventListener('abort', stop, { once: true });
    try {
      const events = await engine.events(sinceUs, connection.signal);
      const reading = (async () => {
        for await (const event of events) take(event);
      })();
      // A failure of the stream is met below; here it only must not count as unhandled while the look goes on.
      reading.catch(() => {});
      await options.onUp();
      state = { reachable: true };
      log.info({}, 'Docker is reachable: following its events');
      tried();
      await reading;
    } finally {
      ended.signal.removeEventListener('abort', stop);
      connection.abort();
    }
  }

  async function run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    let lastReason = '';
    while (!ended.signal.aborted) {
      const was = performance.now();
      let reason = 'Docker closed the event stream';
      try {
        await connect();
      } catch (error) {
        reason = engineTrouble(error, address);
      }
      if (ended.signal.aborted) return;
      const wasUp = state.reachable;
      state = { reachable: false, reason };
      if (reason !== lastReason || wasUp) log.warn({ reason }, 'Docker is out of reach: trying again');
      lastReason = reason;
      if (wasUp) options.onDown();
      tried();
      if (wasUp && performance.now() - was > LAST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
      await pause(pauseMs);
      pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      cutPause = done;
    });
  }

  const running = run();
  return {
    state: () => state,
    first,
    async close() {
      ended.abort();
      cutPause();
      clearTimeout(firstTimer);
      tried();
      await running;
    },
  };
}
