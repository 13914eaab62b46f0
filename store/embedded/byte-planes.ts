/**
 * Non-negative integers below 2^53 as one width byte w (0–7) and w planes of n bytes, lowest byte first: near-constant upper
 * bytes then lie together and zstd removes them. Signed values are zigzag-coded by the caller.
 */
export function planesBytes(values: Float64Array | Uint32Array, n: number): number {
  return 1 + widthOf(values, n) * n;
}

function widthOf(values: Float64Array | Uint32Array, n: number): number {
  let max = 0;
  for (let i = 0; i < n; i++) if (values[i] > max) max = values[i];
  let width = 0;
  for (let m = max; m >= 1; m = Math.floor(m / 256)) width++;
  return width;
}

/** Writes the planes at `at`; returns where they end. */
export function writePlanes(values: Float64Array | Uint32Array, n: number, out: Uint8Array, at: number): number {
  const width = widthOf(values, n);
  out[at++] = width;
  for (let plane = 0; plane < width; plane++, at += n) {
    if (plane < 4) {
      const shift = 8 * plane;
      for (let i = 0; i < n; i++) out[at + i] = values[i] >>> shift;
    } else {
      const divisor = 2 ** (8 * plane);
      for (let i = 0; i < n; i++) out[at + i] = Math.floor(values[i] / divisor);
    }
  }
  return at;
}

/** Reads what `writePlanes` wrote into `out`; returns where it ended. */
export function readPlanes(bytes: Uint8Array, at: number, n: number, out: Float64Array | Uint32Array): number {
  const width = bytes[at++];
  if (width > 7 || at + width * n > bytes.length) throw new RangeError('planes reach outside their section');
  if (width === 0) out.fill(0, 0, n);
  else if (width === 1) for (let i = 0; i < n; i++) out[i] = bytes[at + i];
  else if (width === 2) for (let i = 0, b = at + n; i < n; i++) out[i] = bytes[at + i] | (bytes[b + i] << 8);
  else {
    const b = at + n;
    const c = b + n;
    for (let i = 0; i < n; i++) out[i] = bytes[at + i] | (bytes[b + i] << 8) | (bytes[c + i] << 16);
    for (let plane = 3; plane < width; plane++) {
      const factor = 2 ** (8 * plane);
      const from = at + plane * n;
      for (let i = 0; i < n; i++) out[i] += bytes[from + i] * factor;
    }
  }
  return at + width * n;
}

export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function unzigzag(value: number): number {
  // Not `%`: the remainder of doubles is a call of its own, and this runs twice a record.
  const half = Math.floor(value / 2);
  return half * 2 === value ? half : -half - 1;
}
