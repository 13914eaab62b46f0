import type { SourceStatus, StatusBatch } from '../model/batch.ts';
import { isCode } from '../model/errors.ts';
import { LEDGER_KIND, type LedgerDoc, ledgerId, ledgerPrefix } from '../model/fleet.ts';
import type { StateStore, Version } from '../store/state-store.ts';
import { mergeSources, speaksOf } from './status-merge.ts';

/** Sources in one ledger document: keeps it under the state store's 4 MiB. */
const SOURCES_PER_DOC = 2_000;

/** The ledger rows one consumer keeps of a host, or of one part of it. */
export interface KeptLedger {
  sources: Map<string, SourceStatus>;
  /** Merges a status and writes what changed. Someone else's writes, of a time when the partition was theirs, are read first. */
  merge(status: StatusBatch): Promise<void>;
}

export async function openKeptLedger(
  state: StateStore,
  about: StatusBatch,
  retentionDays: number,
): Promise<KeptLedger> {
  const { host, part } = about;
  const sources = new Map<string, SourceStatus>();
  let versions: Version[] = [];

  async function load(): Promise<void> {
    sources.clear();
    versions = [];
    for (;;) {
      const kept = await state.get<LedgerDoc>(LEDGER_KIND, ledgerId(host, part, versions.length));
      if (!kept) break;
      versions.push(kept.version);
      for (const source of kept.doc.sources) sources.set(source.fid, source);
    }
    if (versions.length > 0) return;
    // Rows of a time when this host's statuses came whole, or in another number of parts.
    for (const { doc } of await ledgerDocs(state, host))
      for (const source of doc.sources) if (speaksOf(about, source.fid)) sources.set(source.fid, source);
  }

  async function write(): Promise<void> {
    const all = [...sources.values()];
    const wanted = Math.max(1, Math.ceil(all.length / SOURCES_PER_DOC));
    for (let n = 0; n < wanted; n++) {
      const rows = all.slice(n * SOURCES_PER_DOC, (n + 1) * SOURCES_PER_DOC);
      const id = ledgerId(host, part, n);
      versions[n] = await state.put<LedgerDoc>(LEDGER_KIND, id, { host, sources: rows }, versions[n] ?? null);
    }
    while (versions.length > wanted) {
      await state.delete(LEDGER_KIND, ledgerId(host, part, versions.length - 1), versions.at(-1));
      versions.pop();
    }
  }

  await load();
  return {
    sources,
    async merge(status) {
      for (let attempt = 1; ; attempt++) {
        if (!mergeSources(sources, status, retentionDays)) return;
        try {
          return await write();
        } catch (error) {
          if (!isCode(error, 'version_conflict') || attempt === 10) throw error;
          await load();
        }
      }
    },
  };
}

/** Removes ledger documents of another division into parts; call it when every part has its own. */
export async function dropOtherLedgers(state: StateStore, { host, part }: StatusBatch): Promise<void> {
  const own = part ? new RegExp(`^${part.of}\\.\\d+(\\.\\d+)?$`) : /^\d+$/;
  for (const { id } of await ledgerDocs(state, host)) {
    const mine = id === host ? !part : own.test(id.slice(ledgerPrefix(host).length));
    if (!mine) await state.delete(LEDGER_KIND, id);
  }
}

/** All ledger documents of a host, however they are divided. */
async function ledgerDocs(state: StateStore, host: string): Promise<{ id: string; doc: LedgerDoc }[]> {
  const found: { id: string; doc: LedgerDoc }[] = [];
  const whole = await state.get<LedgerDoc>(LEDGER_KIND, host);
  if (whole) found.push({ id: host, doc: whole.doc });
  let cursor: string | undefined;
  do {
    const page = await state.list<LedgerDoc>(LEDGER_KIND, { prefix: ledgerPrefix(host), cursor });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor);
  return found;
}
