import type { MoveStatus } from '../../api/mover.ts';
import type { Clock } from '../../model/clock.ts';
import type { LogStore } from '../../store/log-store.ts';
import type { StateStore } from '../../store/state-store.ts';
import { hoursOf, moveHour } from './move-lines.ts';
import { movePeople } from './move-people.ts';

const KIND = 'move';
/** Lines that arrive late change hours that were moved; after so many rounds more come in than a move can follow. */
const ROUNDS = 20;

/** Kept in the old StateStore, so that a move goes on where it was, whoever was killed. */
interface MoveDoc {
  /** Records moved by the start of their hour, µs. */
  hours: Record<string, number>;
}

export interface MoveParts {
  from: { store: LogStore; state: StateStore };
  to: { store: LogStore; state: StateStore };
  /** Names the destination: what was moved there is known under it. */
  target: string;
  clock: Clock;
  signal: AbortSignal;
  onProgress(status: MoveStatus): void;
}

/** Where a move stands before anything is moved. */
export function newMove(target: string, clock: Clock): MoveStatus {
  return {
    state: 'running',
    target,
    startedAt: clock.nowUs(),
    records: 0,
    moved: 0,
    had: 0,
    tooOld: 0,
    at: null,
    people: { moved: 0, kept: 0 },
    error: null,
  };
}

/**
 * Moves everything: people first, then lines hour by hour from the oldest, then the hours that got more meanwhile. Ends when every hour's count is
 * the count that was moved. Both stores keep working; ids stay what they are. Rejects with `cancelled` or with what a store says.
 */
export async function move(parts: MoveParts): Promise<MoveStatus> {
  const { from, to, target, clock, signal } = parts;
  const doc = (await from.state.get<MoveDoc>(KIND, target))?.doc ?? { hours: {} };
  const status = newMove(target, clock);
  status.people = await movePeople(from.state, to.state, signal);
  for (let round = 0; round < ROUNDS; round++) {
    const hours = await hoursOf(from.store, signal);
    status.records = hours.reduce((sum, { records }) => sum + records, 0);
    status.moved = hours.reduce((sum, { start, records }) => sum + Math.min(records, doc.hours[start] ?? 0), 0);
    parts.onProgress({ ...status });
    const open = hours.filter(({ start, records }) => doc.hours[start] !== records);
    if (open.length === 0) return finish();
    for (const hour of open) {
      signal.throwIfAborted();
      const before = Math.min(hour.records, doc.hours[hour.start] ?? 0);
      const { read, had, tooOld } = await moveHour(from.store, to.store, hour, signal);
      doc.hours[hour.start] = read;
      await from.state.put(KIND, target, doc);
      status.moved += read - before;
      status.had += had;
      status.tooOld += tooOld;
      status.at = hour.start;
      parts.onProgress({ ...status });
    }
  }
  return finish();

  async function finish(): Promise<MoveStatus> {
    await to.store.flush();
    const done: MoveStatus = { ...status, state: 'done' };
    parts.onProgress(done);
    return done;
  }
}
