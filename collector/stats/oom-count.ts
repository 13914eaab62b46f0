/** An event of a kill that was in the count already follows it within this; the engine stamps it when it hears of it. */
const ECHO_US = 1_000_000;

interface Generation {
  startedAt: number;
  /** `startedAt` is an event's time and not yet what samples say. */
  provisional: boolean;
  /** Kills of the start before that no sample has told. */
  carried: number;
  /** As its cgroup counted them last, when that was read, and when it was first read that high; µs. */
  counted: number;
  countedAt: number;
  roseAt: number;
  /** µs of the newest event that a process was killed. */
  eventAt: number;
  /** What a sample has told. */
  told: number;
  over: boolean;
}

/**
 * OOM kills of containers, each counted once. A cgroup counts its own kills and goes with its container, so the kill that ends a container is
 * mostly told by an event alone. What no sample of its start has told goes on in the next start's count.
 */
export interface OomCount {
  started(id: string, us: number): void;
  /** The engine says that a process of it was killed. */
  killed(id: string, us: number): void;
  ended(id: string): void;
  /** The cgroup of this start holds `kills`, or does not tell (undefined); gives the figure for its sample. */
  read(id: string, startedAt: number, kills: number | undefined, us: number): number;
  /** What does not run and ended with a kill that no sample told, and the figure to tell; each is given once. */
  untold(running: ReadonlySet<string>): { id: string; startedAt: number; kills: number }[];
  /** Containers that run now; of others only what is untold is kept. */
  keep(running: ReadonlySet<string>): void;
}

export function createOomCount(): OomCount {
  const generations = new Map<string, Generation>();

  function begin(id: string, startedAt: number, provisional: boolean): Generation {
    const before = generations.get(id);
    const one = {
      startedAt,
      provisional,
      carried: before ? total(before) - before.told : 0,
      counted: 0,
      countedAt: Number.NEGATIVE_INFINITY,
      roseAt: Number.NEGATIVE_INFINITY,
      eventAt: Number.NEGATIVE_INFINITY,
      told: 0,
      over: false,
    };
    generations.set(id, one);
    return one;
  }

  /** With the kill that no reading of the cgroup has shown. */
  function total(one: Generation): number {
    const unseen = one.eventAt > one.countedAt && one.eventAt - one.roseAt > ECHO_US;
    return one.carried + one.counted + (unseen ? 1 : 0);
  }

  return {
    started(id, us) {
      const one = generations.get(id);
      if (!one || one.over) begin(id, us, true);
    },
    killed(id, us) {
      const one = generations.get(id) ?? begin(id, us, true);
      // Told late: it ended the start before.
      if (us < one.startedAt) one.carried++;
      else one.eventAt = Math.max(one.eventAt, us);
    },
    ended(id) {
      const one = generations.get(id);
      if (one) one.over = true;
    },
    read(id, startedAt, kills, us) {
      let one = generations.get(id);
      if (one?.provisional && !one.over) Object.assign(one, { startedAt, provisional: false });
      if (!one || one.startedAt !== startedAt) one = begin(id, startedAt, false);
      if (kills !== undefined) {
        if (kills > one.counted) one.roseAt = us;
        one.counted = Math.max(one.counted, kills);
        one.countedAt = us;
      } else if (one.eventAt > one.countedAt) {
        // The Docker API has no such count: each event is one.
        one.counted++;
        one.countedAt = one.eventAt;
      }
      one.told = one.carried + one.counted;
      return one.told;
    },
    untold(running) {
      const told = [];
      for (const [id, one] of generations) {
        const kills = total(one);
        if (!one.over || running.has(id) || kills <= one.told) continue;
        one.told = kills;
        told.push({ id, startedAt: one.startedAt, kills });
      }
      return told;
    },
    keep(running) {
      for (const [id, one] of generations) {
        if (running.has(id)) continue;
        if (!one.provisional) one.over = true;
        if (one.over && total(one) <= one.told) generations.delete(id);
      }
    },
  };
}
