import type { Clock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import { hashSecret, newSecret, sameHash } from './secrets.ts';
import type { UserDoc, Users } from './users.ts';

const KIND = 'setup';
const ID = 'token';
const VALID_US = 3600e6;

interface SetupDoc {
  hash: string;
  /** µs. */
  expiresAt: number;
}

/** The first admin is made with a token that only the operator's terminal has shown. One a StateStore: a new one ends the former. */
export interface Setup {
  /** A fresh token, or null when there are users. */
  issue(): Promise<string | null>;
  /** Makes the first admin. Rejects with `setup_used`, `weak_password`. */
  redeem(token: string, name: string, password: string): Promise<UserDoc>;
}

export function createSetup(options: { state: StateStore; clock: Clock; users: Users }): Setup {
  const { state, clock, users } = options;
  const used = (): never => {
    throw new FleetlogError('setup_used', undefined, {
      hint: 'start Fleetlog again for a new link, or sign in when somebody has set it up',
    });
  };
  return {
    async issue() {
      if (await users.any()) return null;
      const token = newSecret();
      await state.put<SetupDoc>(KIND, ID, { hash: hashSecret(token), expiresAt: clock.nowUs() + VALID_US });
      return token;
    },

    async redeem(token, name, password) {
      const found = await state.get<SetupDoc>(KIND, ID);
      if (!found || found.doc.expiresAt <= clock.nowUs() || !sameHash(hashSecret(token), found.doc.hash)) return used();
      if (await users.any()) return used();
      // Deleting it under its version decides between two who redeem at once; a refused password must not use it up.
      const user = await users.create({ name, password, role: 'admin' });
      try {
        await state.delete(KIND, ID, found.version);
      } catch {
        await users.remove(name).catch(() => undefined);
        return used();
      }
      return user;
    },
  };
}
