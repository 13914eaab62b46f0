import { FleetlogError } from '../../model/errors.ts';

function broken(why: string): never {
  throw new FleetlogError('bad_batch', `cannot inflate the body as snappy: ${why}`, {
    hint: 'Loki clients send one snappy block (not the framed format), or JSON as application/json',
  });
}

/**
 * Inflates one snappy block (https://github.com/google/snappy/blob/main/format_description.txt). The length it claims is checked
 * against `limit` and told to `hold` before memory is taken, and everything written against that length. Throws `body_too_large` or `bad_batch`.
 */
export function inflateSnappy(bytes: Buffer, limit: number, hold: (bytes: number) => void = () => {}): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length || shift > 28) broken('it has no length');
    const byte = bytes[at++];
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > limit) {
    throw new FleetlogError('body_too_large', undefined, {
      hint: `at most ${limit} bytes after inflating (http.bodyBytes)`,
    });
  }
  hold(length);
  const out = Buffer.allocUnsafe(length);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let count = (tag >>> 2) + 1;
      if (count > 60) {
        const extra = count - 60;
        if (at + extra > bytes.length) broken('it is cut off');
        count = bytes.readUIntLE(at, extra) + 1;
        at += extra;
      }
      if (at + count > bytes.length || to + count > length) broken('a literal is longer than it says');
      bytes.copy(out, to, at, at + count);
      at += count;
      to += count;
      continue;
    }
    const size = kind === 3 ? 4 : kind;
    if (at + size > bytes.length) broken('it is cut off');
    const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? ((tag >>> 5) << 8) | bytes[at] : bytes.readUIntLE(at, size);
    at += size;
    if (offset === 0 || offset > to || to + count > length) broken('it copies from nowhere');
    if (offset >= count) out.copyWithin(to, to - offset, to - offset + count);
    else for (let i = 0; i < count; i++) out[to + i] = out[to + i - offset];
    to += count;
  }
  if (to !== length) broken('it is shorter than it says');
  return out;
}
