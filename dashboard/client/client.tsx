import { createContext, useContext } from 'react';
import type {
  ApiAuditEntry,
  ApiContainer,
  ApiEvent,
  ApiHost,
  ApiNote,
  ApiRedaction,
  ApiToken,
  ApiUser,
  ApiView,
  AuditListQuery,
  AuditVerdict,
  ContextAnswer,
  ContextQuery,
  ExplainAnswer,
  ExplainQuery,
  ExportQuery,
  FacetsAnswer,
  FacetsQuery,
  FieldsAnswer,
  FieldsQuery,
  HistogramAnswer,
  HistogramQuery,
  LedgerItem,
  LogsAnswer,
  LogsQuery,
  Me,
  PatternsAnswer,
  PatternsQuery,
  RetentionAnswer,
  Role,
  Scope,
  TailQuery,
  ViewWrite,
} from '../../api/contract.ts';
import { ApiError, createRequester, type Requester, searchText } from './request.ts';

export interface Page<T> {
  items: T[];
  next: string | null;
  notes: ApiNote[];
}
export interface NewUser {
  name: string;
  password: string;
  role?: 'admin' | 'reader';
  scopes?: Scope[];
}
/** What is left out stays as it is. */
export interface UserChange {
  role?: 'admin' | 'reader';
  scopes?: Scope[];
  password?: string;
  disabled?: boolean;
}
export interface NewToken {
  name: string;
  role?: Role;
  scopes?: Scope[];
  host?: string;
  days?: number;
}

export interface EventsAsked {
  app?: string[];
  env?: string[];
  host?: string[];
  container?: string[];
  type?: string[];
  from: string;
  to: string;
  limit?: number;
}

/** Rows of one answer of a long list: some hundred kilobytes. */
const PAGE_ROWS = 1_000;

/** The API as the page uses it, typed by `api/contract.ts`. Every call rejects with `ApiError`. */
export interface Client {
  logs(query: LogsQuery, signal?: AbortSignal): Promise<LogsAnswer>;
  histogram(query: HistogramQuery, signal?: AbortSignal): Promise<HistogramAnswer>;
  facets(query: FacetsQuery, signal?: AbortSignal): Promise<FacetsAnswer>;
  /** Names of fields in the lines. */
  fields(query: FieldsQuery, signal?: AbortSignal): Promise<FieldsAnswer>;
  patterns(query: PatternsQuery, signal?: AbortSignal): Promise<PatternsAnswer>;
  explain(query: ExplainQuery, signal?: AbortSignal): Promise<ExplainAnswer>;
  context(query: ContextQuery, signal?: AbortSignal): Promise<ContextAnswer>;
  /** One page of what happened to containers, newest first. */
  events(query: EventsAsked, signal?: AbortSignal): Promise<Page<ApiEvent>>;
  views(signal?: AbortSignal): Promise<ApiView[]>;
  addView(view: ViewWrite): Promise<ApiView>;
  replaceView(id: string, view: ViewWrite): Promise<ApiView>;
  removeView(id: string): Promise<unknown>;
  hosts(signal?: AbortSignal): Promise<Page<ApiHost>>;
  /** Every page of the list. */
  containers(signal?: AbortSignal): Promise<ApiContainer[]>;
  ledger(signal?: AbortSignal): Promise<LedgerItem[]>;
  me(signal?: AbortSignal): Promise<Me>;
  login(name: string, password: string): Promise<unknown>;
  logout(): Promise<unknown>;
  setup(token: string, name: string, password: string): Promise<unknown>;
  users(signal?: AbortSignal): Promise<ApiUser[]>;
  addUser(user: NewUser): Promise<unknown>;
  changeUser(name: string, change: UserChange): Promise<unknown>;
  removeUser(name: string): Promise<unknown>;
  /** One's own. */
  changePassword(old: string, password: string): Promise<unknown>;
  tokens(signal?: AbortSignal): Promise<ApiToken[]>;
  addToken(token: NewToken): Promise<{ token: ApiToken; secret: string }>;
  removeToken(id: string): Promise<unknown>;
  retention(signal?: AbortSignal): Promise<RetentionAnswer>;
  redaction(signal?: AbortSignal): Promise<ApiRedaction[]>;
  /** One page, newest first. */
  audit(query: AuditListQuery, signal?: AbortSignal): Promise<Page<ApiAuditEntry>>;
  /** Reads the whole log on the server. */
  checkAudit(): Promise<AuditVerdict>;
  /** Addresses for EventSource and for a download link. */
  tailUrl(query: TailQuery): string;
  exportUrl(query: ExportQuery): string;
  /** The server's clock, µs. */
  nowUs(): number;
}

