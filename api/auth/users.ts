import { randomInt } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { FleetlogError, isCode } from '../../model/errors.ts';
import type { StateStore, Versioned } from '../../store/state-store.ts';
import type { Role, Scope } from '../contract.ts';
import { checkNewPassword, type Passwords } from './passwords.ts';
import { EVERYTHING } from './principal.ts';

export const USER_KIND = 'user';
const KIND = USER_KIND;
const DAY = 86_400e6;
/** Attempts at a change that others race with before it is given back as a conflict. */
const TRIES = 5;

/** As kept; the id is the folded name, so that `Ann` and `ann` are one person. */
export interface UserDoc {
  name: string;
  role: Extract<Role, 'admin' | 'reader'>;
  scopes: Scope[];
  /** µs. */
  createdAt: number;
  lastLoginAt: number | null;
  disabled: boolean;
  /** See `Passwords`. */
  password: string;
  /** Sessions made under another era are over: it changes with the password, when the user is disabled, and with each new user. */
  era: number;
  /** Who vouches for them, in place of a password: they come in by the login provider only. */
  provider?: { issuer: string; subject: string };
}

/** The login provider people come from, with `auth.mode: oidc`. */
export interface PeopleProvider {
  issuer: string;
  /** A person's tokens rest when their last sign-in is longer ago. */
  tokenDays: number;
}

/** Drawn, so that a session of somebody who was removed does not fit whoever gets the name next. */
export const newEra = (): number => randomInt(1, 2 ** 47);

export interface UserChange {
  password?: string;
  role?: UserDoc['role'];
  scopes?: Scope[];
  disabled?: boolean;
}

export interface Users {
  any(): Promise<boolean>;
  list(): Promise<UserDoc[]>;
  get(name: string): Promise<UserDoc | null>;
  /** Rejects with `already_exists` or `weak_password`. */
  create(user: { name: string; password: string; role?: UserDoc['role']; scopes?: Scope[] }): Promise<UserDoc>;
  /** Rejects with `not_found`, `weak_password`, or `last_admin` when nobody could administer afterwards. */
  change(name: string, change: UserChange): Promise<UserDoc>;
  remove(name: string): Promise<void>;
  /** The user when the password is theirs and they are not disabled; a miss takes as long as a hit. */
  verify(name: string, password: string): Promise<UserDoc | null>;
  sawLogin(name: string): Promise<void>;
  /** Whether they may come in: not disabled, and local or of the provider that is configured now. */
  isActive(user: UserDoc): boolean;
  /** Whether their tokens count: active, and vouched for by a sign-in at the provider that is not too long ago. */
  isVouchedFor(user: UserDoc): boolean;
}

export const foldName = (name: string): string => name.normalize('NFKC').toLowerCase();

export function createUsers(options: {
  state: StateStore;
  clock: Clock;
  passwords: Passwords;
  passwordLength: number;
  provider?: PeopleProvider | null;
}): Users {
  const { state, clock, passwords, passwordLength, provider = null } = options;

  const isActive = (user: UserDoc): boolean =>
    !user.disabled && (user.provider === undefined || user.provider.issuer === provider?.issuer);

  const find = (name: string): Promise<Versioned<UserDoc> | null> =>
    name.length > 0 && name.length <= 128 ? state.get<UserDoc>(KIND, foldName(name)) : Promise.resolve(null);

  async function list(): Promise<UserDoc[]> {
    const users: UserDoc[] = [];
    let cursor: string | undefined;
    do {
      const page = await state.list<UserDoc>(KIND, { cursor, limit: 1_000 });
      users.push(...page.items.map((item) => item.doc));
      cursor = page.next ?? undefined;
    } while (cursor);
    return users;
  }

  async function assertAdminBeside(user: UserDoc): Promise<void> {
    if (user.role !== 'admin' || user.disabled) return;
    const others = (await list()).filter((other) => other.role === 'admin' && !other.disabled);
    if (others.every((other) => foldName(other.name) === foldName(user.name))) {
      throw new FleetlogError('last_admin', undefined, { hint: 'make another user admin first' });
    }
  }

  async function edit(name: string, next: (user: UserDoc) => Promise<UserDoc>): Promise<UserDoc> {
    for (let attempt = 1; ; attempt++) {
      const found = await find(name);
      if (!found) throw new FleetlogError('not_found', `cannot find the user ${name}`);
      const doc = await next(found.doc);
      try {
        await state.put(KIND, foldName(name), doc, found.version);
        return doc;
      } catch (error) {
        if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error;
      }
    }
  }

  return {
    any: async () => (await state.list(KIND, { limit: 1 })).items.length > 0,
    list,
    get: async (name) => (await find(name))?.doc ?? null,

    async create({ name, password, role = 'reader', scopes = [...EVERYTHING] }) {
      checkNewPassword(password, name, passwordLength);
      const doc: UserDoc = {
        name: name.normalize('NFKC'),
        role,
        scopes,
        createdAt: clock.nowUs(),
        lastLoginAt: null,
        disabled: false,
        password: await passwords.hash(password),
        era: newEra(),
      };
      try {
        await state.put(KIND, foldName(name), doc, null);
      } catch (error) {
        if (isCode(error, 'version_conflict'))
          throw new FleetlogError('already_exists', `cannot create the user ${name}: there is one`, { cause: error });
        throw error;
      }
      return doc;
    },

    async change(name, change) {
      if (change.password !== undefined) checkNewPassword(change.password, name, passwordLength);
      const password = change.password === undefined ? null : await passwords.hash(change.password);
      return edit(name, async (user) => {
        if (user.provider) refuseRights(change);
        const loses = change.disabled === true || (change.role !== undefined && change.role !== 'admin');
        if (loses) await assertAdminBeside(user);
        return {
          ...user,
          role: change.role ?? user.role,
          scopes: change.scopes ?? user.scopes,
          disabled: change.disabled ?? user.disabled,
          password: password ?? user.password,
          era: user.era + (password !== null || change.disabled === true ? 1 : 0),
        };
      });
    },

    async remove(name) {
      const found = await find(name);
      if (!found) throw new FleetlogError('not_found', `cannot find the user ${name}`);
      await assertAdminBeside(found.doc);
      await state.delete(KIND, foldName(name), found.version);
    },

    async verify(name, password) {
      const user = (await find(name))?.doc ?? null;
      const right = await passwords.verify(password, user && !user.provider ? user.password : null);
      return right && user && isActive(user) ? user : null;
    },

    async sawLogin(name) {
      await edit(name, async (user) => ({ ...user, lastLoginAt: clock.nowUs() }));
    },
    isActive,
    isVouchedFor: (user) =>
      isActive(user) &&
      (user.provider === undefined || clock.nowUs() - (user.lastLoginAt ?? 0) <= (provider?.tokenDays ?? 0) * DAY),
  };
}

/** What the provider says at each sign-in would undo it. */
function refuseRights(change: UserChange): void {
  if (change.password === undefined && change.role === undefined && change.scopes === undefined) return;
  throw new FleetlogError(
    'bad_request',
    'cannot change password, role or scopes of somebody who signs in by a provider',
    {
      hint: 'change their groups at the provider, or auth.oidc.groups; here they can be disabled or removed',
    },
  );
}
