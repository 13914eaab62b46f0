import type { Readable } from 'node:stream';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { FleetlogError } from '../model/errors.ts';

/** A body may say it is compressed like this; others, and lists of them, are refused. */
const INFLATERS = { gzip: createGunzip, zstd: createZstdDecompress, deflate: createInflate } as const;

/**
 * The whole body, inflated. `take` is told of bytes as they come out and throws when they are too many, so a bomb costs no
 * more memory than the limit. Rejects with what `take` throws, `unsupported_media_type`, or `bad_batch` for broken compression.
 * The stream is left usable, so that the refusal can be answered on its connection.
 */
export async function inflateBody(
  payload: Readable,
  encoding: string | undefined,
  take: (bytes: number) => void,
): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name !== 'identity' && !Object.hasOwn(INFLATERS, name)) {
    throw new FleetlogError(
      'unsupported_media_type',
      `cannot read a body with content-encoding ${JSON.stringify(name.slice(0, 40))}`,
      { hint: 'send zstd, gzip, deflate or identity' },
    );
  }
  const inflater = name === 'identity' ? null : INFLATERS[name as keyof typeof INFLATERS]();
  const chunks: Buffer[] = [];
  try {
    const cut = (): void => void inflater?.destroy(new Error('the connection closed in mid-body'));
    if (inflater) payload.once('close', () => payload.readableEnded || cut()).pipe(inflater);
    for await (const chunk of (inflater ?? payload).iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      take(chunk.length);
      chunks.push(chunk);
    }
  } catch (cause) {
    payload.unpipe();
    payload.resume();
    if (cause instanceof FleetlogError) throw cause;
    throw new FleetlogError('bad_batch', `cannot inflate the body as ${name}`, { cause });
  } finally {
    inflater?.destroy();
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
