import type { ContainerStatus, SourceStatus, StatusBatch } from '../model/batch.ts';
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

/** Sources in one ledger document: keeps it under the state store's 4 MiB. Further ones go to `<host>#1`, `<host>#2`… */
const SOURCES_PER_DOC = 2_000;
const MAX_GAPS = 1_000;
const DAY_US = 86_400e6;

type KeptContainer = InventoryDoc['containers'][number];

interface Kept {
  doc: HostDoc;
  containers: Map<string, KeptContainer>;
  sources: Map<string, SourceStatus>;
  ledgerDocs: number;
}

/** Keeps the latest status of each host in the StateStore, as the documents of `model/fleet.ts`. */
export interface StatusKeeper {
  /** Call when everything published before this status is searchable. */
  keep(status: StatusBatch): Promise<void>;
}

export function createStatusKeeper(options: { state: StateStore; clock: Clock; retentionDays: number }): StatusKeeper {
  const { state, clock } = options;
  const hosts = new Map<string, Kept>();

  async function load(host: string): Promise<Kept> {
    const known = hosts.get(host);
    // Someone may have had it forgotten; what was known of it then stays so.
    if (known && (await state.get<HostDoc>(HOST_KIND, host))) return known;
    const doc = (await state.get<HostDoc>(HOST_KIND, host))?.doc;
    const inventory = (await state.get<InventoryDoc>(INVENTORY_KIND, host))?.doc;
    const sources = new Map<string, SourceStatus>();
    let ledgerDocs = 0;
    for (; ; ledgerDocs++) {
      const part = (await state.get<LedgerDoc>(LEDGER_KIND, ledgerId(host, ledgerDocs)))?.doc;
      if (!part) break;
      for (const source of part.sources) sources.set(source.fid, source);
    }
    const kept: Kept = {
      doc: doc ?? {
        host,
        time: 0,
        receivedAt: 0,
        epoch: '',
        version: '',
        docker: { reachable: false },
        behind: [],
        gaps: [],
        counters: {},
      },
      containers: new Map((inventory?.containers ?? []).map((c) => [containerKey(c), c])),
      sources,
      ledgerDocs,
    };
    hosts.set(host, kept);
    return kept;
  }

  function mergeContainers(kept: Kept, status: StatusBatch): boolean {
    const seen = new Set<string>();
    for (const container of status.containers) {
      const key = containerKey(container);
      seen.add(key);
      kept.containers.set(key, { ...container, lastLineAt: kept.containers.get(key)?.lastLineAt ?? null });
    }
    if (status.full) {
      const oldest = status.time - options.retentionDays * DAY_US;
      for (const [key, container] of kept.containers) {
        if (seen.has(key)) continue;
        if (container.state !== 'removed') {
          kept.containers.set(key, { ...container, state: 'removed', finishedAt: container.finishedAt ?? status.time });
        } else if (Math.max(container.finishedAt ?? 0, container.lastLineAt ?? 0) < oldest) kept.containers.delete(key);
      }
    }
    return status.full || seen.size > 0;
  }

  function mergeSources(kept: Kept, status: StatusBatch): boolean {
    if (status.full) {
      const live = new Set(status.sources.map((s) => s.fid));
      const oldest = status.time - options.retentionDays * DAY_US;
      for (const [fid, source] of kept.sources) {
        if (live.has(fid)) continue;
        if ((source.lastLineAt ?? 0) < oldest) kept.sources.delete(fid);
        else kept.sources.set(fid, { ...source, state: 'gone' });
      }
    }
    for (const source of status.sources) {
      kept.sources.set(source.fid, source);
      const container = kept.containers.get(containerKey({ ...source.source }));
      if (container && (source.lastLineAt ?? 0) > (container.lastLineAt ?? 0)) container.lastLineAt = source.lastLineAt;
    }
    return status.full || status.sources.length > 0;
  }

  return {
    async keep(status) {
      const kept = await load(status.host);
      const inventoryChanged = mergeContainers(kept, status);
      const ledgerChanged = mergeSources(kept, status);
      const known = new Set(kept.doc.gaps.map(gapKey));
      const gaps = [
        ...kept.doc.gaps,
        ...status.gaps
          .filter((gap) => !known.has(gapKey(gap)))
          .map((gap) => {
            const source = kept.sources.get(gap.fid)?.source;
            return { ...gap, app: source?.app ?? '', env: source?.env ?? '' };
          }),
      ].slice(-MAX_GAPS);
      kept.doc = {
        host: status.host,
        time: status.time,
        receivedAt: clock.nowUs(),
        epoch: status.epoch,
        version: status.version,
        docker: status.docker,
        behind: status.behind,
        gaps,
        counters: status.counters,
      };
      if (inventoryChanged || ledgerChanged) {
        await state.put<InventoryDoc>(INVENTORY_KIND, status.host, {
          host: status.host,
          containers: [...kept.containers.values()],
        });
      }
      if (ledgerChanged) await putLedger(kept, status.host);
      await state.put<HostDoc>(HOST_KIND, status.host, kept.doc);
    },
  };

  async function putLedger(kept: Kept, host: string): Promise<void> {
    const all = [...kept.sources.values()];
    let docs = 0;
    for (let at = 0; at < all.length || docs === 0; at += SOURCES_PER_DOC) {
      await state.put<LedgerDoc>(LEDGER_KIND, ledgerId(host, docs++), {
        host,
        sources: all.slice(at, at + SOURCES_PER_DOC),
      });
    }
    for (let i = docs; i < kept.ledgerDocs; i++) await state.delete(LEDGER_KIND, ledgerId(host, i));
    kept.ledgerDocs = docs;
  }
}

const ledgerId = (host: string, part: number): string => (part === 0 ? host : `${host}#${part}`);
const gapKey = (gap: { fid: string; from: number; cause: string }): string => `${gap.fid}:${gap.from}:${gap.cause}`;

/** Containers by id; plain-file instances, which have none, by app, env and instance. */
function containerKey(c: Pick<ContainerStatus, 'container' | 'app' | 'env' | 'instance'>): string {
  return c.container || `${c.app}\0${c.env}\0${c.instance}`;
}
