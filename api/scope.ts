import { FleetlogError } from '../model/errors.ts';
import { matchesAnything, matchesGlob } from '../model/glob.ts';
import { and, fieldGlob, or } from '../model/query/build.ts';
import type { Query } from '../model/query/tree.ts';
import type { Principal } from './auth/principal.ts';
import type { Scope } from './contract.ts';

/**
 * The principal's permissions as a tree. Every store call gets `and(scopeQuery, …)`, also context, notes and completion: the
 * scope stands over the whole of the user's query and never inside it.
 */
export function scopeQuery(principal: Pick<Principal, 'scopes' | 'within'>): Query {
  return and(anyOf(principal.scopes), principal.within ? anyOf(principal.within) : { type: 'all' });
}

/** True when it sees every app and env, also ones that do not exist yet. */
export function seesEverything(principal: Pick<Principal, 'scopes' | 'within'>): boolean {
  return scopeQuery(principal).type === 'all';
}

/** For figures that are of all apps together and cannot be parted by scope. Throws `forbidden`. */
export function assertSeesEverything(principal: Pick<Principal, 'scopes' | 'within'>): void {
  if (seesEverything(principal)) return;
  throw new FleetlogError('forbidden', undefined, {
    hint: 'these figures are of all apps; the scope holds some of them',
  });
}

/** The same decision for one app and env, for documents that are no records. */
export function scopeAllows(principal: Pick<Principal, 'scopes' | 'within'>, app: string, env: string): boolean {
  const allows = (scopes: Scope[]): boolean =>
    scopes.some((scope) => matchesGlob(scope.app, app) && matchesGlob(scope.env, env));
  return allows(principal.scopes) && (principal.within === null || allows(principal.within));
}

/** True when the principal may see something that the scope covers too. */
export function scopeMeets(principal: Pick<Principal, 'scopes' | 'within'>, scope: Scope): boolean {
  const meets = (scopes: Scope[]): boolean =>
    scopes.some((one) => patternsMeet(one.app, scope.app) && patternsMeet(one.env, scope.env));
  return meets(principal.scopes) && (principal.within === null || meets(principal.within));
}

/** True when some value matches both patterns. */
export function patternsMeet(a: string, b: string): boolean {
  // reach[j]: what is read of `a` so far can be the same text as the first j characters of `b`.
  let reach = starsFrom(
    b,
    Array.from({ length: b.length + 1 }, (_, j) => j === 0),
  );
  for (const char of a) {
    const next = reach.map((_, j) => {
      if (char === '*') return reach.slice(0, j + 1).some(Boolean);
      return j > 0 && reach[j - 1] && b[j - 1] === char;
    });
    // A star of `b` takes one more character of `a`.
    if (char !== '*') for (let j = 1; j <= b.length; j++) if (b[j - 1] === '*' && reach[j]) next[j] = true;
    reach = starsFrom(b, next);
  }
  return reach[b.length];
}

/** A star may stand for nothing. */
function starsFrom(pattern: string, reach: boolean[]): boolean[] {
  for (let j = 1; j <= pattern.length; j++) if (pattern[j - 1] === '*' && reach[j - 1]) reach[j] = true;
  return reach;
}

function anyOf(scopes: Scope[]): Query {
  return or(...scopes.map((scope) => and(pattern('app', scope.app), pattern('env', scope.env))));
}

/** A pattern that matches every value must not ask for one: the scope `*` also covers lines without an env. */
function pattern(field: string, value: string): Query {
  return matchesAnything(value) ? { type: 'all' } : fieldGlob(field, value);
}
