/**
 * How the text of a segment's blocks is stored. The plain codec keeps it as a zstd frame; a codec that learns templates over
 * a whole segment fits behind the same seam: its dictionary is written once, behind the last block.
 * The number of a codec stands in the footer of each segment and is never given to another one.
 */
export interface BlockCodec {
  readonly number: number;
  encoder(): TextEncoding;
  /** `dictionary` is what the segment's encoder gave at its end. */
  decoder(dictionary: Uint8Array): TextDecoding;
}

export interface TextEncoding {
  /** Stores the messages of one block: back to back in `text`, message i ending at `ends[i]`. */
  encode(text: Uint8Array, ends: Uint32Array, count: number): Uint8Array;
  dictionary(): Uint8Array;
}

export interface TextDecoding {
  /** The messages back to back, exactly as given. Throws when the stored bytes are damaged. */
  decode(stored: Uint8Array, rawBytes: number): Buffer;
}
