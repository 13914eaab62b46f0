import type { ApiRecord } from '../api/contract.ts';
import { rotatedLines, streamLines, toMicros } from './docker-lines.ts';
import type { Product } from './product.ts';

export interface Verdict {
  records: number;
  lines: number;
  messageBytes: number;
  /** The first differences, for a person; empty when everything is there, byte-exact and in order. */
  differences: string[];
}

/**
 * Compares one container's log files with what the product exports for it, line by line in order, streaming: neither side is ever
 * in memory. A record of several lines must equal that many lines of the file, and carry the first one's time and stream.
 */
export async function verifyContainer(
  product: Product,
  container: { id: string; path: string; name: string },
  range: { from: number; to: number },
): Promise<Verdict> {
  const verdict: Verdict = { records: 0, lines: 0, messageBytes: 0, differences: [] };
  const file = rotatedLines(container.path);
  const parameters = new URLSearchParams({
    container: container.id,
    from: String(range.from),
    to: String(range.to),
    order: 'asc',
    format: 'ndjson',
  });
  const response = await product.get(`logs/export?${parameters}`);
  const differ = (what: string): void => {
    verdict.differences.push(`${container.name} line ${verdict.lines + 1}: ${what}`);
  };
  for await (const line of streamLines(response.body as unknown as AsyncIterable<Uint8Array>)) {
    if (line === '') continue;
    const record = JSON.parse(line) as ApiRecord;
    verdict.records++;
    verdict.messageBytes += Buffer.byteLength(record.message);
    let first = true;
    for (const text of record.message.split('\n')) {
      const next = file.next();
      if (next.done) {
        differ(`the file has ended, the store has ${quote(text)}`);
        return verdict;
      }
      if (next.value.text !== text) differ(`the file has ${quote(next.value.text)}, the store has ${quote(text)}`);
      if (first && toMicros(next.value.time) !== record.time)
        differ(`time ${next.value.time} came back as ${record.time}`);
      if (first && next.value.stream !== record.stream) differ(`${next.value.stream} came back as ${record.stream}`);
      // One missing line puts all that follow out of step.
      if (verdict.differences.length > 3) return verdict;
      verdict.lines++;
      first = false;
    }
  }
  const left = file.next();
  if (!left.done) differ(`the store has ended, the file has ${quote(left.value.text)}`);
  return verdict;
}

const quote = (text: string): string => JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
