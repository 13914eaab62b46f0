import type { Clock } from '../model/clock.ts';
import type { LogStore } from '../store/log-store.ts';
import type { StateStore } from '../store/state-store.ts';
import type { Bus } from '../transport/bus.ts';

export interface ReadinessState {
  ready: boolean;
  /** What each part says: a word when it works, the reason when it does not. */
  parts: Record<string, string>;
}

export interface Readiness {
  /** As last looked at; a probe of an orchestrator never reaches a store. */
  state(): ReadinessState;
  /** From now on `stopping`: load balancers go elsewhere while what is under way is finished. */
  stopping(): void;
  close(): void;
}

/** A word about a part that works; throws when it does not. */
export type Check = () => string | Promise<string>;

export interface ReadinessOptions {
  checks: Record<string, Check>;
  clock: Clock;
  everyMs?: number;
  /** A check that takes longer counts as failed. */
  timeoutMs?: number;
}

/** Looks at every part at once, before it resolves, and then again and again. */
export async function startReadiness(options: ReadinessOptions): Promise<Readiness> {
  const { checks, everyMs = 2_000, timeoutMs = 5_000 } = options;
  let state: ReadinessState = { ready: false, parts: {} };
  let looking = false;
  let stopping = false;

  async function look(): Promise<void> {
    const seen = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ({ name, ...(await tried(check, timeoutMs)) })),
    );
    state = {
      ready: seen.every((one) => one.works),
      parts: Object.fromEntries(seen.map(({ name, says }) => [name, says])),
    };
  }

  await look();
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, everyMs);
  timer.unref();
  return {
    state: () => (stopping ? { ready: false, parts: { ...state.parts, process: 'stopping' } } : state),
    stopping() {
      stopping = true;
    },
    close: () => clearInterval(timer),
  };
}

async function tried(check: Check, timeoutMs: number): Promise<{ works: boolean; says: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return { works: true, says: await Promise.race([(async () => check())(), late]) };
  } catch (error) {
    return { works: false, says: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** `writes`: also not ready while the disk is too full to take lines. */
export function storeCheck(store: Pick<LogStore, 'stats'>, writes: boolean): Check {
  return async () => {
    const { telemetry } = await store.stats();
    if (writes && telemetry.fleetlog_store_full > 0) throw new Error('refuses lines: the disk is too full');
    return 'open';
  };
}

export function stateCheck(state: Pick<StateStore, 'get'>): Check {
  return async () => {
    await state.get('readiness', 'probe');
    return 'open';
  };
}

/** How long a full bus, or a collector without an acknowledgement, is no more than a wait for a slow store. */
const STALL_MS = 30_000;

/** Not ready when what is pending has filled the bus for half a minute: ingest does not keep up, or not at all. */
export function busCheck(bus: Pick<Bus, 'pendingBytes'>, capacityBytes: number, clock: Clock): Check {
  let fullSince: number | null = null;
  return () => {
    const pending = bus.pendingBytes();
    fullSince = pending < capacityBytes * 0.95 ? null : (fullSince ?? clock.monotonicMs());
    if (fullSince !== null && clock.monotonicMs() - fullSince > STALL_MS)
      throw new Error(`full with ${pending} bytes: nothing takes them`);
    return `${pending} bytes pending`;
  };
}

/** Not ready when batches are on their way and none was acknowledged for half a minute: the central process or the brokers are away. */
export function sendingCheck(counters: () => Record<string, number>, clock: Clock): Check {
  let acknowledged = -1;
  let since = clock.monotonicMs();
  return () => {
    const now = counters();
    const inFlight = now.in_flight_bytes ?? 0;
    const taken = now.batches_acknowledged ?? 0;
    if (inFlight === 0 || taken !== acknowledged) since = clock.monotonicMs();
    acknowledged = taken;
    const seconds = Math.round((clock.monotonicMs() - since) / 1000);
    if (seconds * 1000 > STALL_MS)
      throw new Error(`nothing was acknowledged for ${seconds} s, ${inFlight} bytes are on their way`);
    return `${inFlight} bytes on their way`;
  };
}
