/** The server could not be reached at all: exit code 3. */
export class UnreachableError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'UnreachableError';
    this.hint = hint;
  }
}

export interface ServerErrorDetails {
  status: number;
  code: string;
  hint?: string | undefined;
  position?: { start: number; end: number } | undefined;
  action?: { label: string; query: string } | undefined;
  /** The query that was sent, to point into. */
  query?: string | undefined;
}

/** The server answered with an error of docs/errors.md. */
export class ServerError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly position: { start: number; end: number } | undefined;
  readonly action: { label: string; query: string } | undefined;
  readonly query: string | undefined;

  constructor(message: string, details: ServerErrorDetails) {
    super(message);
    this.name = 'ServerError';
    this.status = details.status;
    this.code = details.code;
    this.hint = details.hint;
    this.position = details.position;
    this.action = details.action;
    this.query = details.query;
  }
}
