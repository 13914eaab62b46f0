import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one slice of work may hold the event loop; others wait for it. */
const SLICE_MS = 8;

/** Null while the slice lasts; afterwards a promise that others' turn has been. */
export function createSlices(): () => Promise<void> | null {
  let until = performance.now() + SLICE_MS;
  return () => {
    if (performance.now() < until) return null;
    return nextTurn().then(() => {
      until = performance.now() + SLICE_MS;
    });
  };
}
