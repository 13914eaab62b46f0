import { DatabaseSync } from 'node:sqlite';
import { type Clock, systemClock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { Lease, ListOptions, StateStore, Version, Versioned } from '../state-store.ts';
import { openStateFile } from './state-schema.ts';
import { startStateWriterThread } from './state-writer-thread.ts';
import type { LeaseRow } from './state-writes.ts';

const NAME_CHARS = 512;
const DOC_BYTES = 4 << 20;

interface Row {
  id: string;
  version: number;
  doc: string;
}

/**
 * StateStore in one SQLite file. Reads run here (microseconds, from the page cache); writes go to a thread that groups them
 * and syncs. A read that starts after a write resolved sees it.
 */
export async function createSqliteStateStore(options: { file: string; clock?: Clock }): Promise<StateStore> {
  const clock = options.clock ?? systemClock;
  // Refusals come from this thread, with their code; then the file is ours to read.
  openStateFile(options.file).close();
  const writer = await startStateWriterThread(options.file);
  const reader = new DatabaseSync(options.file, { readOnly: true, timeout: 10_000 });
  const getDoc = reader.prepare('SELECT version, doc FROM docs WHERE kind = ? AND id = ?');
  const listFrom = reader.prepare('SELECT id, version, doc FROM docs WHERE kind = ? AND id >= ? ORDER BY id LIMIT ?');
  const listAfter = reader.prepare('SELECT id, version, doc FROM docs WHERE kind = ? AND id > ? ORDER BY id LIMIT ?');
  const getLease = reader.prepare('SELECT holder, epoch, ms, version FROM leases WHERE name = ?');
  /** When this observer first saw a lease in its present version. */
  const observed = new Map<string, { version: Version; since: number }>();
  let closing: Promise<void> | null = null;

  function assertOpen(): void {
    if (closing) throw new FleetlogError('closed', 'cannot use the state store: it is closed');
  }

  return {
    async get<T>(kind: string, id: string): Promise<Versioned<T> | null> {
      assertOpen();
      checkName(kind);
      checkName(id);
      const row = getDoc.get(kind, id) as unknown as Row | undefined;
      return row ? { doc: JSON.parse(row.doc) as T, version: row.version } : null;
    },

    async put<T>(kind: string, id: string, doc: T, expected?: Version | null, lease?: Lease): Promise<Version> {
      assertOpen();
      checkName(kind);
      checkName(id);
      const text = JSON.stringify(doc);
      if (text === undefined) throw new FleetlogError('bad_request', 'cannot store a document that is no JSON');
      if (Buffer.byteLength(text) > DOC_BYTES)
        throw new FleetlogError('body_too_large', `cannot store ${kind} ${id}: over ${DOC_BYTES} bytes`);
      const answer = await writer.write({ op: 'put', kind, id, doc: text, expected, lease });
      return accept(answer, `cannot put ${kind} ${id}`).version;
    },

    async delete(kind, id, expected, lease) {
      assertOpen();
      checkName(kind);
      checkName(id);
      accept(await writer.write({ op: 'delete', kind, id, expected, lease }), `cannot delete ${kind} ${id}`);
    },

    async list<T>(kind: string, list: ListOptions = {}) {
      assertOpen();
      checkName(kind);
      const prefix = list.prefix ?? '';
      const limit = Math.min(Math.max(list.limit ?? 100, 1), 1_000);
      const rows = (list.cursor === undefined
        ? listFrom.all(kind, prefix, limit + 1)
        : listAfter.all(kind, list.cursor, limit + 1)) as unknown as Row[];
      const within = rows.filter((row) => row.id.startsWith(prefix));
      const page = within.slice(0, limit);
      return {
        items: page.map((row) => ({ id: row.id, version: row.version, doc: JSON.parse(row.doc) as T })),
        next: within.length > limit ? page[limit - 1].id : null,
      };
    },

    async lease(name, ms, holder) {
      assertOpen();
      checkName(name);
      checkName(holder);
      const row = getLease.get(name) as unknown as LeaseRow | undefined;
      if (row && row.holder !== null && row.holder !== holder) {
        const seen = observed.get(name);
        if (seen?.version !== row.version) {
          observed.set(name, { version: row.version, since: clock.monotonicMs() });
          return null;
        }
        if (clock.monotonicMs() - seen.since < row.ms) return null;
      }
      const answer = await writer.write({ op: 'lease', name, holder, ms, seen: row?.version ?? null });
      if ('refused' in answer) return null;
      const { epoch } = accept(answer, `cannot lease ${name}`);
      observed.delete(name);
      return { name, holder, epoch: epoch! };
    },

    async release(lease) {
      assertOpen();
      accept(await writer.write({ op: 'release', lease }), `cannot release ${lease.name}`);
    },

    close() {
      closing ??= writer.close().finally(() => reader.close());
      return closing;
    },
  };
}

function checkName(name: string): void {
  if (name.length >= 1 && name.length <= NAME_CHARS && name.isWellFormed() && !name.includes('\0')) return;
  throw new FleetlogError('bad_request', `cannot use ${JSON.stringify(name.slice(0, 40))} as a kind or id`, {
    hint: `1 to ${NAME_CHARS} characters`,
  });
}

type Answer = Awaited<ReturnType<Awaited<ReturnType<typeof startStateWriterThread>>['write']>>;

function accept(answer: Answer, what: string): { version: Version; epoch?: number } {
  if ('refused' in answer) throw new FleetlogError(answer.refused, `${what}: ${answer.refused.replace('_', ' ')}`);
  if ('failed' in answer) throw new FleetlogError('unavailable', `${what}: ${answer.failed}`);
  return answer;
}
