/** Whole numbers in as few bytes as they need: seven bits a byte, least first (LEB128), signs folded in (zigzag) as Protocol Buffers do. */
export interface VarintWriter {
  unsigned(value: number): void;
  signed(value: number): void;
  bytes(): Uint8Array;
}

export function createVarintWriter(expected = 1 << 12): VarintWriter {
  let buffer = new Uint8Array(expected);
  let at = 0;

  function unsigned(value: number): void {
    if (at + 10 > buffer.length) {
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
    let rest = value;
    // Bit operations end at 32 bits; a total of bytes does not.
    while (rest >= 0x8000_0000) {
      buffer[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
  }

  return {
    unsigned,
    signed: (value) => unsigned(value >= 0 ? value * 2 : -value * 2 - 1),
    bytes: () => buffer.subarray(0, at),
  };
}

export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Throws RangeError at the end of the bytes. */
  unsigned(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let unit = 128;
    do {
      if (this.#at >= bytes.length) throw new RangeError('a number is cut off');
      byte = bytes[this.#at++];
      value += (byte & 0x7f) * unit;
      unit *= 128;
    } while (byte >= 0x80);
    return value;
  }

  signed(): number {
    const folded = this.unsigned();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  /**
   * Running sums of signed numbers into `[from, to)`, beginning with `last`; gives the last one. Most of them are of one or two bytes, and a
   * question reads millions: nothing is called for those. Without `into` they are only passed over.
   */
  sums(into: Float64Array | null, from: number, to: number, last: number): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let sum = last;
    for (let i = from; i < to; i++) {
      const byte = bytes[at];
      if (byte < 0x80) {
        at++;
        sum += (byte >>> 1) ^ -(byte & 1);
      } else if (bytes[at + 1] < 0x80) {
        const folded = (byte & 0x7f) | (bytes[at + 1] << 7);
        at += 2;
        sum += (folded >>> 1) ^ -(folded & 1);
      } else {
        this.#at = at;
        sum += this.signed();
        at = this.#at;
      }
      if (into !== null) into[i] = sum;
    }
    // Past the end the bytes are undefined, which is no number to stop at.
    if (at > bytes.length) throw new RangeError('a number is cut off');
    this.#at = at;
    return sum;
  }
}
