import type { Config } from '../model/config.ts';

/** Where a move stands. Times are µs since the epoch. */
export interface MoveStatus {
  state: 'running' | 'done' | 'failed' | 'stopped';
  /** The destination, without credentials. */
  target: string;
  startedAt: number;
  /** Records this store has, and of those what the other store has been given. */
  records: number;
  moved: number;
  /** Records given that the other store had already, or keeps no longer. */
  had: number;
  tooOld: number;
  /** Start of the hour moved last. */
  at: number | null;
  people: { moved: number; kept: number };
  error: string | null;
}

/** The destination as a configuration names it. */
export type MoveTarget = Pick<Config, 'elasticsearch' | 'retention'>;

/** Copies this process' store to another one while both work. One move at a time; made by whoever wires the stores. */
export interface Mover {
  /** Begins, or goes on where an earlier move to the same destination was. Rejects with `already_exists` while one runs, `unavailable` when the destination cannot be reached. */
  start(target: MoveTarget): Promise<MoveStatus>;
  status(): MoveStatus | null;
  /** Stops after the hour at hand; what was moved stays. */
  stop(): Promise<void>;
}
