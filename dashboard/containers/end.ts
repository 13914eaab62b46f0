import type { ApiContainer, ApiEvent } from '../../api/contract.ts';
import { microseconds } from '../format/time.ts';

/** How a container ended, as far as Docker told. */
export type EndKind = 'oom' | 'signal' | 'error' | 'clean' | 'start' | 'untold';

export interface End {
  kind: EndKind;
  code: number | null;
  /** `SIGTERM`, for an exit code above 128. */
  signal: string | null;
  /** ISO time, null when nobody saw it. */
  at: string | null;
  removed: boolean;
  /** The container that took its place: a deploy. */
  successor: { name: string; version: string; at: string } | null;
}

/** Signals that end containers in practice (Linux, x86 and arm): exit code minus 128. */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};
const LAST_SIGNAL = 64;
/** What Docker itself gives when the command could not be begun: 126 not executable, 127 not found. */
const NOT_STARTED = new Set([126, 127]);
/** Docker tells of a stop right after the death it caused; it first waits for the container up to its stop timeout. */
const STOP_US = 5e6;

/** Exit codes of a container that ended as asked: by itself, by Ctrl+C, by `docker stop`. */
export const isOrderly = (code: number | null): boolean => code === null || code === 0 || code === 130 || code === 143;

/** Null for a container that has not ended. `successor` is looked for by `successorsOf`. */
export function endOf(one: ApiContainer, successor: ApiContainer | undefined): End | null {
  if (one.state !== 'exited' && one.state !== 'removed' && one.state !== 'restarting') return null;
  return {
    kind: kindOf(one),
    code: one.exitCode,
    signal: signalOf(one.exitCode),
    at: one.finishedAt,
    removed: one.state === 'removed',
    successor:
      successor === undefined
        ? null
        : {
            name: successor.containerName,
            version: successor.version,
            at: successor.startedAt ?? successor.createdAt ?? '',
          },
  };
}

function kindOf({ oomKilled, exitCode }: ApiContainer): EndKind {
  if (oomKilled) return 'oom';
  if (exitCode === null) return 'untold';
  if (exitCode === 0) return 'clean';
  if (NOT_STARTED.has(exitCode)) return 'start';
  return signalOf(exitCode) === null ? 'error' : 'signal';
}

function signalOf(code: number | null): string | null {
  if (code === null || code <= 128 || code > 128 + LAST_SIGNAL) return null;
  return SIGNALS[code - 128] ?? `signal ${code - 128}`;
}

/** For each ended container the one that runs, or ran, in its place afterwards: same app, env, host and instance, the next to begin. */
export function successorsOf(all: readonly ApiContainer[]): Map<ApiContainer, ApiContainer> {
  const found = new Map<ApiContainer, ApiContainer>();
  const places = Map.groupBy(all, (one) => JSON.stringify([one.app, one.env, one.host, one.instance]));
  for (const place of places.values()) {
    if (place.length < 2) continue;
    const inOrder = place.filter((one) => beginOf(one) !== null).sort((a, b) => (beginOf(a)! < beginOf(b)! ? -1 : 1));
    for (const one of place) {
      const end = one.finishedAt ?? one.lastLineAt;
      if (end === null || (one.state !== 'exited' && one.state !== 'removed')) continue;
      // Compose makes the new one before it removes the old: what began after the old one began, and still was there at its end.
      const next = inOrder.find(
        (other) => other !== one && beginOf(other)! > (beginOf(one) ?? '') && (other.finishedAt ?? '9') > end,
      );
      if (next !== undefined) found.set(one, next);
    }
  }
  return found;
}

const beginOf = (one: ApiContainer): string | null => one.createdAt ?? one.startedAt;

/** Whether somebody asked for the end, by its events: `docker stop` (Compose, an orchestrator); null when the events do not reach so far. */
export function wasAsked(end: End, events: readonly ApiEvent[]): boolean | null {
  if (end.at === null) return null;
  const at = microseconds(end.at);
  const near = (event: ApiEvent) => Math.abs(microseconds(event.time) - at) <= STOP_US;
  if (!events.some((event) => event.type === 'die' && near(event))) return null;
  return events.some((event) => event.type === 'stop' && near(event));
}
