import { close, open, read } from 'node:fs';

/** Files of /proc and of cgroups are small; one with hundreds of disks or interfaces is not larger than this. */
const MOST_BYTES = 256 << 10;
/** The kernel gives such a file in pieces of a page; a piece this much shorter was the last one, and a read is saved. */
const CERTAINLY_WHOLE = 3 << 10;

/**
 * The text of a file of /proc or of a cgroup; null when it cannot be had: it went with its container, is not allowed, or this kernel has none.
 * Three calls where `readFile` takes five, for it is asked hundreds of times a round.
 */
export function readSmall(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    open(path, 'r', (error, file) => {
      if (error) return resolve(null);
      const done = (text: string | null): void => close(file, () => resolve(text));
      const more = (chunks: string, bytes: number): void => {
        const buffer = Buffer.allocUnsafe(4 << 10);
        read(file, buffer, 0, buffer.length, null, (failed, got) => {
          if (failed) return done(null);
          const text = chunks + buffer.toString('latin1', 0, got);
          const whole = got === 0 || (bytes === 0 && got < CERTAINLY_WHOLE) || bytes + got >= MOST_BYTES;
          if (whole) done(text);
          else more(text, bytes + got);
        });
      };
      more('', 0);
    });
  });
}
