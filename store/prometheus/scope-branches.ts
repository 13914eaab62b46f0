import { FleetlogError } from '../../model/errors.ts';
import { matchesAnything, matchesGlob } from '../../model/glob.ts';
import type { MetricScope } from '../metric-store.ts';
import type { Matcher } from './promql.ts';

/** Selectors that one query joins. A person's scopes are a few; a query of thousands would be slow for everyone. */
const MOST_BRANCHES = 200;

/** Patterns that all must match; none: any value. */
type Conjunction = string[];

interface Branch {
  app: Conjunction;
  env: Conjunction;
}

/**
 * Scopes as alternatives of label matchers: a selector knows only "and", so each alternative is a selector of its own. One alternative
 * without matchers allows everything; no alternative allows nothing. Throws `bad_request` for scopes that multiply to too many.
 */
export function scopeBranches(scopes: readonly (readonly MetricScope[])[]): Matcher[][] {
  let branches: Branch[] = [{ app: [], env: [] }];
  for (const list of scopes) {
    const next: Branch[] = [];
    for (const branch of branches)
      for (const scope of list) {
        const app = meet(branch.app, scope.app);
        const env = meet(branch.env, scope.env);
        if (app && env) next.push({ app, env });
      }
    branches = unlike(next);
  }
  const joined = joinApps(branches);
  if (joined.length > MOST_BRANCHES) {
    throw new FleetlogError('bad_request', `cannot ask for ${joined.length} combinations of scopes at once`, {
      hint: `use a token with fewer scopes; ${MOST_BRANCHES} combinations with those of its owner are the most`,
    });
  }
  return joined;
}

/** What matches all of `held` and `pattern`; null when nothing can. */
function meet(held: Conjunction, pattern: string): Conjunction | null {
  if (matchesAnything(pattern) || held.includes(pattern)) return held;
  const exact = held.find((one) => !one.includes('*'));
  if (exact !== undefined) return matchesGlob(pattern, exact) ? held : null;
  if (pattern.includes('*')) return [...held, pattern].sort();
  return held.every((one) => matchesGlob(one, pattern)) ? [pattern] : null;
}

/** Without repetitions, and without those that another one holds. */
function unlike(branches: Branch[]): Branch[] {
  const byText = new Map(branches.map((branch) => [JSON.stringify(branch), branch]));
  const all = [...byText.values()];
  const holds = (a: Branch, b: Branch): boolean =>
    a !== b && a.app.every((one) => b.app.includes(one)) && a.env.every((one) => b.env.includes(one));
  return all.filter((branch) => !all.some((other) => holds(other, branch)));
}

/** Branches that differ in one app pattern only become one selector with alternatives. */
function joinApps(branches: Branch[]): Matcher[][] {
  const groups = new Map<string, string[]>();
  const rest: Branch[] = [];
  for (const branch of branches) {
    if (branch.app.length !== 1) rest.push(branch);
    else {
      const key = JSON.stringify(branch.env);
      groups.set(key, [...(groups.get(key) ?? []), branch.app[0]]);
    }
  }
  const one = (label: string, patterns: Conjunction): Matcher[] =>
    patterns.map((pattern) => ({ label, patterns: [pattern] }));
  return [
    ...[...groups].map(([env, apps]) => [
      { label: 'app', patterns: [...apps].sort() },
      ...one('env', JSON.parse(env) as Conjunction),
    ]),
    ...rest.map((branch) => [...one('app', branch.app), ...one('env', branch.env)]),
  ];
}
