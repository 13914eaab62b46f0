import { createHash } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { isCode } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { Rights } from './oidc-claims.ts';
import { foldName, newEra, USER_KIND, type UserDoc } from './users.ts';

/** From issuer and subject to the user: names change hands, subjects do not. */
const KIND = 'oidc-subject';
const TRIES = 10;

export interface OidcPerson {
  issuer: string;
  subject: string;
  name: string;
  /** Null when no group of theirs has any. */
  rights: Rights | null;
}

export interface OidcPeople {
  /**
   * Whoever signs in, as a user with the rights they have now; made at the first sign-in. The name stays the first one. `no_group` also takes
   * the rights of a person who had some, and ends their sessions. `name_taken`: a local user, or another person of the provider, has it.
   */
  enter(person: OidcPerson): Promise<UserDoc | 'no_group' | 'disabled' | 'name_taken'>;
}

export function createOidcPeople(options: { state: StateStore; clock: Clock }): OidcPeople {
  const { state, clock } = options;
  const idOf = ({ issuer, subject }: OidcPerson): string =>
    createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest('hex');
  const isTheirs = (user: UserDoc, { issuer, subject }: OidcPerson): boolean =>
    user.provider?.issuer === issuer && user.provider.subject === subject;

  async function once(person: OidcPerson): ReturnType<OidcPeople['enter']> {
    const known = await state.get<{ user: string }>(KIND, idOf(person));
    const key = known?.doc.user ?? foldName(person.name);
    const found = await state.get<UserDoc>(USER_KIND, key);
    const isSame = found !== null && isTheirs(found.doc, person);
    if (found && !isSame && !known) return person.rights ? 'name_taken' : 'no_group';
    if (!isSame && known) {
      // The user of old was removed, and somebody else may have the name by now: begin afresh.
      await state.delete(KIND, idOf(person), known.version);
      return once(person);
    }
    if (!person.rights) {
      if (found && found.doc.scopes.length > 0)
        await state.put(USER_KIND, key, { ...found.doc, role: 'reader', scopes: [], era: newEra() }, found.version);
      return 'no_group';
    }
    if (found?.doc.disabled) return 'disabled';
    const now = clock.nowUs();
    const { issuer, subject } = person;
    const user: UserDoc = found
      ? { ...found.doc, ...person.rights, lastLoginAt: now }
      : {
          name: person.name,
          ...person.rights,
          createdAt: now,
          lastLoginAt: now,
          disabled: false,
          password: '',
          era: newEra(),
          provider: { issuer, subject },
        };
    await state.put(USER_KIND, key, user, found?.version ?? null);
    if (!known) await state.put(KIND, idOf(person), { user: key });
    return user;
  }

  return {
    async enter(person) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(person);
        } catch (error) {
          if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error;
        }
      }
    },
  };
}
