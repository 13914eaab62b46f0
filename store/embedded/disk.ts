import { type FileHandle, open, statfs } from 'node:fs/promises';

/** The few things the write path asks of the disk; tests pass one that fails where they want. */
export interface Disk {
  /** Creates an empty file whose directory entry is durable. */
  create(path: string): Promise<DiskFile>;
  /** Bytes of the file system that holds `dir`: its size, and what this process may still write. */
  space(dir: string): Promise<{ size: number; free: number }>;
}

export interface DiskFile {
  /** Appends all parts. */
  write(parts: Uint8Array[]): Promise<void>;
  /** Makes what was written durable (fdatasync). */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export const realDisk: Disk = {
  async create(path) {
    const handle = await open(path, 'wx');
    try {
      await syncDirectory(path.slice(0, path.lastIndexOf('/')));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return fileOf(handle);
  },
  async space(dir) {
    const { bsize, blocks, bavail } = await statfs(dir);
    return { size: bsize * blocks, free: bsize * bavail };
  },
};

/** Makes created, renamed and removed names of a directory durable. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** IOV_MAX of Linux. */
const MOST_PARTS = 1_024;

function fileOf(handle: FileHandle): DiskFile {
  let length = 0;
  return {
    async write(parts) {
      for (let i = 0; i < parts.length; ) {
        const some = parts.slice(i, i + MOST_PARTS);
        const wanted = some.reduce((sum, part) => sum + part.length, 0);
        const { bytesWritten } = await handle.writev(some, length);
        length += bytesWritten;
        if (bytesWritten === wanted) i += some.length;
        else await writeRest(some, bytesWritten).then(() => (i += some.length));
      }
    },
    sync: () => handle.datasync(),
    async truncate(to) {
      await handle.truncate(to);
      length = to;
    },
    close: () => handle.close(),
  };

  /** A short write happens on a disk that is filling up; the next one then says why. */
  async function writeRest(parts: Uint8Array[], done: number): Promise<void> {
    let skip = done;
    for (const part of parts) {
      if (skip >= part.length) {
        skip -= part.length;
        continue;
      }
      for (let at = skip; at < part.length; ) {
        const { bytesWritten } = await handle.write(part, at, part.length - at, length);
        length += bytesWritten;
        at += bytesWritten;
      }
      skip = 0;
    }
  }
}
