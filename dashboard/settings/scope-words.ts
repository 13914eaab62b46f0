import type { Scope } from '../../api/contract.ts';
import { matchesAnything, matchesGlob } from '../../model/glob.ts';
import type { Words } from '../words/en.ts';

type ScopeWords = Words['settings']['scopes'];
interface PatternWords {
  exact(text: string): string;
  begins(text: string): string;
  ends(text: string): string;
  holds(text: string): string;
  like(pattern: string): string;
}

/** `shop-*` → "apps that begin with shop-". */
function patternText(pattern: string, words: PatternWords): string {
  const parts = pattern.split('*');
  if (parts.length === 1) return words.exact(pattern);
  const [first, last] = [parts[0], parts[parts.length - 1]];
  if (parts.length === 2 && last === '') return words.begins(first);
  if (parts.length === 2 && first === '') return words.ends(last);
  if (parts.length === 3 && first === '' && last === '') return words.holds(parts[1]);
  return words.like(pattern);
}

/** What scopes let their owner see, as a clause of a sentence. */
export function scopeText(scopes: Scope[], settings: Words['settings']): string {
  const words: ScopeWords = settings.scopes;
  if (scopes.length === 0) return settings.nothing;
  if (scopes.some(({ app, env }) => matchesAnything(app) && matchesAnything(env))) return settings.everything;
  return scopes
    .map(({ app, env }) => {
      const apps = matchesAnything(app) ? words.all : patternText(app, words);
      return matchesAnything(env) ? apps : words.join(apps, patternText(env, words.inEnv));
    })
    .join(words.and);
}

/** Of those that are there now, the ones that scopes let through; each once, in order. */
export function appsWithin(scopes: Scope[], there: { app: string; env: string }[]): string[] {
  const within = there.filter((one) =>
    scopes.some(({ app, env }) => matchesGlob(app, one.app) && matchesGlob(env, one.env)),
  );
  return [...new Set(within.map(({ app }) => app))].sort();
}
