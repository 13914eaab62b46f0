import type { ContainerStatus, SourceStatus, StatusBatch, StatusPart } from './batch.ts';

/** Documents ingest keeps per host in the StateStore and the API reads: kinds `host`, `inventory` and `ledger`, id = host name. */
export const HOST_KIND = 'host';
export const INVENTORY_KIND = 'inventory';
export const LEDGER_KIND = 'ledger';

/** Small, written at every status (2 s). */
export interface HostDoc {
  host: string;
  /** Collector's clock at the last status that is searchable in all its parts, µs. */
  time: number;
  /** Ingest's clock when it last heard of the host, µs. */
  receivedAt: number;
  epoch: string;
  /** Time of the first status of this epoch, µs: `counters` count from about then. Documents of earlier versions have none. */
  since?: number;
  version: string;
  docker: { reachable: boolean; reason?: string };
  behind: StatusBatch['behind'];
  /** Known losses, newest last, at most 1,000. */
  gaps: (StatusBatch['gaps'][number] & { app: string; env: string })[];
  counters: Record<string, number>;
  /** Where statuses come in parts (Kafka); `time` and `behind` are drawn from them. */
  parts?: HostParts;
}

/** What the parts of one collector start have said. */
export interface HostParts {
  of: number;
  home: number;
  /** Complete up to here by what was known before these parts, µs; 0 when nothing was. */
  base: number;
  /** Earlier collector starts; what is delivered again of them is old. */
  former: string[];
  /** By index. */
  list: HostPart[];
}

export interface HostPart {
  /** Number of the last status that has something in this part, as the home part says; -1 when none is known. */
  sent: number;
  /** Number and time of the last one whose lines are searchable; -1 and 0 before. */
  seq: number;
  time: number;
  behind: StatusBatch['behind'];
}

/** Written when something changed. Removed containers stay until retention has removed their lines. */
export interface InventoryDoc {
  host: string;
  containers: (ContainerStatus & { lastLineAt: number | null })[];
}

/** Ledger rows by fid; written when figures changed. */
export interface LedgerDoc {
  host: string;
  sources: SourceStatus[];
}

/** What the ids of all ledger documents of a host begin with, besides the host's name itself, which is one too. */
export const ledgerPrefix = (host: string): string => `${host}#`;

/** Id of the n-th ledger document of a host, or of one part of it: each part belongs to whoever consumes its partition. */
export function ledgerId(host: string, part: StatusPart | undefined, n: number): string {
  if (part) return `${ledgerPrefix(host)}${part.of}.${part.index}${n === 0 ? '' : `.${n}`}`;
  return n === 0 ? host : `${ledgerPrefix(host)}${n}`;
}
