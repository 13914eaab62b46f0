import { isAbsolute, normalize } from 'node:path';
import type { CollectorConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';

export type Captures = Partial<Record<'app' | 'env' | 'instance', string>>;

/** One place in a walk: how many parts of the template are used up, and what its names stand for so far. */
export interface PathState {
  at: number;
  captures: Captures;
}

export interface PathTemplate {
  template: string;
  /** Leading folders without a pattern; nothing outside it is ever read. */
  root: string;
  app: string;
  env: string;
  time: { layout: string; zone: string } | undefined;
  /** States at `root`. */
  first: PathState[];
  /** States inside the folder `name`, or none. */
  into(states: readonly PathState[], name: string): PathState[];
  /** What the template's names stand for when `name` is a file it means, else null. */
  file(states: readonly PathState[], name: string): Captures | null;
}

type Part = { any: true } | { any: false; pattern: RegExp };

/**
 * Reads a template: `{app}`, `{env}`, `{instance}` and `*` match within one path part, `**` any depth. Throws `bad_config` for one that
 * is not absolute, has no pattern-free root below `/`, names no file, or has an unknown or repeated name.
 */
export function parsePathTemplate(entry: CollectorConfig['paths'][number]): PathTemplate {
  const given = typeof entry === 'string' ? { template: entry, app: '', env: 'default', time: '', zone: '' } : entry;
  const { template } = given;
  const refuse = (why: string, hint: string): never => {
    throw new FleetlogError('bad_config', `cannot use the path template "${template}": ${why}`, { hint });
  };
  if (!isAbsolute(template)) refuse('it is not absolute', 'begin it with /');
  if (template.endsWith('/')) refuse('it names no file', 'end it with a file name such as *.log');
  const texts = normalize(template).split('/').slice(1);
  const patterned = texts.findIndex((text) => /[*{}]/.test(text));
  const fixed = patterned < 0 ? texts.length - 1 : patterned;
  if (fixed === 0) refuse('its first folder is a pattern', 'begin it with a fixed folder, such as /data/logs/');
  const used = new Set<string>();
  const parts = texts.slice(fixed).map((text): Part => {
    if (text === '**') return { any: true };
    if (text.includes('**')) refuse('** stands for whole folders', 'write it between two slashes');
    return { any: false, pattern: compilePart(text, used, refuse) };
  });
  if (parts[parts.length - 1].any) refuse('it names no file', 'end it with a file name such as *.log');

  /** `**` may also stand for no folder at all. */
  const close = (states: PathState[]): PathState[] => {
    const closed = new Map<number, PathState>();
    for (const state of states)
      for (let at = state.at; ; at++) {
        if (!closed.has(at)) closed.set(at, { ...state, at });
        if (!parts[at]?.any) break;
      }
    return [...closed.values()];
  };
  const match = (state: PathState, name: string): Captures | null => {
    const part = parts[state.at];
    if (!part || part.any) return null;
    const groups = part.pattern.exec(name)?.groups;
    return part.pattern.test(name) ? { ...state.captures, ...groups } : null;
  };
  return {
    template,
    root: `/${texts.slice(0, fixed).join('/')}`,
    app: given.app,
    env: given.env,
    time: given.time || given.zone ? { layout: given.time, zone: given.zone } : undefined,
    first: close([{ at: 0, captures: {} }]),
    into(states, name) {
      const next: PathState[] = [];
      for (const state of states) {
        if (parts[state.at]?.any) next.push(state);
        const captures = state.at < parts.length - 1 ? match(state, name) : null;
        if (captures) next.push({ at: state.at + 1, captures });
      }
      return close(next);
    },
    file(states, name) {
      for (const state of states) {
        const captures = state.at === parts.length - 1 ? match(state, name) : null;
        if (captures) return captures;
      }
      return null;
    },
  };
}

const NAMES = new Set(['app', 'env', 'instance']);

function compilePart(text: string, used: Set<string>, refuse: (why: string, hint: string) => never): RegExp {
  let pattern = '';
  for (const [piece] of text.matchAll(/\{[^}]*\}|\*|[^{*]+|\{/g)) {
    if (piece === '*') pattern += '[^/]*';
    else if (piece.startsWith('{')) {
      const name = piece.slice(1, -1);
      if (!piece.endsWith('}') || !NAMES.has(name))
        refuse(`${piece} is no name`, 'names are {app}, {env} and {instance}');
      if (used.has(name)) refuse(`{${name}} stands twice`, 'use * for the second');
      used.add(name);
      pattern += `(?<${name}>[^/]+?)`;
    } else pattern += piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }
  // As in a shell, a pattern does not mean hidden files unless it says so.
  return new RegExp(`^${text.startsWith('.') ? '' : '(?!\\.)'}${pattern}$`, 's');
}
