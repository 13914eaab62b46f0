import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Lease, Version } from '../state-store.ts';

export type Write =
  | { op: 'put'; kind: string; id: string; doc: string; expected: Version | null | undefined; lease?: Lease }
  | { op: 'delete'; kind: string; id: string; expected: Version | undefined; lease?: Lease }
  /** Takes or renews; `seen` is the version the observer judged (null: there was none). */
  | { op: 'lease'; name: string; holder: string; ms: number; seen: Version | null }
  | { op: 'release'; lease: Lease };

export type WriteRequest = Write & { call: number };

export type WriteAnswer =
  | { call: number; version: Version; epoch?: number }
  | { call: number; refused: 'version_conflict' | 'lease_stale' }
  /** An I/O error; nothing of the group was written. */
  | { call: number; failed: string };

export interface LeaseRow {
  holder: string | null;
  epoch: number;
  ms: number;
  version: Version;
}

interface Statements {
  next: StatementSync;
  version: StatementSync;
  put: StatementSync;
  remove: StatementSync;
  lease: StatementSync;
  putLease: StatementSync;
}

export function prepareWrites(db: DatabaseSync): Statements {
  return {
    next: db.prepare('UPDATE counter SET last = last + 1 RETURNING last'),
    version: db.prepare('SELECT version FROM docs WHERE kind = ? AND id = ?'),
    put: db.prepare(
      'INSERT INTO docs (kind, id, version, doc) VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, doc = excluded.doc',
    ),
    remove: db.prepare('DELETE FROM docs WHERE kind = ? AND id = ?'),
    lease: db.prepare('SELECT holder, epoch, ms, version FROM leases WHERE name = ?'),
    putLease: db.prepare(
      'INSERT INTO leases (name, holder, epoch, ms, version) VALUES (?, ?, ?, ?, ?) ' +
        'ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, ms = excluded.ms, version = excluded.version',
    ),
  };
}

/** One write within the caller's transaction. A refused write changes nothing. */
export function applyWrite(s: Statements, request: WriteRequest): WriteAnswer {
  const { call } = request;
  switch (request.op) {
    case 'put': {
      const refused = check(s, request);
      if (refused) return { call, refused };
      const version = next(s);
      s.put.run(request.kind, request.id, version, request.doc);
      return { call, version };
    }
    case 'delete': {
      const refused = check(s, request);
      if (refused) return { call, refused };
      s.remove.run(request.kind, request.id);
      return { call, version: next(s) };
    }
    case 'lease': {
      const row = s.lease.get(request.name) as LeaseRow | undefined;
      if ((row?.version ?? null) !== request.seen) return { call, refused: 'version_conflict' };
      const epoch = row ? (row.holder === request.holder ? row.epoch : row.epoch + 1) : 1;
      const version = next(s);
      s.putLease.run(request.name, request.holder, epoch, request.ms, version);
      return { call, version, epoch };
    }
    case 'release': {
      const { name, epoch } = request.lease;
      const version = next(s);
      // The epoch stays, so that the next holder gets a higher one.
      if (holds(s, request.lease)) s.putLease.run(name, null, epoch, 0, version);
      return { call, version };
    }
  }
}

/** One counter for all documents: a document that is deleted and made again never repeats a version. */
function next(s: Statements): Version {
  return (s.next.get() as { last: number }).last;
}

function holds(s: Statements, lease: Lease): boolean {
  const row = s.lease.get(lease.name) as LeaseRow | undefined;
  return row !== undefined && row.holder === lease.holder && row.epoch === lease.epoch;
}

function check(
  s: Statements,
  write: { kind: string; id: string; expected: Version | null | undefined; lease?: Lease },
): 'version_conflict' | 'lease_stale' | null {
  if (write.lease && !holds(s, write.lease)) return 'lease_stale';
  if (write.expected === undefined) return null;
  const row = s.version.get(write.kind, write.id) as { version: number } | undefined;
  return (row?.version ?? null) === write.expected ? null : 'version_conflict';
}
