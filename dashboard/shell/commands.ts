/** One thing a page can do. */
export interface Command {
  id: string;
  title: string;
  icon: string;
  /** Keys that do the same, as they are printed. */
  key?: string;
  /** Further words it is found by. */
  also?: string;
  run(): void;
}

/** What can be done right now: pages add their commands while they are shown. */
export interface Commands {
  /** Gives back how to take them away again. */
  add(list: () => Command[]): () => void;
  all(): Command[];
}

export function createCommands(): Commands {
  const lists = new Set<() => Command[]>();
  return {
    add(list) {
      lists.add(list);
      return () => lists.delete(list);
    },
    all: () => [...lists].flatMap((list) => list()),
  };
}
