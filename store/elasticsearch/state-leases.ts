import type { Clock } from '../../model/clock.ts';
import { FleetlogError, isCode } from '../../model/errors.ts';
import type { Lease, Version } from '../state-store.ts';
import type { StateDocuments } from './state-documents.ts';

/** No name of a caller's kind can hold NUL. */
const KIND = '\0lease';
const TRIES = 20;

interface LeaseDoc {
  /** Null: released. The epoch stays, so that the next holder gets a higher one. */
  holder: string | null;
  epoch: number;
  ms: number;
}

export interface StateLeases {
  take(name: string, ms: number, holder: string): Promise<Lease | null>;
  release(lease: Lease): Promise<void>;
  /** Rejects with `lease_stale` unless that holder has it under that epoch. */
  assertHeld(lease: Lease): Promise<void>;
}

/** See `StateStore.lease`: one document a lease, changed under its version, and no clock but the observer's own monotonic one. */
export function createStateLeases(documents: StateDocuments, clock: Clock): StateLeases {
  /** When this observer first saw a lease in its present version. */
  const observed = new Map<string, { version: Version; since: number }>();

  async function read(name: string): Promise<{ doc: LeaseDoc; version: Version } | null> {
    const found = await documents.get(KIND, name);
    return found && { doc: JSON.parse(found.text) as LeaseDoc, version: found.version };
  }

  function isOver(name: string, { doc, version }: { doc: LeaseDoc; version: Version }): boolean {
    const seen = observed.get(name);
    if (seen?.version !== version) {
      observed.set(name, { version, since: clock.monotonicMs() });
      return false;
    }
    return clock.monotonicMs() - seen.since >= doc.ms;
  }

  const holds = (found: { doc: LeaseDoc } | null, lease: Lease): boolean =>
    found !== null && found.doc.holder === lease.holder && found.doc.epoch === lease.epoch;

  return {
    async take(name, ms, holder) {
      for (let attempt = 1; attempt <= TRIES; attempt++) {
        const found = await read(name);
        const isOthers = found !== null && found.doc.holder !== null && found.doc.holder !== holder;
        if (isOthers && !isOver(name, found)) return null;
        const epoch = found === null ? 1 : found.doc.holder === holder ? found.doc.epoch : found.doc.epoch + 1;
        const doc: LeaseDoc = { holder, epoch, ms };
        try {
          await documents.put(KIND, name, JSON.stringify(doc), found?.version ?? null);
          observed.delete(name);
          return { name, holder, epoch };
        } catch (error) {
          if (!isCode(error, 'version_conflict')) throw error;
        }
      }
      return null;
    },

    async release(lease) {
      const found = await read(lease.name);
      if (!found || !holds(found, lease)) return;
      const doc: LeaseDoc = { holder: null, epoch: lease.epoch, ms: 0 };
      try {
        await documents.put(KIND, lease.name, JSON.stringify(doc), found.version);
      } catch (error) {
        // Renewed or taken meanwhile: then it is not this one's to release.
        if (!isCode(error, 'version_conflict')) throw error;
      }
    },

    async assertHeld(lease) {
      if (holds(await read(lease.name), lease)) return;
      throw new FleetlogError(
        'lease_stale',
        `cannot write under the lease ${lease.name}: another holder has it by now`,
      );
    },
  };
}
