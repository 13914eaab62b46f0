import type { CollectorConfig } from '../../model/config.ts';
import { matchesGlob } from '../../model/glob.ts';
import type { Source } from '../../model/source.ts';
import { compilePattern } from '../../model/user-patterns.ts';

/** Says whether a message is kept. */
export type LineFilter = (message: string) => boolean;

/**
 * Filters for a source by the `collector.filters` that name its app and env: all of them must keep a line. Null when none
 * speaks of it. Throws `bad_config` for a pattern that is no RE2.
 */
export function createLineFilters(filters: CollectorConfig['filters']): (source: Source) => LineFilter | null {
  const compiled = filters.map((filter, i) => ({
    ...filter,
    keep: filter.include ? compilePattern(filter.include, `collector.filters[${i}].include`) : null,
    refuse: filter.exclude ? compilePattern(filter.exclude, `collector.filters[${i}].exclude`) : null,
  }));
  return ({ app, env }) => {
    const mine = compiled.filter((filter) => matchesGlob(filter.app, app) && matchesGlob(filter.env, env));
    if (mine.length === 0) return null;
    return (message) => mine.every(({ keep, refuse }) => (!keep || keep.test(message)) && !refuse?.test(message));
  };
}
