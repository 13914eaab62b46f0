import { ApiError } from './request.ts';

export interface DownloadProgress {
  bytes: number;
  lines: number;
}

export interface Sink {
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Hands the finished file to the reader; `undefined` where it is on disk already. */
  finish(): Promise<Blob>;
  /** Leaves nothing behind. */
  drop(): Promise<void>;
}

/** More than this is not held in memory: without a file of the browser's own the plain link is the way. */
const MEMORY_BYTES = 512e6;
const FOLDER = 'exports';

/**
 * Reads an export as it comes, counts it, and gives the file. Whole or not at all: rejects with `ApiError` when it broke off, with
 * `AbortError` when the signal fired; nothing is kept then.
 */
export async function download(
  url: string,
  progress: (done: DownloadProgress) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const sink = await openSink();
  try {
    const response = await fetch(url, { signal, credentials: 'same-origin' });
    if (!response.ok || response.body === null) throw await refusal(response);
    const done = { bytes: 0, lines: 0 };
    for await (const chunk of readChunks(response.body)) {
      await sink.write(chunk);
      done.bytes += chunk.length;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) done.lines += 1;
      progress({ ...done });
    }
    return await sink.finish();
  } catch (cause) {
    await sink.drop();
    if (signal.aborted || cause instanceof ApiError) throw cause;
    throw new ApiError(0, { code: 'network', message: 'The export broke off.' }, cause);
  }
}

async function* readChunks(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as { error?: { code: string; message: string } } | null;
  return new ApiError(
    response.status,
    body?.error ?? { code: `http_${response.status}`, message: `HTTP ${response.status}` },
  );
}

/** A file of the browser's own storage where there is one, so that size does not matter; else memory. */
async function openSink(): Promise<Sink> {
  try {
    const root = await navigator.storage.getDirectory();
    // What a closed tab left behind.
    await root.removeEntry(FOLDER, { recursive: true }).catch(() => {});
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    const name = crypto.randomUUID();
    const handle = await folder.getFileHandle(name, { create: true });
    const file = await handle.createWritable();
    return {
      write: (chunk) => file.write(chunk),
      async finish() {
        await file.close();
        return handle.getFile();
      },
      async drop() {
        await file.abort().catch(() => {});
        await folder.removeEntry(name).catch(() => {});
      },
    };
  } catch {
    return memorySink();
  }
}

function memorySink(): Sink {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  return {
    async write(chunk) {
      size += chunk.length;
      if (size > MEMORY_BYTES)
        throw new ApiError(0, {
          code: 'too_large',
          message: 'This browser cannot hold so large an export; use the plain link.',
        });
      parts.push(chunk);
    },
    finish: async () => new Blob(parts),
    async drop() {
      parts = [];
    },
  };
}

/** Gives the file to the reader under that name. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
