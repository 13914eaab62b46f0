import type { ContainerStatus, SourceStatus, StatusBatch } from './batch.ts';

/** Documents ingest keeps per host in the StateStore and the API reads: kinds `host`, `inventory` and `ledger`, id = host name. */
export const HOST_KIND = 'host';
export const INVENTORY_KIND = 'inventory';
export const LEDGER_KIND = 'ledger';

/** Small, written at every status (2 s). */
export interface HostDoc {
  host: string;
  /** Collector's clock at its last status, µs. */
  time: number;
  /** Ingest's clock when it was searchable up to there, µs. */
  receivedAt: number;
  epoch: string;
  version: string;
  docker: { reachable: boolean; reason?: string };
  behind: StatusBatch['behind'];
  /** Known losses, newest last, at most 1,000. */
  gaps: (StatusBatch['gaps'][number] & { app: string; env: string })[];
  counters: Record<string, number>;
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
