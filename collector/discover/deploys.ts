import type { ContainerRecord } from '../docker/record.ts';
import type { Identity } from '../identity/identity.ts';

interface Seen {
  id: string;
  image: string;
  imageId: string;
  version: string;
  createdAt: number;
}

/** Places remembered: far more than a host runs at once; the ones not seen for longest go first. */
const PLACES = 10_000;

/** Notices that a place (app, env, instance) now runs another image than the container before it did. */
export interface Deploys {
  /** A container that was there already: no deploy, but what the next one is compared with. */
  known(record: ContainerRecord, identity: Identity): void;
  /** A container started; attributes of the `deploy` event when it is a new one with another image, else null. */
  started(record: ContainerRecord, identity: Identity): Record<string, string> | null;
}

export function createDeploys(): Deploys {
  const places = new Map<string, Seen>();
  const keyOf = (identity: Identity): string => `${identity.app}\0${identity.env}\0${identity.instance}`;

  function remember(key: string, record: ContainerRecord, identity: Identity): void {
    places.delete(key);
    places.set(key, {
      id: record.id,
      image: record.image,
      imageId: record.imageId,
      version: identity.version,
      createdAt: record.createdAt ?? 0,
    });
    if (places.size > PLACES) places.delete(places.keys().next().value!);
  }

  return {
    known(record, identity) {
      const key = keyOf(identity);
      const before = places.get(key);
      if (!before || before.createdAt <= (record.createdAt ?? 0)) remember(key, record, identity);
    },
    started(record, identity) {
      const key = keyOf(identity);
      const before = places.get(key);
      if (before && before.id !== record.id && before.createdAt > (record.createdAt ?? 0)) return null;
      remember(key, record, identity);
      if (!before || before.id === record.id || !differs(before, record)) return null;
      return {
        image: record.image,
        version: identity.version,
        previousImage: before.image,
        previousVersion: before.version,
      };
    },
  };
}

/** A tag that was built anew (`latest`) shows in the image's id; where an id is unknown the reference has to do. */
function differs(before: Seen, now: ContainerRecord): boolean {
  if (before.imageId && now.imageId) return before.imageId !== now.imageId;
  return before.image !== now.image;
}
