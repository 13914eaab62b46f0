import type { Scope } from '../api/contract.ts';
import { UsageError } from './command.ts';

// `shop/prod`, `order-*` (any env), or any app of `prod` with a star before the slash.
export function scopeArgument(command: string, text: string): Scope {
  const parts = text.split('/');
  const [app, env = '*'] = parts;
  if (parts.length > 2 || app === '' || env === '') {
    throw new UsageError(
      command,
      `--scope ${text}: wanted APP/ENV, with * for any run of characters, e.g. shop/prod or order-*/*`,
    );
  }
  return { app, env };
}

export function scopesText(scopes: readonly Scope[]): string {
  return scopes.length === 0 ? 'everything' : scopes.map(({ app, env }) => `${app}/${env}`).join(', ');
}
