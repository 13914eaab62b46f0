import { statSync } from 'node:fs';

/** A folder in which names keep changing is listed at most this often. */
const SCAN_MS = 100;
/** Whether files that are being written are still there is looked at this often. */
const CHECK_MS = 1_000;

/**
 * Decides which directory events are worth listing a folder for. A busy log raises one event a write, and listing its folder each
 * time would cost more than reading it.
 */
export interface ScanGate {
  /** Something new may be in the folder: list it, now or in a moment. */
  changed(place: string): void;
  /** A file already known was written, or deleted: see later whether it is still there. */
  written(place: string, path: string): void;
  close(): void;
}

export function createScanGate(scan: (place: string) => void): ScanGate {
  const cooling = new Map<string, { timer: NodeJS.Timeout; again: boolean }>();
  const paths = new Map<string, string>();
  let timer: NodeJS.Timeout | null = null;

  function changed(place: string): void {
    const cool = cooling.get(place);
    if (cool) {
      cool.again = true;
      return;
    }
    const timer = setTimeout(() => {
      const again = cooling.get(place)?.again;
      cooling.delete(place);
      if (again) changed(place);
    }, SCAN_MS);
    timer.unref();
    cooling.set(place, { timer, again: false });
    scan(place);
  }

  function check(): void {
    timer = null;
    for (const [path, place] of paths) if (!exists(path)) changed(place);
    paths.clear();
  }

  return {
    changed,
    written(place, path) {
      paths.set(path, place);
      if (timer) return;
      timer = setTimeout(check, CHECK_MS);
      timer.unref();
    },
    close() {
      if (timer) clearTimeout(timer);
      for (const cool of cooling.values()) clearTimeout(cool.timer);
      cooling.clear();
    },
  };
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
