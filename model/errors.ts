/**
 * One error class and one table (style rule 13): callers switch on `code`, the HTTP layer takes `status` from here,
 * and a test holds this table and `docs/errors.md` equal in both directions.
 */
export const ERRORS = {
  bad_query: { status: 400, message: 'The query cannot be read.' },
  bad_request: { status: 400, message: 'The request is malformed.' },
  bad_time: { status: 400, message: 'A time or range cannot be read.' },
  bad_cursor: { status: 400, message: 'The cursor cannot be read.' },
  cursor_mismatch: { status: 400, message: 'The cursor belongs to another query.' },
  range_too_long: { status: 400, message: 'The time range is longer than the limit.' },
  limit_too_large: { status: 400, message: 'More rows were asked for than the limit allows.' },
  weak_password: { status: 400, message: 'The password is too easy to guess.' },
  unauthenticated: { status: 401, message: 'A session or token is needed.' },
  bad_credentials: { status: 401, message: 'Name or password is wrong.' },
  forbidden: { status: 403, message: 'This principal may not do that.' },
  foreign_origin: { status: 403, message: 'The request does not come from this site.' },
  setup_used: { status: 403, message: 'The setup link is used or has expired.' },
  not_found: { status: 404, message: 'There is nothing here.' },
  already_exists: { status: 409, message: 'There is one of that name already.' },
  last_admin: { status: 409, message: 'Without this user nobody could administer.' },
  host_reporting: { status: 409, message: 'The host still reports.' },
  version_conflict: { status: 409, message: 'The document was changed by someone else.' },
  lease_stale: { status: 409, message: 'The lease belongs to another holder by now.' },
  body_too_large: { status: 413, message: 'The body is larger than the limit.' },
  unsupported_media_type: { status: 415, message: 'The body has a type or encoding that is not read here.' },
  bad_batch: { status: 422, message: 'A batch cannot be decoded.' },
  too_many_requests: { status: 429, message: 'Too many requests at once.' },
  too_many_logins: { status: 429, message: 'Too many logins; wait a minute.' },
  internal: { status: 500, message: 'Something broke inside.' },
  store_full: { status: 503, message: 'The disk is too full to accept lines.' },
  store_busy: { status: 503, message: 'The store cannot take more right now.' },
  unavailable: { status: 503, message: 'A part this needs is not available.' },
  query_timeout: { status: 504, message: 'The query took longer than the limit.' },
  cancelled: { status: 499, message: 'The caller went away.' },
  closed: { status: 503, message: 'This part has been closed.' },
  bad_config: { status: 500, message: 'The configuration cannot be used.' },
  data_locked: { status: 500, message: 'Another process holds this data directory.' },
  format_newer: { status: 500, message: 'The data was written by a newer version.' },
  corrupt: { status: 500, message: 'Stored data is damaged.' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** What to do about it, as a sentence for a person. */
  hint?: string;
  /** Zero-based UTF-16 span in the text that was refused (queries). */
  position?: { start: number; end: number };
  cause?: unknown;
}

/** Every error this product raises on purpose. `message` is "cannot <verb> <thing>" or the table's sentence. */
export class FleetlogError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly position: { start: number; end: number } | undefined;

  constructor(code: ErrorCode, message?: string, details: ErrorDetails = {}) {
    super(message ?? ERRORS[code].message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'FleetlogError';
    this.code = code;
    this.hint = details.hint;
    this.position = details.position;
  }

  /** HTTP status of this error's code. */
  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** True when `error` is one of ours with that code. */
export function isCode(error: unknown, code: ErrorCode): error is FleetlogError {
  return error instanceof FleetlogError && error.code === code;
}
