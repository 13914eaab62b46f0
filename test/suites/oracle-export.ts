import type { ApiRecord, LogsAnswer } from '../../api/contract.ts';
import { streamLines } from '../../bench/docker-lines.ts';
import { readLedger } from '../../bench/ledger.ts';
import type { Product } from '../../bench/product.ts';
import type { DemoContainer } from '../../cli/demo/fleet.ts';
import { createOracle, type Tally, type Written } from './oracle-line.ts';

/** How long nothing may move before a drain counts as stuck. */
const STALL_MS = 60_000;
const POLL_MS = 250;
/** Polls in a row that must show the same number of records. */
const STEADY = 6;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const RANGE = 'from=now-7d&to=now%2B1d';

/** Records kept in all, by the histogram. */
async function countAll(product: Product): Promise<number> {
  const answer = await product.json<{ buckets: { counts: Record<string, number> }[] }>(`logs/histogram?${RANGE}`);
  return answer.buckets.reduce((sum, b) => sum + Object.values(b.counts).reduce((a, n) => a + n, 0), 0);
}

/**
 * Waits until the last line of every stream is found by search, the ledger has nothing unread or in flight, and the number of
 * records stands still. Throws with what is missing when nothing moves for a minute.
 */
export async function waitDrained(
  product: Product,
  containers: readonly DemoContainer[],
  written: Written,
): Promise<void> {
  let before = -1;
  let steady = 0;
  let moved = performance.now();
  for (;;) {
    const count = await countAll(product);
    if (count !== before) moved = performance.now();
    steady = count === before ? steady + 1 : 0;
    before = count;
    const missing: string[] = [];
    for (const [stream, last] of written) {
      if (last === 0) continue;
      const query = encodeURIComponent(`"s=${stream} seq=${last}"`);
      const answer = await product.json<LogsAnswer>(
        `logs?query=${query}&container=${containers[stream].id}&${RANGE}&limit=1`,
      );
      if (answer.records.length === 0) missing.push(`stream ${stream} seq ${last}`);
    }
    const open = (await readLedger(product)).filter(
      (item) => item.state !== 'gone' && (item.inFlight > 0 || item.read < item.size),
    );
    if (missing.length === 0 && open.length === 0 && steady >= STEADY) return;
    if (performance.now() - moved > STALL_MS) {
      throw new Error(
        `not drained: ${count} records, missing ${missing.join(', ') || 'nothing'}; open in the ledger: ${JSON.stringify(open.slice(0, 3))}`,
      );
    }
    await pause(POLL_MS);
  }
}

/** Exports everything, container by container in order, and lets the oracle judge it. */
export async function judge(
  product: Product,
  containers: readonly DemoContainer[],
  run: string,
  written: Written,
): Promise<Tally> {
  const oracle = createOracle(run, written);
  for (const container of containers) {
    const response = await product.get(`logs/export?container=${container.id}&${RANGE}&order=asc&format=ndjson`);
    for await (const line of streamLines(response.body as unknown as AsyncIterable<Uint8Array>)) {
      if (line !== '') oracle.take((JSON.parse(line) as ApiRecord).message);
    }
  }
  return oracle.verdict();
}

/** Losses the product itself declares. */
export async function declaredGaps(product: Product): Promise<LogsAnswer['gaps']> {
  const { gaps } = await product.json<LogsAnswer>(`logs?${RANGE}&limit=1`);
  return gaps.filter((gap) => gap.cause !== 'collector_silent');
}
