/** Says that somebody's rights may have changed, so that what was granted for long (live tails) is looked at again at once. */
export interface AuthChanges {
  emit(): void;
  /** Returns how to stop listening. */
  listen(listener: () => void): () => void;
}

export function createAuthChanges(): AuthChanges {
  const listeners = new Set<() => void>();
  return {
    emit() {
      for (const listener of listeners) listener();
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
