import type { QueryStats } from '../store/log-store.ts';
import type { Principal } from './auth/principal.ts';
import { seesEverything } from './scope.ts';

/**
 * What an answer cost, as its caller may know it. Blocks hold lines of several apps: whether one was read tells of words in lines outside
 * the caller's scope, so that only those without one see more than the time.
 */
export function shownStats(stats: QueryStats, principal: Pick<Principal, 'scopes' | 'within'>): QueryStats {
  return seesEverything(principal) ? stats : { tookMs: stats.tookMs, blocksRead: 0, blocksTotal: 0, bytesRead: 0 };
}
