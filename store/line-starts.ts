const NEWLINE = 10;

/**
 * Where each of the `count` lines of the message [from, to) begins. Null when the message has fewer: then it cannot be parted, and a line
 * twice is better than a line lost.
 */
export function lineStarts(messages: Uint8Array, from: number, to: number, count: number): number[] | null {
  const starts = [from];
  while (starts.length < count) {
    const next = messages.indexOf(NEWLINE, starts[starts.length - 1]);
    if (next < 0 || next >= to) return null;
    starts.push(next + 1);
  }
  return starts;
}
