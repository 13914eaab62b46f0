export interface LaneOptions {
  /** Items read at once, and the most that may hang. */
  lanes: number;
  /** A read that takes longer is left behind: its container has no figures this time, the others do. */
  giveUpMs: number;
}

/** Reads of files share four threads with log files and checkpoints; half of them stay theirs. */
export const FILE_LANES: LaneOptions = { lanes: 2, giveUpMs: 1_000 };
/** An engine asked twice within a second was seen to take that second to answer. */
export const ENGINE_LANES: LaneOptions = { lanes: 8, giveUpMs: 5_000 };

export interface Lanes {
  /**
   * Reads all of them, a few at once, in their order. Null for one that failed, took too long, or is still being read since an earlier call:
   * it is never read twice at once. `read` must not throw for what is merely gone.
   */
  all<T extends { id: string }, R>(items: readonly T[], read: (item: T) => Promise<R | null>): Promise<(R | null)[]>;
  /** Items left behind so far. */
  late(): number;
}

export function createLanes({ lanes, giveUpMs }: LaneOptions): Lanes {
  /** Reads that were left behind and have not come back. */
  const stuck = new Set<string>();
  let late = 0;

  async function bounded<R>(id: string, reading: Promise<R | null>): Promise<R | null> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), giveUpMs);
      timer.unref();
    });
    const answer = await Promise.race([reading, limit]);
    clearTimeout(timer);
    if (answer !== 'late') return answer;
    late++;
    stuck.add(id);
    void reading.finally(() => stuck.delete(id));
    return null;
  }

  return {
    async all(items, read) {
      const answers: (Awaited<ReturnType<typeof read>> | null)[] = items.map(() => null);
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < items.length) {
          const at = next++;
          const item = items[at];
          // As many wait for an answer as may.
          if (stuck.has(item.id) || stuck.size >= lanes) {
            late++;
            continue;
          }
          answers[at] = await bounded(
            item.id,
            read(item).catch(() => null),
          );
        }
      };
      await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
      return answers;
    },
    late: () => late,
  };
}
