/**
 * Small documents shared by every API node: users, tokens, sessions, views, inventory, later rules and outbox.
 * One document is the only unit of atomicity. Held by `test/suites/state-store-suite.ts`.
 *
 * Kinds and ids are 1–512 characters; a document is JSON, at most 4 MiB. Versions are opaque, larger after each change.
 */
export interface StateStore {
  get<T>(kind: string, id: string): Promise<Versioned<T> | null>;
  /**
   * `expectedVersion`: undefined overwrites whatever is there; null demands that nothing is there; a version demands that one.
   * Rejects with `version_conflict`, or with `lease_stale` when `lease` was taken over by someone else. Resolves when durable.
   */
  put<T>(kind: string, id: string, doc: T, expectedVersion?: Version | null, lease?: Lease): Promise<Version>;
  /** Deleting what is not there resolves (unless a version was expected: `version_conflict`). */
  delete(kind: string, id: string, expectedVersion?: Version, lease?: Lease): Promise<void>;
  /** Documents whose id begins with `prefix`, in order of id (code points); sees the caller's own writes. */
  list<T>(
    kind: string,
    options?: ListOptions,
  ): Promise<{ items: (Versioned<T> & { id: string })[]; next: string | null }>;
  /**
   * Takes or renews a named lease for `ms`; null while another holder has it. A new holder gets a higher epoch. Whether
   * a lease has run out is judged by how long its document has not changed on the observer's own monotonic clock.
   */
  lease(name: string, ms: number, holder: string): Promise<Lease | null>;
  release(lease: Lease): Promise<void>;
  close(): Promise<void>;
}

export type Version = number;

export interface Versioned<T> {
  doc: T;
  version: Version;
}

export interface ListOptions {
  prefix?: string;
  /** From a former `next`. */
  cursor?: string;
  /** 100 by default, 1,000 at most. */
  limit?: number;
}

export interface Lease {
  name: string;
  holder: string;
  epoch: number;
}
