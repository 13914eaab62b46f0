import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { BlockCodec } from './block-codec.ts';

/** Level 1: on log lines level 3 costs half as much again and saves nothing (docs/decisions/002). The checksum finds bit rot. */
const PARAMS = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_checksumFlag]: 1,
};

export function compress(bytes: Uint8Array): Buffer {
  return zstdCompressSync(bytes, { params: PARAMS, chunkSize: Math.max(1_024, bytes.length >>> 1) });
}

/** Throws RangeError unless the frame holds exactly `rawBytes`, and zlib's error when it is damaged. */
export function decompress(bytes: Uint8Array, rawBytes: number): Buffer {
  const out = zstdDecompressSync(bytes, { chunkSize: Math.max(64, rawBytes + 1), maxOutputLength: rawBytes + 1 });
  if (out.length !== rawBytes) throw new RangeError(`frame holds ${out.length} bytes, not ${rawBytes}`);
  return out;
}

export const plainCodec: BlockCodec = {
  number: 1,
  encoder: () => ({
    encode: (text) => compress(text),
    dictionary: () => new Uint8Array(0),
  }),
  decoder: () => ({ decode: decompress }),
};
