import type { SourceStatus } from '../model/batch.ts';
import type { Clock } from '../model/clock.ts';
import {
  HOST_KIND,
  type HostDoc,
  INVENTORY_KIND,
  type InventoryDoc,
  LEDGER_KIND,
  type LedgerDoc,
} from '../model/fleet.ts';
import type { StateStore } from '../store/state-store.ts';
import { instanceKey } from './fleet-lists.ts';

/** Statuses come every 2 s: looking more often shows nothing new. The larger documents change less and cost more to read. */
const HOSTS_MS = 1_000;
const DETAILS_MS = 2_000;

export type FleetContainer = InventoryDoc['containers'][number] & { host: string };
export type FleetSource = SourceStatus & { host: string };

export interface FleetDetails {
  containers: FleetContainer[];
  sources: FleetSource[];
  byFid: Map<string, FleetSource>;
}

/** What the collectors last said, as ingest keeps it in the StateStore; at most two seconds old. */
export interface FleetView {
  hosts(): Promise<HostDoc[]>;
  details(): Promise<FleetDetails>;
  /** Reads anew when next asked: for who just changed what the view is made of. */
  refresh(): void;
}

export function createFleetView(state: StateStore, clock: Clock): FleetView {
  async function all<T>(kind: string): Promise<T[]> {
    const docs: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await state.list<T>(kind, { cursor, limit: 1_000 });
      for (const item of page.items) docs.push(item.doc);
      cursor = page.next ?? undefined;
    } while (cursor);
    return docs;
  }

  /** One read for all who ask meanwhile; a failed one is not kept. */
  function kept<T>(ms: number, read: () => Promise<T>): { get(): Promise<T>; drop(): void } {
    let at = Number.NEGATIVE_INFINITY;
    let value: Promise<T> | null = null;
    return {
      get() {
        const now = clock.monotonicMs();
        if (value && now - at < ms) return value;
        at = now;
        const reading = read();
        value = reading;
        reading.catch(() => {
          if (value === reading) value = null;
        });
        return reading;
      },
      drop() {
        value = null;
      },
    };
  }

  const hosts = kept(HOSTS_MS, () => all<HostDoc>(HOST_KIND));
  const details = kept(DETAILS_MS, async () => {
    const inventory = await all<InventoryDoc>(INVENTORY_KIND);
    const ledgers = await all<LedgerDoc>(LEDGER_KIND);
    const sources = ledgers.flatMap((doc) => doc.sources.map((source) => ({ ...source, host: doc.host })));
    // Who keeps a host's inventory need not be who keeps the ledger of each of its sources.
    const lastLines = new Map<string, number>();
    for (const { host, source, lastLineAt } of sources) {
      const key = instanceKey({ ...source, host });
      if (lastLineAt !== null) lastLines.set(key, Math.max(lastLineAt, lastLines.get(key) ?? 0));
    }
    const withLastLine = (container: FleetContainer): FleetContainer => {
      const lastLineAt = lastLines.get(instanceKey(container)) ?? 0;
      return lastLineAt > (container.lastLineAt ?? 0) ? { ...container, lastLineAt } : container;
    };
    return {
      containers: inventory.flatMap((doc) => doc.containers.map((one) => withLastLine({ ...one, host: doc.host }))),
      sources,
      byFid: new Map(sources.map((source) => [source.fid, source])),
    };
  });

  return {
    hosts: hosts.get,
    details: details.get,
    refresh() {
      hosts.drop();
      details.drop();
    },
  };
}
