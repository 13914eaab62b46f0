/** What a check found, and what to do about it. */
export interface Finding {
  check: string;
  state: 'ok' | 'warn' | 'fail';
  found: string;
  /** A sentence for a person; always there unless the state is ok. */
  advice?: string;
}

export function ok(check: string, found: string): Finding {
  return { check, state: 'ok', found };
}

export function warn(check: string, found: string, advice: string): Finding {
  return { check, state: 'warn', found, advice };
}

export function fail(check: string, found: string, advice: string): Finding {
  return { check, state: 'fail', found, advice };
}

/** The error's code, else its message. */
export function why(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}
