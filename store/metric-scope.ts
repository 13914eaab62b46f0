import { matchesAnything } from '../model/glob.ts';
import type { MetricScope } from './metric-store.ts';

/** True when the scopes hold nothing back, of any app and env there is or will be. */
export function allowsEverything(scopes: readonly (readonly MetricScope[])[]): boolean {
  return scopes.every((list) => list.some(({ app, env }) => matchesAnything(app) && matchesAnything(env)));
}
