import type { Config } from '../../model/config.ts';
import type { Scope } from '../contract.ts';
import type { UserDoc } from './users.ts';

export interface Rights {
  role: UserDoc['role'];
  scopes: Scope[];
}

/** A claim by its name; where there is none of that name, dots lead into objects (`realm_access.roles`). */
export function claimOf(claims: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce<unknown>((at, part) => {
    const isObject = typeof at === 'object' && at !== null && !Array.isArray(at);
    return isObject && Object.hasOwn(at, part) ? (at as Record<string, unknown>)[part] : undefined;
  }, claims);
}

/** The groups a person is in: a list of strings, or a single one. Anything else is none. */
export function groupsOf(claims: Record<string, unknown>, name: string): string[] {
  const value = claimOf(claims, name);
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string' && one !== '');
}

/**
 * What these groups may do: the highest role and all scopes of every rule that matches, `*` being everyone. Null when none does: then
 * the person does not get in.
 */
export function rightsOf(groups: string[], rules: Config['auth']['oidc']['groups']): Rights | null {
  const mine = rules.filter((rule) => rule.group === '*' || groups.includes(rule.group));
  if (mine.length === 0) return null;
  const scopes = new Map(mine.map(({ app, env }) => [JSON.stringify([app, env]), { app, env }]));
  return { role: mine.some((rule) => rule.role === 'admin') ? 'admin' : 'reader', scopes: [...scopes.values()] };
}

const NAME_CHARS = 128;

/** The name as it can stand in a list and a path, or null. What is no letter of a name becomes `-`, invisible characters too. */
export function personName(claims: Record<string, unknown>, name: string): string | null {
  const value = claimOf(claims, name);
  if (typeof value !== 'string') return null;
  const plain = value
    .normalize('NFKC')
    .trim()
    .replace(/[\s/:\p{C}]+/gu, '-');
  const cut = [...plain].slice(0, NAME_CHARS / 2).join('');
  return cut === '' || cut === '-' ? null : cut;
}
