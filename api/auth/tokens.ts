import { randomBytes } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { Role, Scope } from '../contract.ts';
import { hashSecret, newSecret, sameHash } from './secrets.ts';

const KIND = 'token';
const DAY = 86_400e6;
const USED_EVERY = 60e6;
/** The prefix lets secret scanners find one that leaked. */
const SHAPE = /^flt_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;

export interface TokenDoc {
  id: string;
  name: string;
  role: Role;
  scopes: Scope[];
  host: string | null;
  /** µs. */
  createdAt: number;
  createdBy: string;
  /** Folded name of the person whose token it is; null for machines. */
  owner: string | null;
  expiresAt: number | null;
  lastUsedAt: number | null;
  hash: string;
}

export interface Tokens {
  /** `secret` is the whole token and is never shown again. */
  create(token: Omit<TokenDoc, 'id' | 'createdAt' | 'lastUsedAt' | 'hash' | 'expiresAt'> & { days?: number }): Promise<{
    token: TokenDoc;
    secret: string;
  }>;
  /** The token when it is intact and has not expired. */
  resolve(secret: string): Promise<TokenDoc | null>;
  list(): Promise<TokenDoc[]>;
  get(id: string): Promise<TokenDoc | null>;
  /** Rejects with `not_found`. */
  remove(id: string): Promise<void>;
}

export function createTokens(options: { state: StateStore; clock: Clock }): Tokens {
  const { state, clock } = options;
  const get = async (id: string): Promise<TokenDoc | null> =>
    /^[a-z0-9]{12}$/.test(id) ? ((await state.get<TokenDoc>(KIND, id))?.doc ?? null) : null;

  return {
    get,

    async create({ days, ...token }) {
      const id = randomBytes(6).toString('hex');
      const secret = newSecret();
      const now = clock.nowUs();
      const doc: TokenDoc = {
        ...token,
        id,
        createdAt: now,
        expiresAt: days === undefined ? null : now + days * DAY,
        lastUsedAt: null,
        hash: hashSecret(secret),
      };
      await state.put(KIND, id, doc, null);
      return { token: doc, secret: `flt_${id}_${secret}` };
    },

    async resolve(given) {
      const shape = SHAPE.exec(given);
      const found = shape && (await state.get<TokenDoc>(KIND, shape[1]));
      if (!found || !sameHash(hashSecret(shape[2]), found.doc.hash)) return null;
      const now = clock.nowUs();
      if (found.doc.expiresAt !== null && found.doc.expiresAt <= now) return null;
      if (now - (found.doc.lastUsedAt ?? 0) > USED_EVERY) {
        // With its version, so that a token removed meanwhile stays removed.
        await state.put(KIND, shape[1], { ...found.doc, lastUsedAt: now }, found.version).catch(() => undefined);
      }
      return found.doc;
    },

    async list() {
      const tokens: TokenDoc[] = [];
      let cursor: string | undefined;
      do {
        const page = await state.list<TokenDoc>(KIND, { cursor, limit: 1_000 });
        tokens.push(...page.items.map((item) => item.doc));
        cursor = page.next ?? undefined;
      } while (cursor);
      return tokens;
    },

    async remove(id) {
      if (!(await get(id))) throw new FleetlogError('not_found', 'cannot find that token');
      await state.delete(KIND, id);
    },
  };
}
