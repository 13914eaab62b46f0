import { FleetlogError } from '../model/errors.ts';
import { ServerError, UnreachableError } from './client-errors.ts';
import { EXIT } from './command.ts';
import { visible } from './terminal/visible.ts';
import { textWidth } from './terminal/width.ts';

/** What a person is told about an error, and the exit code it gives. An error nobody foresaw is a bug and shows its stack. */
export function explain(error: unknown): { text: string; code: number } {
  if (error instanceof UnreachableError) {
    return { text: said(error.message, error.hint), code: EXIT.unreachable };
  }
  if (error instanceof ServerError) {
    const where = error.position && error.query ? underlined(error.query, error.position) : '';
    const action = error.action ? `${error.action.label}: ${error.action.query}` : undefined;
    const hint = [error.hint, action].filter(Boolean).join('\n  ');
    const code = error.code === 'unauthenticated' || error.code === 'bad_credentials' ? EXIT.unreachable : EXIT.failure;
    return { text: said(error.message, hint || undefined, where), code };
  }
  if (error instanceof FleetlogError) {
    const cause =
      error.cause instanceof Error && !error.message.includes(error.cause.message) ? ` (${error.cause.message})` : '';
    return {
      text: said(error.message + cause, error.hint),
      code: error.code === 'bad_config' ? EXIT.usage : EXIT.failure,
    };
  }
  // A reader that went away (`fleetlog search … | head`) is a normal end.
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return { text: '', code: EXIT.ok };
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error) {
    return { text: said(error.message), code: EXIT.failure };
  }
  return {
    text: `fleetlog: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    code: EXIT.failure,
  };
}

function said(message: string, hint?: string, between = ''): string {
  // A server's words may quote a log or a name.
  return visible(`fleetlog: ${message}\n${between}${hint ? `  ${hint}\n` : ''}`);
}

/** The query with carets below what was refused; wide characters take two. */
function underlined(query: string, { start, end }: { start: number; end: number }): string {
  if (query.includes('\n')) return '';
  const carets = '^'.repeat(Math.max(1, textWidth(query.slice(start, end))));
  return `  ${query}\n  ${' '.repeat(textWidth(query.slice(0, start)))}${carets}\n`;
}
