import type { TailFile } from './tail-file.ts';

export interface DescriptorsOptions {
  /** Most files kept open. */
  limit: number;
  count: (name: string, by?: number) => void;
}

/** Keeps at most `limit` files open: the longest idle is closed first, never one that has no name any more (it could not be opened again). */
export interface Descriptors {
  /** The file was opened or used. */
  touch(file: TailFile): void;
  forget(file: TailFile): void;
  /** The system has no more descriptors: keep fewer. */
  shrink(): void;
  open(): number;
}

export function createDescriptors(options: DescriptorsOptions): Descriptors {
  // Insertion order is order of use.
  const files = new Set<TailFile>();
  let { limit } = options;

  function mayClose(file: TailFile): boolean {
    if (!file.source || file.unlinked || file.queued || file.long || file.copying || file.source.fixed) return false;
    const stat = file.source.stat();
    file.unlinked = stat.nlink === 0;
    // What is unread may be gone when it could be opened again.
    return !file.unlinked && stat.size <= file.readPos;
  }

  function trim(to: number): void {
    let looked = 0;
    for (const file of files) {
      if (files.size <= to || ++looked > 256) return;
      if (!mayClose(file)) {
        files.delete(file);
        files.add(file);
        continue;
      }
      files.delete(file);
      file.source?.close();
      file.source = null;
      options.count('descriptors_closed');
    }
  }

  return {
    touch(file) {
      files.delete(file);
      files.add(file);
      if (files.size > limit) trim(limit);
    },
    forget: (file) => void files.delete(file),
    shrink() {
      limit = Math.max(16, Math.min(limit, files.size - 64));
      trim(limit);
    },
    open: () => files.size,
  };
}
