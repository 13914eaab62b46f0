import type { StatusBatch } from '../model/batch.ts';
import type { Clock } from '../model/clock.ts';
import { isCode } from '../model/errors.ts';
import { HOST_KIND, type HostDoc, INVENTORY_KIND, type InventoryDoc } from '../model/fleet.ts';
import type { StateStore, Version } from '../store/state-store.ts';
import { advanceHost } from './host-parts.ts';
import { dropOtherLedgers, type KeptLedger, openKeptLedger } from './kept-ledger.ts';
import { containerKey, type KeptContainer, mergeContainers, mergeGaps, touchContainers } from './status-merge.ts';

/** Hosts whose documents are written side by side. */
const HOSTS_AT_ONCE = 8;
/** Others that write the same host's document come first at most this often: there are no more processes than partitions. */
const ATTEMPTS = 50;

/** Keeps the latest status of each host in the StateStore, as the documents of `model/fleet.ts`. */
export interface StatusKeeper {
  /**
   * Call when everything published before these statuses is searchable. Several processes may keep parts of one host: each writes the ledger
   * of its parts, whoever has the home part the inventory, and all the host's one small document, by its version.
   */
  keep(statuses: StatusBatch | StatusBatch[]): Promise<void>;
}

interface KeptInventory {
  containers: Map<string, KeptContainer>;
  version: Version | null;
}

interface Kept {
  inventory: KeptInventory | null;
  /** By the part's index and number, or one of name '' for whole statuses. */
  ledgers: Map<string, KeptLedger>;
  /** Ledgers of another division into parts are gone. */
  tidy: boolean;
}

export function createStatusKeeper(options: { state: StateStore; clock: Clock; retentionDays: number }): StatusKeeper {
  const { state, clock, retentionDays } = options;
  const hosts = new Map<string, Kept>();

  async function ledgerOf(kept: Kept, status: StatusBatch): Promise<KeptLedger> {
    const name = status.part ? `${status.part.of}.${status.part.index}` : '';
    const known = kept.ledgers.get(name);
    if (known) return known;
    const ledger = await openKeptLedger(state, status, retentionDays);
    kept.ledgers.set(name, ledger);
    return ledger;
  }

  async function loadInventory(host: string): Promise<KeptInventory> {
    const found = await state.get<InventoryDoc>(INVENTORY_KIND, host);
    return {
      containers: new Map((found?.doc.containers ?? []).map((c) => [containerKey(c), c])),
      version: found?.version ?? null,
    };
  }

  async function putInventory(kept: Kept, status: StatusBatch, ledger: KeptLedger): Promise<void> {
    if (status.part && status.part.index !== status.part.home) return;
    for (let attempt = 1; ; attempt++) {
      const inventory = (kept.inventory ??= await loadInventory(status.host));
      const { containers } = inventory;
      const changed = mergeContainers(containers, status, retentionDays);
      const touched = touchContainers(containers, status.full ? [...ledger.sources.values()] : status.sources);
      if (!changed && !touched) return;
      const doc = { host: status.host, containers: [...containers.values()] };
      try {
        inventory.version = await state.put<InventoryDoc>(INVENTORY_KIND, status.host, doc, inventory.version);
        return;
      } catch (error) {
        // Read again whatever the reason: what was not written must not count as known.
        kept.inventory = null;
        if (!isCode(error, 'version_conflict') || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async function keepHost(host: string, statuses: StatusBatch[]): Promise<void> {
    const now = clock.nowUs();
    let found = await state.get<HostDoc>(HOST_KIND, host);
    // Someone may have had it forgotten; what was known of it then stays so.
    if (!found) hosts.delete(host);
    const kept = hosts.get(host) ?? { inventory: null, ledgers: new Map(), tidy: false };
    hosts.set(host, kept);

    let doc: HostDoc | null = found?.doc ?? null;
    for (const status of statuses) {
      const next = advanceHost(doc, status, now);
      if (!next) continue;
      doc = next;
      const ledger = await ledgerOf(kept, status);
      await ledger.merge(status);
      await putInventory(kept, status, ledger);
    }

    const draw = async (before: HostDoc | null): Promise<HostDoc | null> => {
      let drawn: HostDoc | null = null;
      for (const status of statuses) {
        const next = advanceHost(drawn ?? before, status, now);
        if (!next) continue;
        const { sources } = await ledgerOf(kept, status);
        drawn = { ...next, gaps: mergeGaps(next.gaps, status.gaps, sources) };
      }
      return drawn;
    };
    for (let attempt = 1; ; attempt++) {
      const drawn = await draw(found?.doc ?? null);
      if (!drawn) return;
      try {
        await state.put<HostDoc>(HOST_KIND, host, drawn, found?.version ?? null);
        return await tidy(kept, drawn, statuses);
      } catch (error) {
        if (!isCode(error, 'version_conflict') || attempt === ATTEMPTS) throw error;
        found = await state.get<HostDoc>(HOST_KIND, host);
      }
    }
  }

  /** Once every part was heard of, the ledgers of another division into parts have been taken over by these. */
  async function tidy(kept: Kept, doc: HostDoc, statuses: StatusBatch[]): Promise<void> {
    if (kept.tidy) return;
    const full = statuses.find((one) => one.full && (!one.part || one.part.index === one.part.home));
    if (!full || doc.parts?.list.some((part) => part.seq < 0)) return;
    await dropOtherLedgers(state, full);
    kept.tidy = true;
  }

  return {
    async keep(statuses) {
      const byHost = new Map<string, StatusBatch[]>();
      for (const status of Array.isArray(statuses) ? statuses : [statuses]) {
        const list = byHost.get(status.host);
        if (list) list.push(status);
        else byHost.set(status.host, [status]);
      }
      const queue = [...byHost];
      const worker = async (): Promise<void> => {
        for (let next = queue.shift(); next; next = queue.shift()) await keepHost(...next);
      };
      await Promise.all(Array.from({ length: Math.min(HOSTS_AT_ONCE, queue.length) }, worker));
    },
  };
}
