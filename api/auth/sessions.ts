import type { Clock } from '../../model/clock.ts';
import type { StateStore } from '../../store/state-store.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { foldName, type UserDoc, type Users } from './users.ts';

const KIND = 'session';
const HOUR = 3600e6;
/** How stale `lastSeenAt` may get: writing it at every request would be a disk sync a request. */
const SEEN_EVERY = 60e6;

interface SessionDoc {
  user: string;
  era: number;
  /** µs. */
  createdAt: number;
  lastSeenAt: number;
}

export interface Sessions {
  /** The cookie's value; only its hash is kept. */
  create(user: UserDoc): Promise<string>;
  /** The live session of that cookie and its user, or null. */
  resolve(cookie: string): Promise<{ id: string; user: UserDoc } | null>;
  /** By hash. Ending what is not there resolves. */
  end(id: string): Promise<void>;
  /** Removes what has run out. */
  sweep(): Promise<void>;
}

export function createSessions(options: {
  state: StateStore;
  clock: Clock;
  users: Users;
  idleHours: number;
  hours: number;
}): Sessions {
  const { state, clock, users } = options;

  function over(session: SessionDoc): boolean {
    const now = clock.nowUs();
    return now - session.lastSeenAt > options.idleHours * HOUR || now - session.createdAt > options.hours * HOUR;
  }

  return {
    async create(user) {
      const cookie = newSecret();
      const now = clock.nowUs();
      const doc: SessionDoc = { user: foldName(user.name), era: user.era, createdAt: now, lastSeenAt: now };
      await state.put(KIND, hashSecret(cookie), doc, null);
      return cookie;
    },

    async resolve(cookie) {
      const id = hashSecret(cookie);
      const found = await state.get<SessionDoc>(KIND, id);
      if (!found) return null;
      const user = await users.get(found.doc.user);
      if (over(found.doc) || !user || !users.isActive(user) || user.era !== found.doc.era) {
        await state.delete(KIND, id);
        return null;
      }
      const now = clock.nowUs();
      if (now - found.doc.lastSeenAt > SEEN_EVERY) {
        // Another request may have written it, or ended the session: theirs counts.
        await state.put(KIND, id, { ...found.doc, lastSeenAt: now }, found.version).catch(() => undefined);
      }
      return { id, user };
    },

    end: (id) => state.delete(KIND, id),

    async sweep() {
      let cursor: string | undefined;
      do {
        const page = await state.list<SessionDoc>(KIND, { cursor, limit: 1_000 });
        for (const item of page.items) if (over(item.doc)) await state.delete(KIND, item.id);
        cursor = page.next ?? undefined;
      } while (cursor);
    },
  };
}
