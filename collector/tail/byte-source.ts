import fs from 'node:fs';
import { createGunzip } from 'node:zlib';

/** Where the bytes of one generation come from. Positions are those of the raw file. */
export interface ByteSource {
  /** Size as far as known (a compressed file's is unknown until its end), links, mtime, and bytes the filesystem gave it. */
  stat(): { size: number; nlink: number; mtimeMs: number; allocated: number };
  /** Bytes from `position` into `into[at…]`; fewer than `length` only at the end. */
  read(into: Buffer, at: number, length: number, position: number): number | Promise<number>;
  /** First position it can give. */
  base: number;
  /** Nobody writes to it any more. */
  fixed: boolean;
  /** May be called again. Afterwards the rest throws: the descriptor's number may be another file's. */
  close(): void;
}

function closedError(): Error {
  return Object.assign(new Error('this source was closed'), { code: 'EBADF' });
}

/** Small reads come from the page cache and are done at once; large ones may wait for a disk and go to a thread. */
const SYNC_BYTES = 96 << 10;

function readAsync(fd: number, into: Buffer, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, at, length, position, (error, n) => (error ? reject(error) : resolve(n)));
  });
}

/** A plain file, or one of the spool whose first byte is position `base`. Takes the descriptor over. */
export function createFileSource(fd: number, base = 0, fixed = false): ByteSource {
  let size = 0;
  let closed = false;
  let reads = 0;

  async function readLater(into: Buffer, at: number, length: number, from: number): Promise<number> {
    reads++;
    try {
      return await readAsync(fd, into, at, length, from);
    } finally {
      reads--;
      if (closed && reads === 0) fs.closeSync(fd);
    }
  }

  return {
    base,
    fixed,
    stat() {
      if (closed) throw closedError();
      const stat = fs.fstatSync(fd);
      size = stat.size + base;
      return { size, nlink: stat.nlink, mtimeMs: stat.mtimeMs, allocated: stat.blocks * 512 };
    },
    read(into, at, length, position) {
      if (closed) throw closedError();
      const from = position - base;
      // The size may be older than the file's last growth: it only says how much there is at least.
      if (size - position <= SYNC_BYTES) return fs.readSync(fd, into, at, length, from);
      return readLater(into, at, length, from);
    },
    close() {
      // Closing a number twice would close someone else's file; so would closing it below a read that a thread has begun.
      if (closed) return;
      closed = true;
      if (reads === 0) fs.closeSync(fd);
    },
  };
}

/** Size a gzip file says it has when unpacked, modulo 2^32 (RFC 1952); -1 when it is too short. */
export function gzipSize(fd: number): number {
  const { size } = fs.fstatSync(fd);
  const trailer = Buffer.alloc(4);
  return size >= 18 && fs.readSync(fd, trailer, 0, 4, size - 4) === 4 ? trailer.readUInt32LE(0) : -1;
}

/**
 * A compressed sibling, unpacked as a stream: positions are those of the unpacked bytes and only move forward, apart from
 * what the reader has not gone past. Memory is bounded whatever the file unpacks to. Takes the descriptor over.
 */
export function createGzipSource(fd: number): ByteSource {
  const stat = fs.fstatSync(fd);
  const input = fs.createReadStream('', { fd, start: 0, highWaterMark: 64 << 10 });
  const gunzip = createGunzip({ chunkSize: 64 << 10 });
  input.on('error', (error) => gunzip.destroy(error));
  const chunks = input.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let from = 0;
  let ended = false;
  let closed = false;

  function forget(position: number): void {
    while (held.length > 0 && from + held[0].length <= position) {
      from += held[0].length;
      heldBytes -= held[0].length;
      held.shift();
    }
  }

  return {
    base: 0,
    fixed: true,
    stat: () => ({
      size: ended ? from + heldBytes : Number.MAX_SAFE_INTEGER,
      nlink: 1,
      mtimeMs: stat.mtimeMs,
      allocated: Number.MAX_SAFE_INTEGER,
    }),
    async read(into, at, length, position) {
      // A stream that was destroyed ends like one that is whole.
      if (closed) throw closedError();
      if (position < from) throw new Error(`cannot go back to ${position} in a compressed file`);
      forget(position);
      while (!ended && from + heldBytes < position + length) {
        const next = await chunks.next();
        if (closed) throw closedError();
        if (next.done) ended = true;
        else {
          held.push(next.value);
          heldBytes += next.value.length;
          forget(position);
        }
      }
      let copied = 0;
      let start = from;
      for (const chunk of held) {
        const skip = Math.max(0, position - start);
        start += chunk.length;
        if (skip >= chunk.length) continue;
        copied += chunk.copy(into, at + copied, skip, Math.min(chunk.length, skip + length - copied));
        if (copied === length) break;
      }
      return copied;
    },
    close() {
      if (closed) return;
      closed = true;
      held = [];
      input.unpipe(gunzip);
      gunzip.destroy();
      // Closes the descriptor once no read is under way on it.
      input.destroy();
    },
  };
}
