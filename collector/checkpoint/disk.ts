import fs from 'node:fs';
import { promisify } from 'node:util';

/** The few operations a checkpoint needs of a disk, behind one seam so that tests can fill it, break it and cut its power. */
export interface Disk {
  mkdir(dir: string): void;
  list(dir: string): string[];
  /** Null when there is no such file. */
  read(path: string): Buffer | null;
  /** Creates or truncates. */
  create(path: string): number;
  /** Appends all of `bytes`, or throws. */
  append(fd: number, bytes: Buffer): void;
  sync(fd: number): Promise<void>;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncDirectory(dir: string): Promise<void>;
  /** False once the open file has no name any more (someone wiped the directory). */
  linked(fd: number): boolean;
}

const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);

export const systemDisk: Disk = {
  mkdir: (dir) => void fs.mkdirSync(dir, { recursive: true, mode: 0o700 }),
  list: (dir) => fs.readdirSync(dir),
  read(path) {
    try {
      return fs.readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  create: (path) => fs.openSync(path, 'w', 0o600),
  append(fd, bytes) {
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at, bytes.length - at);
  },
  sync: (fd) => fdatasync(fd),
  close: (fd) => fs.closeSync(fd),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { force: true }),
  async syncDirectory(dir) {
    const fd = fs.openSync(dir, 'r');
    try {
      await fsync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  linked: (fd) => fs.fstatSync(fd).nlink > 0,
};
