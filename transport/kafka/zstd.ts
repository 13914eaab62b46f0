import { promisify } from 'node:util';
import { constants as zlib, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** One record batch is at most a request; beyond this a broken or hostile frame is refused instead of inflated. */
const INFLATED_BYTES = 256 << 20;

/** Puts zstd of node:zlib (libuv's threads, level 1) into kafkajs' codec table, which has none of its own. */
export function registerZstd(): void {
  const { CompressionTypes, CompressionCodecs } = kafkajs;
  const codec = {
    compress: (encoder: { buffer: Buffer }) =>
      compress(encoder.buffer, { params: { [zlib.ZSTD_c_compressionLevel]: 1 } }),
    decompress: (buffer: Buffer) => decompress(buffer, { maxOutputLength: INFLATED_BYTES }),
  };
  (CompressionCodecs as Record<number, unknown>)[CompressionTypes.ZSTD] = () => codec;
}
