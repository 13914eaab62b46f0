import type { LedgerItem } from '../api/contract.ts';
import type { Product } from './product.ts';

/** All rows of the ledger. */
export async function readLedger(product: Product): Promise<LedgerItem[]> {
  const items: LedgerItem[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: LedgerItem[]; next: string | null } = await product.json(
      `ledger?limit=1000${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

export interface LedgerSum {
  size: number;
  read: number;
  searchable: number;
  dropped: number;
  inFlight: number;
  droppedBy: Record<string, number>;
}

export function sumLedger(items: readonly LedgerItem[]): LedgerSum {
  const sum: LedgerSum = { size: 0, read: 0, searchable: 0, dropped: 0, inFlight: 0, droppedBy: {} };
  for (const item of items) {
    sum.size += item.size;
    sum.read += item.read;
    sum.searchable += item.searchable;
    sum.inFlight += item.inFlight;
    for (const [reason, bytes] of Object.entries(item.dropped)) {
      sum.dropped += bytes;
      sum.droppedBy[reason] = (sum.droppedBy[reason] ?? 0) + bytes;
    }
  }
  return sum;
}

/**
 * Waits until the ledger accounts for at least `bytes` with nothing in flight. Calls `look` at every poll. Throws when nothing moves
 * for `stallMs`.
 */
export async function drained(
  product: Product,
  bytes: number,
  look: (sum: LedgerSum) => void = () => {},
  stallMs = 60_000,
): Promise<LedgerSum> {
  let moved = performance.now();
  let before = -1;
  for (;;) {
    const sum = sumLedger(await readLedger(product));
    look(sum);
    const done = sum.searchable + sum.dropped;
    if (done >= bytes && sum.inFlight === 0 && sum.read === done) return sum;
    if (done !== before) {
      before = done;
      moved = performance.now();
    } else if (performance.now() - moved > stallMs) {
      throw new Error(
        `nothing moved for ${stallMs / 1000} s: ${done} of ${bytes} bytes are accounted for: ${JSON.stringify(sum)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
