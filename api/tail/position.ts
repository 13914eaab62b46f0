/** Where a tail is: the next record to look at, and a time from which a search finds whatever is missing should the number mean nothing. */
export interface TailPosition {
  epoch: string;
  seq: number;
  index: number;
  /** µs. */
  floor: number;
}

export function encodePosition({ epoch, seq, index, floor }: TailPosition): string {
  return `${epoch}-${seq}-${index}-${floor}`;
}

/** Reads a `Last-Event-ID`; null when it is none of ours. */
export function decodePosition(text: string): TailPosition | null {
  const match = /^([0-9a-f]{12})-(\d{1,15})-(\d{1,10})-(\d{1,16})$/.exec(text);
  if (!match) return null;
  return { epoch: match[1], seq: Number(match[2]), index: Number(match[3]), floor: Number(match[4]) };
}