export function createClient(requester: Requester = createRequester()): Client {
  const get = <T,>(path: string, search: object, signal?: AbortSignal) =>
    requester.send<T>('GET', path, {
      search: search as Record<string, string | number | string[] | undefined>,
      signal,
    });
  const all = async <T,>(path: string, signal?: AbortSignal, limit?: number) => {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page: Page<T> = await get(path, { cursor, limit }, signal);
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return items;
  };
  /** A list that may be long and is asked for often: in large pages, unless the server's `query.maxRows` is smaller. */
  const many = async <T,>(path: string, signal?: AbortSignal) => {
    try {
      return await all<T>(path, signal, PAGE_ROWS);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'limit_too_large') throw error;
      return await all<T>(path, signal);
    }
  };
  return {
    logs: (query, signal) => get('/logs', query, signal),
    histogram: (query, signal) => get('/logs/histogram', query, signal),
    facets: (query, signal) => get('/logs/facets', query, signal),
    fields: (query, signal) => get('/logs/fields', query, signal),
    patterns: (query, signal) => get('/logs/patterns', query, signal),
    explain: (query, signal) => get('/logs/explain', query, signal),
    context: (query, signal) => get('/logs/context', query, signal),
    events: (query, signal) => get('/events', query, signal),
    views: (signal) => all<ApiView>('/views', signal),
    addView: (view) => requester.send('POST', '/views', { body: view }),
    replaceView: (id, view) => requester.send('PUT', `/views/${encodeURIComponent(id)}`, { body: view }),
    removeView: (id) => requester.send('DELETE', `/views/${encodeURIComponent(id)}`),
    hosts: (signal) => get('/hosts', {}, signal),
    containers: (signal) => many<ApiContainer>('/containers', signal),
    ledger: (signal) => many<LedgerItem>('/ledger', signal),
    me: (signal) => get('/me', {}, signal),
    login: (name, password) => requester.send('POST', '/login', { body: { name, password } }),
    logout: () => requester.send('POST', '/logout', { body: {} }),
    setup: (token, name, password) => requester.send('POST', '/setup', { body: { token, name, password } }),
    users: (signal) => all<ApiUser>('/users', signal),
    addUser: (user) => requester.send('POST', '/users', { body: user }),
    changeUser: (name, change) => requester.send('PATCH', `/users/${encodeURIComponent(name)}`, { body: change }),
    changePassword: (old, password) => requester.send('POST', '/me/password', { body: { old, password } }),
    removeUser: (name) => requester.send('DELETE', `/users/${encodeURIComponent(name)}`),
    tokens: (signal) => all<ApiToken>('/tokens', signal),
    addToken: (token) => requester.send('POST', '/tokens', { body: token }),
    removeToken: (id) => requester.send('DELETE', `/tokens/${encodeURIComponent(id)}`),
    retention: (signal) => get('/retention', {}, signal),
    redaction: (signal) => all<ApiRedaction>('/redaction', signal),
    audit: (query, signal) => get('/audit', query, signal),
    checkAudit: () => get('/audit/verify', {}),
    tailUrl: (query) => `/api/v1/logs/tail${searchText(query as Record<string, string>)}`,
    exportUrl: (query) => `/api/v1/logs/export${searchText(query as Record<string, string>)}`,
    nowUs: () => Math.floor(requester.serverNow() * 1000),
  };
}

const ClientContext = createContext<Client | null>(null);
export const ClientProvider = ClientContext;

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === null) throw new Error('cannot reach the API outside its provider');
  return client;
}
