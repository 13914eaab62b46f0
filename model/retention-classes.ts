import type { RetentionConfig } from './config.ts';
import { matchesGlob } from './glob.ts';

export interface RetentionClass {
  name: string;
  days: number;
  /** 0 is no limit of its own. */
  bytes: number;
}

export interface RetentionClasses {
  /** The class of a source; the first that matches, else `default`. */
  of(app: string, env: string): RetentionClass;
  /** A class by its stored name; one that left the configuration keeps as long as `default`. */
  named(name: string): RetentionClass;
  /** The longest any class keeps, in days. */
  longestDays: number;
}

export function createRetentionClasses(config: RetentionConfig): RetentionClasses {
  const fallback: RetentionClass = { name: 'default', days: config.days, bytes: 0 };
  const all = config.classes.map(({ name, days, bytes }) => ({ name, days, bytes }));
  return {
    of(app, env) {
      const i = config.classes.findIndex((c) => matchesGlob(c.app, app) && matchesGlob(c.env, env));
      return i < 0 ? fallback : all[i];
    },
    named: (name) => all.find((c) => c.name === name) ?? { ...fallback, name },
    longestDays: Math.max(config.days, ...all.map((c) => c.days)),
  };
}
