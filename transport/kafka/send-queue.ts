import { cutBatch, type Piece, RECORD_OVERHEAD } from './parts.ts';
import type { Routed } from './split-status.ts';

/** A batch on its way, with what is left of it to send. */
export interface Outgoing extends Routed {
  sent(): void;
  refused(error: unknown): void;
}

export interface TakenRecord {
  partition: number;
  key: string;
  piece: Piece;
  headers: Record<string, string>;
}

/** What one request carries. Call one of the two when its fate is known. */
export interface Taken {
  records: TakenRecord[];
  bytes: number;
  done(): void;
  /** Batches that were sent in part are begun anew, under the limit of then. */
  again(): void;
}

/** Batches waiting for their partitions, each partition first come first served. */
export interface SendQueue {
  add(outgoing: Outgoing): void;
  /** Null when empty. At most `recordBytes` of one partition, for kafkajs makes one record batch of them. */
  take(recordBytes: number, requestBytes: number): Taken | null;
  empty(): boolean;
  /** Refuses all. */
  clear(error: unknown): void;
}

interface Item {
  outgoing: Outgoing;
  pieces: Piece[] | null;
  /** Pieces that are with the broker. */
  at: number;
  /** When the first piece was taken, on the monotonic clock. */
  begunAt: number;
}

/** More messages in one request make kafkajs slow: it copies a partition's list for each of them. */
const REQUEST_RECORDS = 500;
/** A reader lets go of a batch whose parts stopped coming after 15 minutes; a sender that was away for a third of it begins anew. */
const PARTS_MS = 300_000;

export function createSendQueue(nowMs: () => number): SendQueue {
  const partitions = new Map<number, Item[]>();
  let first = 0;

  function piecesOf(item: Item, recordBytes: number): Piece[] {
    if (item.pieces && item.at > 0 && nowMs() - item.begunAt > PARTS_MS) restart(item);
    item.pieces ??= cutBatch(item.outgoing.batch, Math.max(1, recordBytes - RECORD_OVERHEAD));
    return item.pieces;
  }

  return {
    add(outgoing) {
      const items = partitions.get(outgoing.partition);
      const item = { outgoing, pieces: null, at: 0, begunAt: 0 };
      if (items) items.push(item);
      else partitions.set(outgoing.partition, [item]);
    },

    take(recordBytes, requestBytes) {
      const records: TakenRecord[] = [];
      const counts = new Map<Item, number>();
      let bytes = 0;
      const all = [...partitions.keys()];
      // Another partition begins each time, so that a full request starves none.
      first = all.length === 0 ? 0 : (first + 1) % all.length;
      for (let n = 0; n < all.length && bytes < requestBytes; n++) {
        const partition = all[(first + n) % all.length];
        let here = 0;
        fill: for (const item of partitions.get(partition)!) {
          const pieces = piecesOf(item, recordBytes);
          for (let at = item.at; at < pieces.length; at++) {
            const size = pieces[at].value.length + RECORD_OVERHEAD;
            if (here > 0 && here + size > recordBytes) break fill;
            if (records.length >= REQUEST_RECORDS || (bytes > 0 && bytes + size > requestBytes)) break fill;
            if (at === 0) item.begunAt = nowMs();
            const { key, headers } = item.outgoing;
            records.push({ partition, key, piece: pieces[at], headers: { ...headers, ...pieces[at].headers } });
            counts.set(item, (counts.get(item) ?? 0) + 1);
            here += size;
            bytes += size;
          }
        }
      }
      if (records.length === 0) return null;
      return {
        records,
        bytes,
        done() {
          for (const [item, count] of counts) {
            item.at += count;
            if (item.at < item.pieces!.length) continue;
            const items = partitions.get(item.outgoing.partition)!;
            items.splice(items.indexOf(item), 1);
            if (items.length === 0) partitions.delete(item.outgoing.partition);
            item.outgoing.sent();
          }
        },
        again() {
          for (const items of partitions.values()) for (const item of items) restart(item);
        },
      };
    },

    empty: () => partitions.size === 0,

    clear(error) {
      for (const items of partitions.values()) for (const item of items) item.outgoing.refused(error);
      partitions.clear();
    },
  };
}

function restart(item: Item): void {
  item.pieces = null;
  item.at = 0;
}
