import type { Me, Role, Scope } from '../contract.ts';

/** Whoever makes a request, resolved afresh for each one. */
export interface Principal {
  /** `user:NAME`, `token:ID` or `anonymous`; concurrency is counted by it. */
  id: string;
  /** For people and logs. */
  name: string;
  kind: Me['kind'];
  role: Role;
  scopes: Scope[];
  /** Scopes of the person a token belongs to: a token never sees more than they do now. */
  within: Scope[] | null;
  /** Role collector: the only host it may write; role push: the host of lines that name none. */
  host: string | null;
  /** The person behind it, whose end is its end; null for machines. */
  owner: string | null;
  /** Hash of the session, when it came with a cookie. */
  session: string | null;
}

export const EVERYTHING: readonly Scope[] = [{ app: '*', env: '*' }];

/** What a route asks of its caller. `open` needs none; `peer` is decided by the route itself (/metrics). */
export type Access = 'open' | 'peer' | 'any' | 'read' | 'admin' | 'collect' | 'push';

const ROLES: Record<Exclude<Access, 'open' | 'peer'>, readonly Role[]> = {
  any: ['admin', 'reader', 'collector', 'push', 'metrics'],
  read: ['admin', 'reader'],
  admin: ['admin'],
  collect: ['collector'],
  push: ['push', 'admin'],
};

export function mayAccess(principal: Principal, access: Exclude<Access, 'open' | 'peer'>): boolean {
  return ROLES[access].includes(principal.role);
}

/** `auth.mode none`: everyone on this machine. */
export const ANONYMOUS: Principal = {
  id: 'anonymous',
  name: 'anonymous',
  kind: 'anonymous',
  role: 'admin',
  scopes: [...EVERYTHING],
  within: null,
  host: null,
  owner: null,
  session: null,
};
