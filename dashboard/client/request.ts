import type { ApiErrorBody } from '../../api/contract.ts';

/** What the server (or the network) refused. `code` is `network` when no answer came. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string | undefined;
  readonly position: { start: number; end: number } | undefined;
  readonly action: { label: string; query: string } | undefined;

  constructor(status: number, body: ApiErrorBody['error'], cause?: unknown) {
    super(body.message, cause === undefined ? undefined : { cause });
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code;
    this.hint = body.hint;
    this.position = body.position;
    this.action = body.action;
  }
}

export type Parameters = Record<string, string | number | boolean | string[] | undefined>;
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Requester {
  /** JSON in, JSON out; `undefined` for an empty answer. Rejects with `ApiError`, or `AbortError` when the signal fired. */
  send<T>(
    method: Method,
    path: string,
    options?: { search?: Parameters; body?: unknown; signal?: AbortSignal },
  ): Promise<T>;
  /** Wall clock of the server, ms: a browser's clock may be minutes off, and ranges ending `now` must not be. */
  serverNow(): number;
}

/** Requests below `/api/v1` with the session cookie of this origin. */
export function createRequester(
  base = '/api/v1',
  fetcher: typeof fetch = (input, init) => fetch(input, init),
): Requester {
  let skewMs = 0;
  return {
    async send<T>(
      method: Method,
      path: string,
      options: { search?: Parameters; body?: unknown; signal?: AbortSignal } = {},
    ) {
      const sentAt = Date.now();
      let response: Response;
      try {
        response = await fetcher(`${base}${path}${searchText(options.search)}`, {
          method,
          signal: options.signal,
          credentials: 'same-origin',
          headers:
            options.body === undefined
              ? { accept: 'application/json' }
              : { accept: 'application/json', 'content-type': 'application/json' },
          body: options.body === undefined ? undefined : JSON.stringify(options.body),
        });
      } catch (cause) {
        if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
        throw new ApiError(0, { code: 'network', message: 'The server cannot be reached.' }, cause);
      }
      skewMs = skewOf(response.headers.get('date'), sentAt, skewMs);
      const text = await response.text();
      if (!response.ok) throw new ApiError(response.status, errorOf(response.status, text));
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    serverNow: () => Date.now() + skewMs,
  };
}

/** `{a: 1, b: ['x','y']}` → `?a=1&b=x&b=y`; undefined and empty are left out. */
export function searchText(parameters: Parameters | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (Array.isArray(value)) for (const one of value) search.append(name, one);
    else if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** The Date header has whole seconds, so less than three is noise. */
function skewOf(date: string | null, sentAt: number, before: number): number {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return before;
  const skew = server + 500 - (sentAt + Date.now()) / 2;
  return Math.abs(skew) < 3000 ? 0 : skew;
}

function errorOf(status: number, text: string): ApiErrorBody['error'] {
  try {
    const body = JSON.parse(text) as Partial<ApiErrorBody>;
    if (typeof body.error?.message === 'string') return body.error;
  } catch {
    // A proxy in between answers in HTML.
  }
  return {
    code: `http_${status}`,
    message: text.startsWith('<') || text === '' ? `HTTP ${status}` : text.slice(0, 300),
  };
}
