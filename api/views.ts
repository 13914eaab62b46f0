import { randomBytes } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { FleetlogError } from '../model/errors.ts';
import type { StateStore, Version } from '../store/state-store.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiView, Scope, ViewWrite } from './contract.ts';
import { scopeMeets } from './scope.ts';
import { formatTime } from './times.ts';

const KIND = 'view';
/** A page lists all of them; a person with more has lost them anyway. */
const MOST_PER_OWNER = 500;

interface ViewDoc {
  name: string;
  owner: string;
  shared: boolean;
  /** When shared: only with those who may read something of it. Absent: with everyone who signs in. */
  scope?: Scope;
  query: string;
  params: Record<string, string>;
  /** µs. */
  updatedAt: number;
}

/** Saved searches: private, or shared with everyone who signs in or with those who read some app and env. A view is text; what it shows depends on who runs it. */
export interface Views {
  list(who: Principal): Promise<ApiView[]>;
  get(who: Principal, id: string): Promise<ApiView>;
  create(who: Principal, view: ViewWrite): Promise<ApiView>;
  /** Only the owner, or an admin when it is shared. Others' private views are `not_found`. */
  replace(who: Principal, id: string, view: ViewWrite): Promise<ApiView>;
  remove(who: Principal, id: string): Promise<void>;
}

export function createViews(options: { state: StateStore; clock: Clock }): Views {
  const { state, clock } = options;
  const ownerOf = (who: Principal): string => who.owner ?? who.id;
  const reaches = (who: Principal, doc: ViewDoc): boolean => doc.scope === undefined || scopeMeets(who, doc.scope);
  const mayRead = (who: Principal, doc: ViewDoc): boolean =>
    doc.owner === ownerOf(who) || (doc.shared && reaches(who, doc));

  async function all(who: Principal): Promise<ApiView[]> {
    const views: ApiView[] = [];
    let cursor: string | undefined;
    do {
      const page = await state.list<ViewDoc>(KIND, { cursor, limit: 1_000 });
      for (const { id, doc } of page.items) if (mayRead(who, doc)) views.push(apiView(who, id, doc));
      cursor = page.next ?? undefined;
    } while (cursor);
    return views.sort((a, b) => a.name.localeCompare(b.name));
  }

  async function find(who: Principal, id: string): Promise<{ doc: ViewDoc; version: Version }> {
    const found = await state.get<ViewDoc>(KIND, id);
    if (!found || !mayRead(who, found.doc)) throw new FleetlogError('not_found', 'cannot find that view');
    return found;
  }

  async function findToChange(who: Principal, id: string): Promise<{ doc: ViewDoc; version: Version }> {
    const found = await find(who, id);
    if (found.doc.owner !== ownerOf(who) && who.role !== 'admin')
      throw new FleetlogError('forbidden', undefined, { hint: 'only its owner changes a view; save it as your own' });
    return found;
  }

  function apiView(who: Principal, id: string, doc: ViewDoc): ApiView {
    const { name, owner, shared, scope, query, params, updatedAt } = doc;
    return {
      id,
      name,
      owner,
      shared,
      ...(scope && { scope }),
      query,
      params,
      updatedAt: formatTime(updatedAt),
      mine: owner === ownerOf(who),
    };
  }

  const docOf = (view: ViewWrite, owner: string): ViewDoc => ({
    name: view.name,
    owner,
    shared: view.shared ?? false,
    ...(view.shared && view.scope && { scope: view.scope }),
    query: view.query,
    params: view.params ?? {},
    updatedAt: clock.nowUs(),
  });

  return {
    list: all,
    get: async (who, id) => apiView(who, id, (await find(who, id)).doc),
    async create(who, view) {
      if ((await all(who)).filter((one) => one.mine).length >= MOST_PER_OWNER)
        throw new FleetlogError('bad_request', `cannot save more than ${MOST_PER_OWNER} views`);
      const id = randomBytes(9).toString('base64url');
      const doc = docOf(view, ownerOf(who));
      await state.put(KIND, id, doc, null);
      return apiView(who, id, doc);
    },
    async replace(who, id, view) {
      const { doc: former, version } = await findToChange(who, id);
      const doc = docOf(view, former.owner);
      await state.put(KIND, id, doc, version);
      return apiView(who, id, doc);
    },
    async remove(who, id) {
      const { version } = await findToChange(who, id);
      await state.delete(KIND, id, version);
    },
  };
}
