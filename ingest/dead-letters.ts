import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetter, DeadLetterBox, DeadLetters } from '../model/dead-letters.ts';

export type { DeadLetter, DeadLetters } from '../model/dead-letters.ts';

/** Letters as files: `<µs>-<n>.batch` with the bytes as they came and `<µs>-<n>.json` with why. */
export async function createDeadLetters(options: {
  dir: string;
  maxBytes: number;
  nowUs(): number;
}): Promise<DeadLetters> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  let bytes = (await listDeadLetters(options.dir)).reduce((sum, letter) => sum + letter.bytes, 0);
  let buried = 0;
  let evicted = 0;
  let serial = 0;

  async function makeRoom(): Promise<void> {
    if (bytes <= options.maxBytes) return;
    for (const letter of await listDeadLetters(options.dir)) {
      if (bytes <= options.maxBytes) return;
      await dropDeadLetter(options.dir, letter.id);
      bytes -= letter.bytes;
      evicted++;
    }
  }

  return {
    async bury(batch, reason) {
      const time = options.nowUs();
      const id = `${String(time).padStart(16, '0')}-${String(serial++).padStart(6, '0')}`;
      await writeFile(join(options.dir, `${id}.json`), JSON.stringify({ time, bytes: batch.length, reason }), {
        mode: 0o600,
      });
      const temporary = join(options.dir, `${id}.tmp`);
      await writeFile(temporary, batch, { mode: 0o600, flush: true });
      await rename(temporary, join(options.dir, `${id}.batch`));
      bytes += batch.length;
      buried++;
      await makeRoom();
    },
    counts: () => ({ buried, evicted, bytes }),
  };
}

/** Letters in the order they were buried. */
export async function listDeadLetters(dir: string): Promise<DeadLetter[]> {
  const names = await readdir(dir).catch(() => []);
  const letters: DeadLetter[] = [];
  for (const name of names.filter((n) => n.endsWith('.batch')).sort()) {
    const id = name.slice(0, -'.batch'.length);
    const size = (await stat(join(dir, name))).size;
    const about = await readFile(join(dir, `${id}.json`), 'utf8')
      .then((text) => JSON.parse(text) as Partial<DeadLetter>)
      .catch(() => ({}) as Partial<DeadLetter>);
    letters.push({ id, time: about.time ?? Number(id.split('-')[0]), bytes: size, reason: about.reason ?? 'unknown' });
  }
  return letters;
}

/** The bytes of one letter as they came. */
export function readDeadLetter(dir: string, id: string): Promise<Buffer> {
  return readFile(join(dir, `${id}.batch`));
}

export async function dropDeadLetter(dir: string, id: string): Promise<void> {
  await rm(join(dir, `${id}.batch`), { force: true });
  await rm(join(dir, `${id}.json`), { force: true });
}

/** Offers every letter to `handle` again, oldest first; letters it takes are removed, the others stay. */
export async function redriveDeadLetters(
  dir: string,
  handle: (batch: Buffer) => Promise<void>,
): Promise<{ taken: number; left: number }> {
  let taken = 0;
  let left = 0;
  for (const letter of await listDeadLetters(dir)) {
    try {
      await handle(await readDeadLetter(dir, letter.id));
      await dropDeadLetter(dir, letter.id);
      taken++;
    } catch {
      left++;
    }
  }
  return { taken, left };
}

/** The letters of a folder behind the interface they share with those on Kafka. */
export function openDeadLetterBox(dir: string): DeadLetterBox {
  return {
    list: () => listDeadLetters(dir),
    read: (id) =>
      readDeadLetter(dir, id).catch((error: NodeJS.ErrnoException) =>
        error.code === 'ENOENT' ? null : Promise.reject(error),
      ),
    async drop(ids) {
      for (const id of ids) await dropDeadLetter(dir, id);
    },
    redrive: (handle) => redriveDeadLetters(dir, handle),
    async close() {},
  };
}
