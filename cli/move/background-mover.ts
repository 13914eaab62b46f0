import type { Logger } from 'pino';
import type { Mover, MoveStatus, MoveTarget } from '../../api/mover.ts';
import type { Clock } from '../../model/clock.ts';
import { FleetlogError, isCode } from '../../model/errors.ts';
import type { LogStore } from '../../store/log-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { move, newMove } from './mover.ts';

export interface Stores {
  store: LogStore;
  state: StateStore;
}

export interface BackgroundMoverOptions {
  from: Stores;
  /** Opens the destination; rejects with `unavailable` or `bad_config` when that cannot be done. */
  open(target: MoveTarget): Promise<Stores & { name: string; close(): Promise<void> }>;
  clock: Clock;
  log: Logger;
}

/** Moves beside everything else this process does. */
export function createBackgroundMover(options: BackgroundMoverOptions): Mover {
  const { from, clock, log } = options;
  let status: MoveStatus | null = null;
  let running: { abort: AbortController; ended: Promise<void> } | null = null;
  let starting = false;

  async function run(to: Awaited<ReturnType<BackgroundMoverOptions['open']>>, signal: AbortSignal): Promise<void> {
    try {
      status = await move({ from, to, target: to.name, clock, signal, onProgress: (now) => (status = now) });
      log.info({ target: to.name, records: status.records }, 'everything is moved');
    } catch (error) {
      const stopped = signal.aborted || isCode(error, 'cancelled');
      const reason = error instanceof Error ? error.message : String(error);
      if (status) status = { ...status, state: stopped ? 'stopped' : 'failed', error: stopped ? null : reason };
      if (!stopped) log.error({ err: error, target: to.name }, 'cannot move on; start it again to go on from here');
    } finally {
      running = null;
      await to.close();
    }
  }

  return {
    async start(target) {
      if (running || starting)
        throw new FleetlogError('already_exists', 'cannot start a move: one is under way', {
          hint: '"fleetlog move --status" shows it',
        });
      starting = true;
      try {
        const to = await options.open(target);
        const abort = new AbortController();
        status = newMove(to.name, clock);
        running = { abort, ended: run(to, abort.signal) };
        return status;
      } finally {
        starting = false;
      }
    },
    status: () => status,
    async stop() {
      running?.abort.abort();
      await running?.ended;
    },
  };
}
