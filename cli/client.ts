import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiErrorBody } from '../api/contract.ts';
import type { Config } from '../model/config.ts';
import { ServerError, UnreachableError } from './client-errors.ts';
import type { Arguments, Io } from './command.ts';
import { loadConfig } from './config.ts';
import { isLoopback } from './config-rules.ts';

/** Parameters of a request; lists repeat the name, undefined is left out. */
export type Params = Record<string, string | number | readonly string[] | undefined>;

export interface Client {
  /** Without a slash at the end. */
  url: string;
  config: Config;
  /** A GET under /api/v1 that gives JSON. Throws UnreachableError or ServerError. */
  get<T>(path: string, params?: Params): Promise<T>;
  /** Sends a JSON body. Gives undefined for an answer without one. */
  send<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** POSTs bytes as they are, with their content type and under a token of its own. */
  sendBytes(path: string, bytes: Uint8Array<ArrayBuffer>, contentType: string, token: string): Promise<void>;
  /** A GET whose body is read by the caller; `accept` and other headers as given. */
  stream(path: string, params: Params, headers?: Record<string, string>): Promise<Response>;
}

interface RequestParts {
  params?: Params | undefined;
  body?: Uint8Array<ArrayBuffer> | string | undefined;
  headers?: Record<string, string> | undefined;
}

/** A client for the server that `--url`, FLEETLOG_URL or the configuration names, with FLEETLOG_TOKEN or the local cli-token. */
export async function createClient(args: Arguments, io: Io): Promise<Client> {
  const { config } = await loadConfig({ file: args.text('config'), set: args.list('set'), env: io.env, cwd: io.cwd });
  const url = (args.text('url') ?? io.env.FLEETLOG_URL ?? listenerUrl(config)).replace(/\/+$/, '');
  const base = checkedUrl(url);
  const token = io.env.FLEETLOG_TOKEN || localToken(config, base);

  async function request(method: string, path: string, init: RequestParts) {
    const target = new URL(`${base.pathname.replace(/\/+$/, '')}/api/v1/${path}`, base);
    for (const [name, value] of Object.entries(init.params ?? {})) {
      for (const one of Array.isArray(value) ? value : [value])
        if (one !== undefined) target.searchParams.append(name, String(one));
    }
    const headers: Record<string, string> = { accept: 'application/json', ...init.headers };
    if (token) headers.authorization ??= `Bearer ${token}`;
    if (init.body !== undefined) headers['content-type'] ??= 'application/json';
    let response: Response;
    try {
      response = await fetch(target, {
        method,
        headers,
        redirect: 'manual',
        signal: io.signal,
        body: init.body ?? null,
      });
    } catch (error) {
      throw unreachable(url, error);
    }
    if (!response.ok) throw await refusal(response, init.params?.query, Boolean(token), config);
    return response;
  }

  return {
    url,
    config,
    get: async <T>(path: string, params?: Params) => jsonOf<T>(await request('GET', path, { params }), url),
    async send<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown) {
      const response = await request(method, path, { body: body === undefined ? undefined : JSON.stringify(body) });
      const text = await response.text();
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async sendBytes(path, bytes, contentType, other) {
      const headers = { 'content-type': contentType, authorization: `Bearer ${other}` };
      const response = await request('POST', path, { body: bytes, headers });
      await response.arrayBuffer();
    },
    stream: (path, params, headers) => request('GET', path, { params, headers }),
  };
}

/** Where this configuration's own listener is reached from this machine. */
export function listenerUrl(config: Config): string {
  const { host, port, tlsCert } = config.http;
  // With port 0 the system chose one; the running process has written it down.
  if (port === 0) {
    const file = join(config.dataDir, ADDRESS_FILE);
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  }
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `${tlsCert ? 'https' : 'http'}://${name}:${port}`;
}

/** In the data directory: the address a started process listens on. */
export const ADDRESS_FILE = 'address';

function checkedUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return parsed;
  throw new UnreachableError(`cannot use the address ${url}`, 'An address looks like http://127.0.0.1:8080.');
}

/** The token beside the data goes to this machine's own server only, never to whatever `--url` names. */
function localToken(config: Config, base: URL): string | null {
  const host = base.hostname.replace(/^\[|\]$/g, '');
  const own = [config.http.host, URL.canParse(config.http.publicUrl) ? new URL(config.http.publicUrl).hostname : ''];
  if (!isLoopback(host) && !own.includes(host)) return null;
  try {
    return readFileSync(join(config.dataDir, 'cli-token'), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

async function jsonOf<T>(response: Response, url: string): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new UnreachableError(`cannot understand the answer of ${url}`, 'Is that a Fleetlog server?', cause);
  }
}

function unreachable(url: string, error: unknown): UnreachableError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  const hint = 'Is it running? Start it with "fleetlog start", or name another server with --url or FLEETLOG_URL.';
  return new UnreachableError(`cannot reach ${url} (${why})`, hint, error);
}

async function refusal(response: Response, query: unknown, hasToken: boolean, config: Config): Promise<ServerError> {
  const text = await response.text().catch(() => '');
  let body: Partial<ApiErrorBody> = {};
  try {
    body = JSON.parse(text) as Partial<ApiErrorBody>;
  } catch {
    // No JSON: something else than Fleetlog answered; its status says enough.
  }
  const error = body.error;
  const details = {
    status: response.status,
    code: error?.code ?? (response.status === 401 ? 'unauthenticated' : 'unknown'),
    hint: error?.hint,
    position: error?.position,
    action: error?.action,
    query: typeof query === 'string' ? query : undefined,
  };
  if (response.status === 401) {
    const what = hasToken
      ? 'The token is unknown, expired or revoked.'
      : `There is no token in ${join(config.dataDir, 'cli-token')}.`;
    details.hint = `${what} Set FLEETLOG_TOKEN ("fleetlog token create" makes one), or run this where the server's data is (--config).`;
  }
  return new ServerError(error?.message ?? `the server answered ${response.status}`, details);
}
